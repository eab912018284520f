/// \file
/// Internal: the session members of which only the number matters.
#pragma once

#include <rtpsynth/base/clock.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace rtpsynth::detail {

/// A set of SSRCs with the time of each one's last packet, to 1/16 s. It grows up to a bound and
/// then rejects new members: 8 bytes a slot, of which at most three quarters are occupied. A hash
/// table with linear probing; the random key keeps an attacker from choosing SSRCs that collide.
class member_table {
public:
    /// \param bound maximum number of members. \param key random.
    member_table(std::size_t bound, std::uint64_t key) noexcept : bound_(bound), key_(key | 1) {}

    std::size_t size() const noexcept { return size_; }
    bool contains(std::uint32_t ssrc) const noexcept;
    /// Adds \p ssrc, or updates its time. Returns false if there is no room for it.
    bool heard(std::uint32_t ssrc, time_point now) noexcept;
    /// Removes \p ssrc. Returns whether it was a member.
    bool erase(std::uint32_t ssrc) noexcept;
    /// Removes the members that were last heard before \p limit. Returns their number.
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

    std::vector<slot> slots_; // size: 0 or a power of two
    std::size_t size_ = 0;
    std::size_t bound_;
    std::uint64_t key_;
    time_point epoch_{}; // when the first was heard
};

} // namespace rtpsynth::detail
