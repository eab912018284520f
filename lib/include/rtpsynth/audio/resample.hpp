/// \file
/// Sample rate conversion of 16-bit mono PCM by linear interpolation. It is cheap, without delay
/// and without state. It does not filter: frequencies above half the output rate are aliased.
///
/// Threads: pure functions, which may be called on any thread.
#pragma once

#include <rtpsynth/base/compiler.h>
#include <rtpsynth/base/error.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace rtpsynth {

/// \addtogroup audio
/// \{

/// The number of samples that resample_linear() returns for \p n: n·out_rate/in_rate rounded half
/// to even, and at least 1 unless \p n is 0. The result is exact, or the largest std::size_t if it
/// does not fit. Rates are in Hz; the result is 0 if one of them is 0.
RTPSYNTH_API std::size_t resampled_size(std::size_t n, std::uint32_t in_rate,
                                        std::uint32_t out_rate) noexcept;

/// Resamples \p in from \p in_rate to \p out_rate (Hz, any but 0) into the beginning of \p out and
/// returns how many samples it wrote: resampled_size(in.size(), in_rate, out_rate).
///
/// Output sample i is at position p = i·in_rate/out_rate, each operation in double precision. With
/// j = floor(p), its value is in[j] + (in[j + 1] - in[j])·(p - j), rounded half to even; at and
/// after the last input sample, it is that sample. Equal rates copy. The result is bit-exact on
/// every CPU in the default rounding mode.
///
/// \p out must not overlap \p in unless the rates are equal. No alignment is needed.
///
/// Errors, with \p out not touched: errc::invalid_argument (a rate is 0), errc::buffer_too_small.
[[nodiscard]] RTPSYNTH_API result<std::size_t> resample_linear(
    std::span<const std::int16_t> in, std::uint32_t in_rate, std::uint32_t out_rate,
    std::span<std::int16_t> out) noexcept;

/// \}

} // namespace rtpsynth
