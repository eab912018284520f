// The filter of a resampler: its coefficients, and the dot products that apply it.
#pragma once

#include <rtpsynth/audio/detail/dot_kernels.hpp>
#include <rtpsynth/audio/resampler.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace rtpsynth::detail {

/// A resampler computes this many samples of output together. It has many divisors.
inline constexpr std::size_t output_at_once = 48;

using output_slots = std::array<std::uint8_t, output_at_once>;

/// Rows repeat after \p phases samples of output. Returns an order of a block of samples in which
/// four with the same row are neighbours: the place of each. If there is none, each stays in its
/// place.
constexpr output_slots group_by_row(std::size_t phases) noexcept {
    output_slots slots{};
    const bool possible = phases <= output_at_once / 4 && output_at_once % (4 * phases) == 0;
    for (std::size_t i = 0; i < output_at_once; ++i) {
        const std::size_t group = possible ? i / (4 * phases) * (4 * phases) : i;
        const std::size_t slot = group + (i - group) % phases * 4 + (i - group) / phases;
        slots[i] = static_cast<std::uint8_t>(slot);
    }
    return slots;
}

/// A windowed sinc, sampled at every position that an output sample can have between two input
/// samples. If these are too many, it is sampled at fewer positions, and values are interpolated
/// between them.
struct resampler_filter {
    resampler_filter(std::uint32_t in_rate, std::uint32_t out_rate, resampler_quality quality,
                     const dot_kernel& kernel);

    /// The coefficients for position \p phase of \p phases, the oldest sample's first.
    const float* row(std::size_t phase) const noexcept { return rows.data() + phase * taps; }

    dot_kernel::function dot; ///< applies rows to samples
    std::uint32_t in_step;    ///< in_rate without the common divisor: how far apart outputs are…
    std::uint32_t out_step;   ///< …in units of 1/out_step samples of input
    std::uint32_t whole_step; ///< in_step / out_step
    std::uint32_t phase_step; ///< in_step % out_step
    std::size_t taps;         ///< a multiple of dot_lanes
    std::size_t delay;        ///< in samples of input
    std::uint32_t phases;     ///< out_step, or less
    output_slots slots;       ///< group_by_row(), for rows that are not interpolated
    std::vector<float> rows;  ///< one for each phase, and one more if rows are interpolated
};

} // namespace rtpsynth::detail
