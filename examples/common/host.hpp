/// \file
/// What the operating system grants this process, and what it charges for it.
#pragma once

#include <rtpsynth/base/clock.hpp>

#include <cstddef>

namespace common {

/// Raises the limit of open files, if needed, so that \p sockets can be opened, one for each of
/// what the program calls \p things.
/// \throws std::runtime_error that says what the limit is
void allow_sockets(std::size_t sockets, const char* things);

/// CPU time of all threads of this process so far, in user mode and in the kernel.
rtpsynth::duration cpu_time();

} // namespace common
