// The filter of a resampler: its coefficients, and the dot product that applies it.
#pragma once

#include <rtpsynth/audio/resampler.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace rtpsynth::detail {

/// dot() takes sizes that are multiples of this.
inline constexpr std::size_t dot_lanes = 16;

/// The sum of a[i]·b[i]. Its rounding does not depend on the processor: each of sixteen sums takes
/// every sixteenth product, and these are added in pairs. \p n is a multiple of dot_lanes.
float dot(const float* a, const float* b, std::size_t n) noexcept;

/// A windowed sinc, sampled at every position that an output sample can have between two input
/// samples. If these are too many, it is sampled at fewer positions, and values are interpolated
/// between them.
struct resampler_filter {
    resampler_filter(std::uint32_t in_rate, std::uint32_t out_rate, resampler_quality quality);

    /// The coefficients for position \p phase of \p phases, the oldest sample's first.
    const float* row(std::size_t phase) const noexcept { return rows.data() + phase * taps; }

    std::uint32_t in_step;   ///< in_rate without the common divisor: how far apart outputs are…
    std::uint32_t out_step;  ///< …in units of 1/out_step samples of input
    std::size_t taps;        ///< a multiple of dot_lanes
    std::size_t delay;       ///< in samples of input
    std::size_t phases;      ///< out_step, or less
    std::vector<float> rows; ///< one for each phase, and one more if rows are interpolated
};

} // namespace rtpsynth::detail
