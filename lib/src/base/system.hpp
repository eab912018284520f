/// \file
/// The library's interface to the operating system, implemented by system_linux.cpp, or by
/// system_portable.cpp with only the standard library.
#pragma once

#include <cstddef>
#include <cstdint>

#ifdef __GLIBCXX__ // libstdc++; any of its headers defines this
#    include <cxxabi.h>
#endif

namespace rtpsynth::detail {

/// Fills \p out from the system's random source. Not a cancellation point; throws nothing.
/// \return bytes written, fewer than \p size only if the system returns no more
std::size_t read_random(void* out, std::size_t size) noexcept;

/// A number that differs between processes, and between runs of a program.
std::uint64_t process_seed() noexcept;

/// Zeroed memory, aligned for any type, that is zeroed again in a child of fork(). It is never
/// freed. nullptr without memory, or if the system has no such memory.
void* allocate_wiped_on_fork(std::size_t size) noexcept;

/// Where pthread_cancel() and pthread_exit() unwind the stack by throwing, this is the exception: a
/// function that catches everything must rethrow it.
#ifdef __GLIBCXX__
using forced_unwind = abi::__forced_unwind;
#else
class forced_unwind {};
#endif

} // namespace rtpsynth::detail
