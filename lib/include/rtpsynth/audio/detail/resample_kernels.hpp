/// \file
/// Internal: the implementations of resample.hpp's function, with names so that each can be tested.
#pragma once

#include <rtpsynth/base/compiler.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace rtpsynth::detail {

/// One implementation of interpolation at any ratio of rates.
struct resample_kernel {
    /// Writes the output samples 0, 1, … whose positions are before the last of the \p n input
    /// samples, or only the first of these, and returns how many. Rates in Hz, not 0; n > 0.
    using function = std::size_t (*)(const std::int16_t* in, std::size_t n, double in_rate,
                                     double out_rate, std::int16_t* out, std::size_t n_out);

    const char* name;
    function interpolate;
};

/// The implementations that this processor can run: the portable one first, the fastest last.
RTPSYNTH_API std::span<const resample_kernel> supported_resample_kernels() noexcept;

/// resample_linear() without its shortcuts for simple ratios. n > 0, n_out is resampled_size().
RTPSYNTH_API void resample_any(const resample_kernel& kernel, const std::int16_t* in, std::size_t n,
                               std::uint32_t in_rate, std::uint32_t out_rate, std::int16_t* out,
                               std::size_t n_out) noexcept;

/// Not exported. nullptr if the processor, or the architecture compiled for, has no AVX2.
const resample_kernel* resample_avx2_kernel() noexcept;

} // namespace rtpsynth::detail
