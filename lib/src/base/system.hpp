/// \file
/// What the library asks of the operating system: system_linux.cpp, or system_portable.cpp with
/// nothing but the standard library.
#pragma once

#include <cstddef>
#include <cstdint>

#ifdef __GLIBCXX__ // libstdc++, as any of its headers tells
#    include <cxxabi.h>
#endif

namespace rtpsynth::detail {

/// Fills \p out from the system's random source. It is no cancellation point and throws nothing.
/// \return bytes written, fewer than \p size only if the system gives no more
std::size_t read_random(void* out, std::size_t size) noexcept;

/// A number that differs between processes, and from one run of a program to the next.
std::uint64_t process_seed() noexcept;

/// Memory that is all zero, aligned for any type, and all zero again in a child of fork(). It is
/// never freed. nullptr without memory, and where the system has no such memory.
void* allocate_wiped_on_fork(std::size_t size) noexcept;

/// pthread_cancel() and pthread_exit() unwind the stack by throwing it, where they do: a function
/// that catches everything has to pass it on.
#ifdef __GLIBCXX__
using forced_unwind = abi::__forced_unwind;
#else
class forced_unwind {};
#endif

} // namespace rtpsynth::detail
