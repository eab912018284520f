/// \file
/// A buffer for received audio that was not read yet.
#pragma once

#include <rtpsynth/asio_server/call/audio_tick.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace rtpsynth::asio_server::detail {

/// A FIFO of ticks of audio. Not thread-safe.
class audio_ring {
public:
    bool has_memory() const noexcept { return !ticks_.empty(); }
    /// Allocates room for \p ticks of \p samples each; no-op if it was called before. \throws
    /// std::bad_alloc
    void reserve(std::size_t ticks, std::size_t samples) {
        if (has_memory()) return;
        pcm_.resize(ticks * samples);
        ticks_.resize(ticks);
    }

    bool empty() const noexcept { return size_ == 0; }
    /// Precondition: has_memory(). \return whether the oldest tick was dropped to make room
    bool push(audio_tick tick, std::span<const std::int16_t> pcm) noexcept {
        const bool full = size_ == ticks_.size();
        if (full) {
            const std::uint64_t missing = ticks_[first_].skipped + 1;
            first_ = next(first_);
            // Counted in the next tick, which is the new one if there is room for only one.
            (--size_ == 0 ? tick : ticks_[first_]).skipped += missing;
        }
        const std::size_t at = (first_ + size_) % ticks_.size();
        ticks_[at] = tick;
        std::copy(pcm.begin(), pcm.end(), pcm_.begin() + offset(at, pcm.size()));
        ++size_;
        return full;
    }
    /// Precondition: not empty(), and \p pcm is at least as long as a tick.
    audio_tick pop(std::span<std::int16_t> pcm) noexcept {
        const audio_tick tick = ticks_[first_];
        std::copy_n(pcm_.begin() + offset(first_, tick.samples), tick.samples, pcm.begin());
        first_ = next(first_);
        --size_;
        return tick;
    }

private:
    std::size_t next(std::size_t at) const noexcept { return (at + 1) % ticks_.size(); }
    static std::ptrdiff_t offset(std::size_t at, std::size_t samples) noexcept {
        return static_cast<std::ptrdiff_t>(at * samples);
    }

    std::vector<std::int16_t> pcm_;
    std::vector<audio_tick> ticks_;
    std::size_t first_ = 0;
    std::size_t size_ = 0;
};

} // namespace rtpsynth::asio_server::detail
