/// \file
/// Internal: the dot products of the resampler, with names so that each implementation can be
/// tested.
#pragma once

#include <rtpsynth/base/compiler.h>

#include <cstddef>
#include <span>

namespace rtpsynth::detail {

/// A dot product takes a multiple of this many products.
inline constexpr std::size_t dot_lanes = 16;

/// The operands of one dot product.
struct dot_pair {
    const float* a;
    const float* b;
};

/// One implementation of the dot product, for several pairs of operands. Its rounding is the same
/// in each: sixteen sums take every sixteenth product each, and are added in pairs that are eight,
/// four, two and one apart.
struct dot_kernel {
    /// Sets sums[i] to the sum of the \p n products of pairs[i], for \p count pairs. \p n is a
    /// multiple of dot_lanes. Four neighbours with the same b take less time.
    using function = void (*)(const dot_pair* pairs, std::size_t count, std::size_t n, float* sums);

    const char* name;
    function dot;
};

/// The implementations that this processor can run: the portable one first, the fastest last.
RTPSYNTH_API std::span<const dot_kernel> supported_dot_kernels() noexcept;

/// Not exported. nullptr if the processor, or the architecture compiled for, has no AVX2.
const dot_kernel* dot_avx2_kernel() noexcept;

} // namespace rtpsynth::detail
