/// \file
/// Durations and points in time. The C++ face never reads a clock: every call that needs the time
/// takes it as an argument, so that a simulation, a replayed capture and a live socket run the same
/// code.
#pragma once

#include <chrono>

namespace rtpsynth {

/// \addtogroup base
/// \{

/// One nanosecond is the tick of std::chrono::steady_clock on every supported platform, so no
/// conversion takes place.
using duration = std::chrono::nanoseconds;

/// A point on the caller's monotonic clock. std::chrono::steady_clock::now() converts to it.
using time_point = std::chrono::time_point<std::chrono::steady_clock, duration>;

/// \}

} // namespace rtpsynth
