/// \file
/// The time for the C face's packets, which nobody passes in.
#pragma once

#include <rtpsynth/base/clock.hpp>

#include "../base/monotonic_clock.hpp"

#include <chrono>

namespace rtpsynth::detail {

/// CLOCK_MONOTONIC for one stream's packets at a quarter of its price (7 ns instead of 27).
///
/// at_packet() asks the kernel's coarse clock, a number that changes once a tick, and reads the
/// precise clock only when it changed since this object's previous packet. Packets that are paced
/// thus have exact times; the later packets of a burst have that of the burst's first packet within
/// the tick, so less than a tick, usually at most 4 ms, too early. Every reading is precise for
/// packets that are no longer than a tick, where ticks are longer than 4 ms, and where there is no
/// coarse clock.
///
/// Threads: none of its own; it belongs to its stream.
class packet_clock {
public:
    /// \p ptime: media in one packet.
    explicit packet_clock(duration ptime) noexcept {
        constexpr duration longest_tick = std::chrono::milliseconds{4};
        const duration tick = coarse_tick();
        ticks_ = tick > duration::zero() && tick <= longest_tick && tick < ptime;
    }

    /// The time, at most one tick early.
    time_point at_packet() noexcept {
        if (ticks_) [[likely]] {
            const time_point tick = coarse_now();
            if (tick == last_tick_) [[likely]]
                return last_time_;
            last_tick_ = tick;
            return last_time_ = now();
        }
        return now();
    }

    /// The exact time.
    static time_point now() noexcept { return monotonic_now(); }

private:
    bool ticks_ = false;
    time_point last_tick_{}; // the machine's start, which no reading equals
    time_point last_time_{};
};

} // namespace rtpsynth::detail
