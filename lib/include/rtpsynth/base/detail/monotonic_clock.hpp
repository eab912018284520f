/// \file
/// The system's monotonic clock, and a cheaper one beside it that advances in ticks.
#pragma once

#include <rtpsynth/base/clock.hpp>

#include <chrono>
#include <cstdint>

#include <time.h>

namespace rtpsynth::detail {

#ifdef CLOCK_MONOTONIC_COARSE

inline time_point read_clock(clockid_t clock) noexcept {
    timespec t;
    clock_gettime(clock, &t); // cannot fail for a clock that exists
    return time_point{duration{std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec}};
}

inline time_point monotonic_now() noexcept { return read_clock(CLOCK_MONOTONIC); }

/// The time of the latest tick. A reading costs a quarter of monotonic_now().
inline time_point coarse_now() noexcept { return read_clock(CLOCK_MONOTONIC_COARSE); }

/// How long a tick is; 0 if there is no such clock.
inline duration coarse_tick() noexcept {
    timespec t;
    if (clock_getres(CLOCK_MONOTONIC_COARSE, &t) != 0) return {};
    return duration{std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec};
}

#else

inline time_point monotonic_now() noexcept { return std::chrono::steady_clock::now(); }
inline time_point coarse_now() noexcept { return monotonic_now(); }
inline duration coarse_tick() noexcept { return {}; }

#endif

} // namespace rtpsynth::detail
