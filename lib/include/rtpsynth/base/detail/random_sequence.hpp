/// \file
/// Internal: random numbers from a seed.
#pragma once

#include <cstdint>

namespace rtpsynth::detail {

/// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014). The n-th
/// number of a seed is the first one of `seed + (n - 1) * step`.
class random_sequence {
public:
    static constexpr std::uint64_t step = 0x9e37'79b9'7f4a'7c15; // 2^64 divided by the golden ratio

    explicit random_sequence(std::uint64_t seed) noexcept : state_(seed) {}

    std::uint64_t bits() noexcept {
        std::uint64_t z = state_ += step;
        z = (z ^ z >> 30) * 0xbf58'476d'1ce4'e5b9U;
        z = (z ^ z >> 27) * 0x94d0'49bb'1331'11ebU;
        return z ^ z >> 31;
    }
    std::uint32_t bits32() noexcept { return static_cast<std::uint32_t>(bits() >> 32); }
    /// A number of [0, 1).
    double unit() noexcept { return static_cast<double>(bits() >> 11) * 0x1p-53; }

private:
    std::uint64_t state_;
};

} // namespace rtpsynth::detail
