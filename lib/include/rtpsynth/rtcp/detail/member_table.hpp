/// \file
/// Internal: the members of a session that are only counted.
#pragma once

#include <rtpsynth/base/clock.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace rtpsynth::detail {

/// A set of SSRCs and when each was heard last, to 1/16 s. It grows up to a bound and refuses what
/// is beyond: 8 bytes a slot, of which at most three quarters are taken. A hash table with linear
/// probing; the key keeps an attacker from choosing SSRCs that meet in one slot.
class member_table {
public:
    /// \param bound most members. \param key random.
    member_table(std::size_t bound, std::uint64_t key) noexcept : bound_(bound), key_(key | 1) {}

    std::size_t size() const noexcept { return size_; }
    bool contains(std::uint32_t ssrc) const noexcept;
    /// Adds \p ssrc if it is not there. Returns false if there is no room for it.
    bool heard(std::uint32_t ssrc, time_point now) noexcept;
    /// Returns whether it was there.
    bool erase(std::uint32_t ssrc) noexcept;
    /// Removes those who were not heard since \p limit. Returns how many.
    std::size_t expire(time_point limit) noexcept;

private:
    struct slot {
        std::uint32_t ssrc = 0;
        std::uint32_t heard = 0; // 0: free
    };

    std::size_t home(std::uint32_t ssrc) const noexcept {
        return static_cast<std::size_t>(ssrc * key_ >> 32) & (slots_.size() - 1);
    }
    std::size_t find(std::uint32_t ssrc) const noexcept;
    bool grow() noexcept;
    void free_slot(std::size_t i) noexcept;
    std::uint32_t ticks(time_point t) const noexcept;

    std::vector<slot> slots_; // none, or a power of two
    std::size_t size_ = 0;
    std::size_t bound_;
    std::uint64_t key_;
    time_point epoch_{}; // when the first was heard
};

} // namespace rtpsynth::detail
