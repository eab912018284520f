// Cross-fades from one piece of audio to another.
#pragma once

#include <cstddef>

namespace rtpsynth::detail {

inline float blend(float from, float to, float share) noexcept {
    return from + (to - from) * share;
}

// The position of the middle of step i of n, 0..1.
inline float share_of(std::size_t i, std::size_t n) noexcept {
    return (static_cast<float>(i) + 0.5F) / static_cast<float>(n);
}

} // namespace rtpsynth::detail
