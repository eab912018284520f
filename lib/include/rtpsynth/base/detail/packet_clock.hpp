/// \file
/// The clock of a stream's packets where the caller does not pass the time: in the C face and in
/// Python.
#pragma once

#include <rtpsynth/base/clock.hpp>
#include <rtpsynth/base/compiler.h>
#include <rtpsynth/base/detail/monotonic_clock.hpp>

#include <chrono>
#include <limits>

namespace rtpsynth::detail {

/// A monotonic clock that is not read for every packet, since a reading costs as much as everything
/// else that is done for a packet. Between two readings, packets get the time of the latest
/// reading, unless the coarse clock (a quarter of the cost) has ticked since. A time is therefore
/// exact, or early by less than a tick of at most 4 ms. Where there is no coarse clock, or its tick
/// is longer, every time is exact.
///
/// Threads: not thread-safe; belongs to one stream.
class packet_clock {
public:
    /// The clock of received packets. It is read for every packet, except in a burst (two readings
    /// less than 20 us apart), where it is read for every sixteenth packet. The times of single
    /// packets are therefore exact.
    packet_clock() noexcept = default;

    /// The clock of sent packets. It is read once a tick, or for every packet if \p ptime is not
    /// longer than a tick. The times of packets that are sent ptime apart are therefore exact.
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
        // Read the coarse clock first: a tick between the two readings is then noticed by the next
        // packet.
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
