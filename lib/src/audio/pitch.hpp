// Finds the pitch period: the part of the past that resembles the end of some audio.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace rtpsynth::detail {

struct pitch_match {
    std::size_t lag = 0; // samples
    float likeness = 0;  // normalised correlation, -1..1; 0 for silence
};

// Compares the last \p size samples of \p audio with those \p shortest..longest samples earlier.
// Preconditions: 0 < shortest <= longest, longest + size <= audio.size(), the audio rate is at most
// 16000 times \p stride. The search first uses sums of `stride` samples, and then refines the best
// lag at the full rate.
pitch_match find_pitch(std::span<const std::int16_t> audio, std::size_t size, std::size_t shortest,
                       std::size_t longest, std::size_t stride) noexcept;

} // namespace rtpsynth::detail
