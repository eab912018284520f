/// \file
/// Decides whether packets arrive in time to be played.
#pragma once

#include <rtpsynth/base/clock.hpp>

#include <algorithm>
#include <cstdint>

namespace load {

/// A playout clock that does not adapt. The first packet that arrives is played after the delay;
/// every other packet is played relative to it by the difference of their timestamps. A packet that
/// arrives after its playout time is late. A tick, the time of one packet, whose packet is missing
/// or late is concealed.
class playout_clock {
public:
    /// \param delay from the arrival of the first packet to its playout
    explicit playout_clock(rtpsynth::duration delay) noexcept : delay_(delay) {}

    /// Takes the packet of tick \p number, which arrived at \p arrival. \p position is its
    /// timestamp as a time, relative to any fixed one. Call it once for each packet.
    /// \return by how much it is late; 0 or less: in time
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

    /// Accounts for the ticks before \p end; the clock starts anew with the next packet.
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
    /// Concealed ticks, from the first packet played to stop().
    std::uint64_t concealed() const noexcept { return concealed_; }

private:
    rtpsynth::duration delay_;
    rtpsynth::time_point origin_{}; // playout time of position 0
    std::int64_t first_ = 0;        // tick
    bool started_ = false;
    std::uint64_t played_ = 0;
    std::uint64_t played_before_ = 0; // when the clock started
    std::uint64_t late_ = 0;
    std::uint64_t concealed_ = 0;
};

} // namespace load
