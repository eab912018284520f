/// \file
/// Comfort noise (RFC 3389): parses and writes its payload, and generates the noise.
#pragma once

#include <rtpsynth/base/compiler.h>
#include <rtpsynth/base/detail/random_sequence.hpp>
#include <rtpsynth/base/error.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace rtpsynth {

/// \addtogroup audio
/// \{

/// Level and spectrum of comfort noise: the content of a payload (RFC 3389 §3).
///
/// Threads: a value type; distinct objects are independent.
struct comfort_noise {
    /// Coefficients beyond the first 16 are ignored, as §3.2 allows: the spectrum is then smoother.
    static constexpr std::size_t max_order = 16;

    std::uint8_t level = 127; ///< 0..127, in -dBov: dB below a square wave of full scale
    std::uint8_t order = 0;   ///< number of coefficients, 0..max_order; 0: white noise
    /// Quantized reflection coefficients: N stands for 258 * (N - 127) / 32768.
    std::array<std::uint8_t, max_order> coefficients{};

    /// Fails with errc::packet_too_short if \p payload is empty.
    [[nodiscard]] RTPSYNTH_API static result<comfort_noise> parse(
        std::span<const std::uint8_t> payload) noexcept;

    /// Writes the payload to the front of \p out and returns its size, 1 + order. Errors:
    /// errc::invalid_argument (level or order out of range), errc::buffer_too_small.
    [[nodiscard]] RTPSYNTH_API result<std::size_t> store(
        std::span<std::uint8_t> out) const noexcept;

    friend bool operator==(const comfort_noise&, const comfort_noise&) = default;
};

/// Measures the level of \p pcm, in -dBov; 127 if it is silent or empty.
RTPSYNTH_API std::uint8_t noise_level(std::span<const std::int16_t> pcm) noexcept;

/// Generates noise of a level and spectrum, in pieces of any size. Both may be set before each
/// piece; the noise continues without a click. Equal seeds and calls give equal noise.
///
/// \par Exception safety
/// Nothing throws or allocates.
///
/// \par Thread safety
/// A value type; one object needs external locking.
class RTPSYNTH_API comfort_noise_generator {
public:
    /// \param seed  give each stream another one, so that their noise differs
    explicit comfort_noise_generator(std::uint64_t seed = 0) noexcept;

    /// Sets the level and spectrum of the next noise; at first there is silence. An order above
    /// max_order counts as max_order.
    void set(const comfort_noise& noise) noexcept;
    void generate(std::span<std::int16_t> pcm) noexcept;

private:
    double white() noexcept;

    detail::random_sequence random_;
    double scale_ = 0;
    std::size_t order_ = 0;
    std::array<double, comfort_noise::max_order> k_{}; // reflection coefficients
    std::array<double, comfort_noise::max_order> c_{}; // sqrt(1 - k^2)
    std::array<double, comfort_noise::max_order + 1> state_{};
};

/// \}

} // namespace rtpsynth
