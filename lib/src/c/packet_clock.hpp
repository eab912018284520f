/// \file
/// The time for the packets of the C face, whose callers pass none.
#pragma once

#include <rtpsynth/base/clock.hpp>

#include "../base/monotonic_clock.hpp"

#include <chrono>

namespace rtpsynth::detail {

/// CLOCK_MONOTONIC for one stream's packets at a quarter of its price (7 ns instead of 27).
///
/// at_packet() asks the kernel's coarse clock, a number that changes once a tick, and reads the
/// precise clock only if it has changed since this object's previous packet. So packets sent at
/// their pace have exact times. In a burst, later packets have the time of the first one within the
/// tick, which is less than a tick, usually at most 4 ms, too early. Every reading is precise for
/// packets no longer than a tick, where ticks are longer than 4 ms, and where there is no coarse
/// clock.
///
/// Threads: one object needs external locking; it belongs to its stream.
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
