/// \file
/// Internal: extrapolates speech.
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

    /// How many samples of the past start() needs.
    static constexpr std::size_t past_size(std::uint32_t rate) noexcept {
        return longest_pitch(rate) + match_size(rate) + order;
    }
    /// The size of start()'s excitation, in samples.
    static constexpr std::size_t longest_pitch(std::uint32_t rate) noexcept { return rate / 50; }

    /// Starts a continuation of \p past, and fills \p excitation for next().
    ///
    /// Preconditions: past.size() == past_size(rate), excitation.size() == longest_pitch(rate).
    void start(std::span<const std::int16_t> past, std::uint32_t rate,
               std::span<float> excitation) noexcept;

    /// The next sample, within ±32768. \p excitation as filled by start().
    float next(std::span<const float> excitation) noexcept;

private:
    static constexpr std::size_t match_size(std::uint32_t rate) noexcept { return rate / 125; }

    std::array<float, order> predictor_{}; // coefficients, that of the oldest sample first
    std::array<float, 2 * order> made_{};  // ring of the last samples before fading, stored twice
    std::size_t period_ = 1;               // samples of the excitation in use
    std::size_t phase_ = 0;                // in the period
    std::size_t ring_ = 0;                 // position of the oldest sample in made_
    float gain_ = 0;                       // of the fade
    float slope_ = 0;                      // decrease of gain_ per sample
};

} // namespace rtpsynth::detail
