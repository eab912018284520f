/// \file
/// The time for a stream's packets, which resync() goes by.
#pragma once

#include <rtpsynth/base/clock.hpp>

#include <cstdint>

#include <time.h>

namespace rtpsynth::python {

/// CLOCK_MONOTONIC, which costs as much as all else that is done for a packet, with some readings
/// saved in a burst. A burst is where two readings are less than 20 us apart: after it up to 3
/// packets take the time of the one before, unless the kernel's coarse clock, which is a quarter of
/// the price, has ticked since. So a packet's time is exact or too early by what those packets
/// took: less than a tick (4 ms or less) in any case, some ns in a burst that goes on.
///
/// Threads: none of its own; it belongs to its stream.
class packet_clock {
public:
    time_point at_packet() noexcept {
#ifdef CLOCK_MONOTONIC_COARSE
        if (allowance_ > 0 && read(CLOCK_MONOTONIC_COARSE) == tick_) [[likely]] {
            --allowance_;
            return last_;
        }
        return at_packet_precisely();
#else
        return now();
#endif
    }

    /// The exact time.
    static time_point now() noexcept { return read(CLOCK_MONOTONIC); }

private:
    static time_point read(clockid_t clock) noexcept {
        timespec t;
        clock_gettime(clock, &t); // cannot fail for a clock that exists
        return time_point{duration{std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec}};
    }

#ifdef CLOCK_MONOTONIC_COARSE
    [[gnu::noinline]] time_point at_packet_precisely() noexcept {
        static const bool ticks = [] {
            timespec t;
            return clock_getres(CLOCK_MONOTONIC_COARSE, &t) == 0 && t.tv_sec == 0 &&
                   t.tv_nsec <= 4'000'000;
        }();
        // The tick first: one that passes between the two readings is noticed the next time.
        tick_ = read(CLOCK_MONOTONIC_COARSE);
        const time_point time = now();
        allowance_ = ticks && time - last_ < std::chrono::microseconds{20} ? 3 : 0;
        return last_ = time;
    }
#endif

    int allowance_ = 0;
    time_point tick_{};
    time_point last_{};
};

} // namespace rtpsynth::python
