/// \file
/// The time of a stream's packets where no caller passes it in: in the C face and in Python.
#pragma once

#include <rtpsynth/base/clock.hpp>
#include <rtpsynth/base/compiler.h>
#include <rtpsynth/base/detail/monotonic_clock.hpp>

#include <chrono>
#include <limits>

namespace rtpsynth::detail {

/// The monotonic clock, not read for every packet, since a reading costs as much as all else that
/// is done for a packet. Between readings packets take the time of the one before, unless the
/// coarse clock, which costs a quarter, has ticked since. So a time is exact, or early by less than
/// a tick, 4 ms or less. Where there is no coarse clock, or its tick is longer, every time is
/// exact.
///
/// Threads: none of its own; it belongs to its stream.
class packet_clock {
public:
    /// Reads the clock unless packets come in a burst, in which two readings are less than 20 us
    /// apart; there for every sixteenth packet. So times of single packets are exact.
    packet_clock() noexcept = default;

    /// Reads the clock once a tick; for every packet if packets of \p ptime are no longer than a
    /// tick. So times of packets that are sent at their pace are exact.
    explicit packet_clock(duration ptime) noexcept
        : burst_{duration::max()},
          packets_between_{coarse_tick() < ptime ? std::numeric_limits<int>::max() : 0} {}

    time_point at_packet() noexcept {
        if (allowance_ > 0 && coarse_now() == tick_) [[likely]] {
            --allowance_;
            return last_;
        }
        return at_packet_precisely();
    }

    /// The exact time.
    static time_point now() noexcept { return monotonic_now(); }

private:
    static constexpr duration longest_tick = std::chrono::milliseconds{4};

    RTPSYNTH_NOINLINE time_point at_packet_precisely() noexcept {
        static const bool ticks = coarse_tick() > duration::zero() && coarse_tick() <= longest_tick;
        if (!ticks || packets_between_ == 0) return now();
        // The tick first: one that passes between the two readings is noticed the next time.
        tick_ = coarse_now();
        const time_point time = now();
        allowance_ = time - last_ < burst_ ? packets_between_ : 0;
        return last_ = time;
    }

    duration burst_ = std::chrono::microseconds{20};
    int packets_between_ = 15;
    int allowance_ = 0;
    time_point tick_{};
    time_point last_{};
};

} // namespace rtpsynth::detail
