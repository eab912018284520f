/// \file
/// AVX2 in a library whose baseline does not have it: functions marked so may use it, and whoever
/// calls them has asked the CPU first.
#pragma once

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))

#    include <immintrin.h>

#    define RTPSYNTH_AVX2 __attribute__((target("avx2")))
#    define RTPSYNTH_AVX2_INLINE __attribute__((target("avx2"), always_inline)) inline

#endif
