/// \file
/// Resource limits and CPU time of this process.
#pragma once

#include <rtpsynth/base/clock.hpp>

#include <cstddef>

namespace common {

/// Raises the limit of open files, if needed, so that \p sockets can be opened. \p things is what
/// the error message calls them.
/// \throws std::runtime_error if the limit, which the message names, cannot be raised
void allow_sockets(std::size_t sockets, const char* things);

/// CPU time used by this process so far: all threads, user and kernel mode.
rtpsynth::duration cpu_time();

} // namespace common
