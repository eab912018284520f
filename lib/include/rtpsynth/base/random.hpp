/// \file
/// Where a stream's unpredictable numbers come from (RFC 3550 §5.1, §8.1).
#pragma once

#include <rtpsynth/base/compiler.h>

#include <cstdint>

namespace rtpsynth {

/// 32 uniform bits from the system's random source: on Linux getrandom(2), as a rule called once
/// for 256 of them; elsewhere std::random_device. No bits are handed out twice, neither to two
/// threads nor to a process and its child after fork(). Never fails: where a sandbox forbids the
/// call, the bits derive from the random seed the kernel gave this process when it was started
/// (elsewhere from the time), which is still as different between processes as SSRCs must be.
///
/// Threads: may be called on any, several at once.
RTPSYNTH_API std::uint32_t system_random32() noexcept;

} // namespace rtpsynth
