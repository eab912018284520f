/// \file
/// Random numbers for SSRCs and for a stream's first timestamp and sequence number (RFC 3550 §5.1,
/// §8.1).
#pragma once

#include <rtpsynth/base/compiler.h>

#include <cstdint>

namespace rtpsynth {

/// \addtogroup base
/// \{

/// 32 uniformly distributed bits from the system's random source: on Linux getrandom(2), usually
/// called once for 256 numbers; elsewhere std::random_device. No number is handed out twice,
/// neither to two threads nor to a process and its child after fork(). Never fails: where a sandbox
/// forbids the call, the bits derive from the random seed that the kernel gave the process when it
/// started (elsewhere from the time), which still differs between processes, as SSRCs must.
///
/// Threads: may be called from any thread, by several at once.
RTPSYNTH_API std::uint32_t system_random32() noexcept;

/// \}

} // namespace rtpsynth
