/// \file
/// The time of a stream's packets where no caller passes it in: in the C face and in Python.
#pragma once

#include <rtpsynth/base/clock.hpp>
#include <rtpsynth/base/compiler.h>
#include <rtpsynth/base/detail/monotonic_clock.hpp>

#include <chrono>

namespace rtpsynth::detail {

/// The monotonic clock, read for some packets of a burst only, since a reading costs as much as all
/// else that is done for a packet.
///
/// Two readings less than 20 us apart are a burst. After them up to 15 packets take the time of the
/// one before, unless the coarse clock, which costs a quarter, has ticked since. So the time of a
/// packet is exact, or it is early by what the packets since the last reading took: less than a
/// tick (4 ms or less) in any case, a few microseconds in a burst that goes on. Where there is no
/// coarse clock, or its tick is longer than 4 ms, every time is exact.
///
/// Threads: none of its own; it belongs to its stream.
class packet_clock {
public:
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
    static constexpr int packets_a_reading = 16;
    static constexpr duration burst = std::chrono::microseconds{20};
    static constexpr duration longest_tick = std::chrono::milliseconds{4};

    RTPSYNTH_NOINLINE time_point at_packet_precisely() noexcept {
        static const bool ticks = coarse_tick() > duration::zero() && coarse_tick() <= longest_tick;
        if (!ticks) return now();
        // The tick first: one that passes between the two readings is noticed the next time.
        tick_ = coarse_now();
        const time_point time = now();
        allowance_ = time - last_ < burst ? packets_a_reading - 1 : 0;
        return last_ = time;
    }

    int allowance_ = 0;
    time_point tick_{};
    time_point last_{};
};

} // namespace rtpsynth::detail
