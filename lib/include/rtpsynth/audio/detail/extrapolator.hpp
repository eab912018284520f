/// \file
/// Internal: continues speech beyond its end.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace rtpsynth::detail {

/// Continues audio by linear prediction, excited by its last pitch period, and fades it to silence.
class extrapolator {
public:
    static constexpr std::size_t order = 16;

    /// How many samples of audio start() looks at.
    static constexpr std::size_t past_size(std::uint32_t rate) noexcept {
        return longest_pitch(rate) + match_size(rate) + order;
    }
    /// How much room for the excitation start() needs.
    static constexpr std::size_t longest_pitch(std::uint32_t rate) noexcept { return rate / 50; }

    /// Begins to continue \p past, and writes into \p excitation what next() needs.
    ///
    /// Preconditions: past.size() == past_size(rate), excitation.size() == longest_pitch(rate).
    void start(std::span<const std::int16_t> past, std::uint32_t rate,
               std::span<float> excitation) noexcept;

    /// The next sample, within ±32768. \p excitation is what start() has written.
    float next(std::span<const float> excitation) noexcept;

private:
    static constexpr std::size_t match_size(std::uint32_t rate) noexcept { return rate / 125; }

    std::array<float, order> predictor_{}; // that of the oldest sample first
    std::array<float, 2 * order> made_{};  // the last samples before fading, twice: a ring
    std::size_t period_ = 1;               // samples of the excitation in use
    std::size_t phase_ = 0;                // in the period
    std::size_t ring_ = 0;                 // where the oldest of made_ is
    float gain_ = 0;                       // of the fade
    float slope_ = 0;                      // its loss a sample
};

} // namespace rtpsynth::detail
