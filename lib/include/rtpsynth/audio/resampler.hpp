/// \file
/// Streaming, band-limited sample rate conversion of 16-bit mono PCM, for audio that people or
/// speech recognisers hear. resample_linear() is cheaper, without filter, delay and state.
///
/// Threads: distinct objects are independent, also copies. One object belongs to one thread at a
/// time.
#pragma once

#include <rtpsynth/base/clock.hpp>
#include <rtpsynth/base/compiler.h>
#include <rtpsynth/base/error.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace rtpsynth {

namespace detail {
struct dot_kernel;
struct resampler_filter;
struct resampler_test_access;
} // namespace detail

/// \addtogroup audio
/// \{

/// The steepness of a resampler's filter. The pass band is a fraction of the lower of the two
/// Nyquist frequencies (half a rate); within it the gain differs from 1 by at most 0.1 dB.
/// Everything above that Nyquist frequency is attenuated by at least the stop band's figure. The
/// delay is in samples of the lower rate, rounded up; the cost is proportional to it.
enum class resampler_quality : std::uint8_t {
    low,      ///< pass band 0.8, stop band 50 dB, delay about 16 samples (2 ms at 8 kHz)
    standard, ///< pass band 0.9, stop band 62 dB, delay about 40 samples (5 ms at 8 kHz)
    high,     ///< pass band 0.95, stop band 85 dB, delay about 123 samples (15 ms at 8 kHz)
};

/// Converts one stream from one sample rate to another.
///
/// After n samples of input there are ceil(n·out_rate/in_rate) samples of output: 20 ms of input
/// give 20 ms of output where both are whole numbers of samples. The output is bit-exact for any
/// division of the input into pieces. It is delayed by delay(): the first output samples are the
/// silence before the input, and flush() returns the end.
///
/// Equal rates copy, without delay.
///
/// A copy continues independently from the same state. Copies share the filter, which is the larger
/// part if the rates have no large common divisor (44.1 to 8 kHz: 140 KB): for many streams of the
/// same rates, copy a new resampler.
class resampler {
public:
    /// Both rates must be in this range, in Hz.
    static constexpr std::uint32_t lowest_rate = 4000;
    static constexpr std::uint32_t highest_rate = 384000;

    /// Designs the filter. Between rates without a large common divisor it has up to 2^18
    /// coefficients, 1 MB, which take some milliseconds. Throws std::invalid_argument if a rate is
    /// out of range.
    RTPSYNTH_API resampler(std::uint32_t in_rate, std::uint32_t out_rate,
                           resampler_quality quality = resampler_quality::standard);

    std::uint32_t in_rate() const noexcept { return in_rate_; }   ///< Hz
    std::uint32_t out_rate() const noexcept { return out_rate_; } ///< Hz

    /// The exact number of samples that process() returns for the next \p samples of input.
    RTPSYNTH_API std::size_t output_size(std::size_t samples) const noexcept;

    /// Takes all of \p in, writes the output to the beginning of \p out and returns its number of
    /// samples, output_size(in.size()). Allocates nothing. \p out must not overlap \p in.
    ///
    /// Errors, with nothing changed: errc::buffer_too_small.
    [[nodiscard]] RTPSYNTH_API result<std::size_t> process(std::span<const std::int16_t> in,
                                                           std::span<std::int16_t> out) noexcept;

    /// The exact number of samples that flush() would write: the output of the delay.
    std::size_t flush_size() const noexcept { return output_size(delay_samples()); }

    /// Writes the end of the stream, as if silence followed, and does reset(). Returns
    /// flush_size(). Errors, with nothing changed: errc::buffer_too_small.
    [[nodiscard]] RTPSYNTH_API result<std::size_t> flush(std::span<std::int16_t> out) noexcept;

    /// Discards the state: the next input begins a stream.
    RTPSYNTH_API void reset() noexcept;

    /// The delay of the output in samples of the input: a whole number, the same for every
    /// frequency.
    RTPSYNTH_API std::size_t delay_samples() const noexcept;

    /// The delay as a duration, rounded down to nanoseconds.
    duration delay() const noexcept {
        return duration(
            static_cast<std::int64_t>(delay_samples() * std::uint64_t{1'000'000'000} / in_rate_));
    }

private:
    friend struct detail::resampler_test_access;

    RTPSYNTH_API resampler(std::uint32_t in_rate, std::uint32_t out_rate, resampler_quality quality,
                           const detail::dot_kernel& kernel);
    std::size_t process_block(const std::int16_t* in, std::size_t n, std::int16_t* out) noexcept;

    std::uint32_t in_rate_;
    std::uint32_t out_rate_;
    std::shared_ptr<const detail::resampler_filter> filter_;
    std::vector<float> window_; // the latest samples, then room for a block
    // Position of the next output sample: this many input samples after the last one, and this many
    // steps of the output's grid.
    std::size_t next_ = 0;
    std::uint32_t phase_ = 0;
};

/// \}

} // namespace rtpsynth
