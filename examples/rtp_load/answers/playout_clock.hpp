/// \file
/// Whether packets come in time to be played.
#pragma once

#include <rtpsynth/base/clock.hpp>

#include <algorithm>
#include <cstdint>

namespace load {

/// The clock of a listener that never adapts. It starts with the first packet that arrives, whose
/// turn is the delay later; the turn of every other packet is as far from that as their timestamps
/// are apart. A packet that arrives after its turn is late. A tick, one packet's share of time,
/// whose packet did not come or came late is concealed.
class playout_clock {
public:
    /// \param delay from the arrival of the first packet to its turn
    explicit playout_clock(rtpsynth::duration delay) noexcept : delay_(delay) {}

    /// The packet of tick \p number, \p position after that of any fixed one by its timestamp,
    /// arrived at \p arrival. To be called once for each packet.
    /// \return how much too late it came; 0 or less: in time
    rtpsynth::duration arrive(std::int64_t number, rtpsynth::duration position,
                              rtpsynth::time_point arrival) noexcept {
        if (!started_) {
            started_ = true;
            origin_ = arrival + delay_ - position;
            first_ = number;
        }
        const rtpsynth::duration behind = arrival - (origin_ + position);
        if (behind > rtpsynth::duration::zero()) {
            ++late_;
        } else {
            ++played_;
            first_ = std::min(first_, number);
        }
        return behind;
    }

    /// The ticks up to \p end, which is not included, are over; the clock starts again with the
    /// next packet.
    void stop(std::int64_t end) noexcept {
        if (started_) {
            const std::uint64_t now = played_ - played_before_;
            const auto ticks = static_cast<std::uint64_t>(std::max<std::int64_t>(end - first_, 0));
            concealed_ += ticks > now ? ticks - now : 0;
        }
        played_before_ = played_;
        started_ = false;
    }

    std::uint64_t played() const noexcept { return played_; }
    std::uint64_t late() const noexcept { return late_; }
    /// Of all ticks from the first packet played to stop().
    std::uint64_t concealed() const noexcept { return concealed_; }

private:
    rtpsynth::duration delay_;
    rtpsynth::time_point origin_{}; // when position 0 has its turn
    std::int64_t first_ = 0;        // tick
    bool started_ = false;
    std::uint64_t played_ = 0;
    std::uint64_t played_before_ = 0; // the clock started
    std::uint64_t late_ = 0;
    std::uint64_t concealed_ = 0;
};

} // namespace load
