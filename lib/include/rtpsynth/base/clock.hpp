/// \file
/// The library's notion of time. Nothing in the C++ face reads a clock: every call that needs the
/// time is given it, so that a simulation, a capture being replayed and a live socket run the same
/// code.
#pragma once

#include <chrono>

namespace rtpsynth {

/// Nanoseconds; on every supported platform std::chrono::steady_clock's own tick.
using duration = std::chrono::nanoseconds;

/// A point on the caller's monotonic clock. std::chrono::steady_clock::now() converts to it.
using time_point = std::chrono::time_point<std::chrono::steady_clock, duration>;

} // namespace rtpsynth
