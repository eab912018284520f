/// \file
/// Random numbers for SSRCs and for a stream's first timestamp and sequence number (RFC 3550 §5.1,
/// §8.1).
#pragma once

#include <rtpsynth/base/compiler.h>

#include <cstdint>

namespace rtpsynth {

/// \addtogroup base
/// \{

/// 32 uniformly distributed bits from the system's random source: getrandom(2) on Linux, usually
/// one call for 256 numbers; std::random_device elsewhere. Threads never share a number, and
/// neither do a process and its child after fork(). Never fails. Where a sandbox forbids
/// getrandom(2), the numbers are derived from the random seed that the kernel gave the process when
/// it started (on other systems from the time). They then still differ between processes, as SSRCs
/// must.
///
/// Threads: may be called from any thread, by several at once.
RTPSYNTH_API std::uint32_t system_random32() noexcept;

/// \}

} // namespace rtpsynth
