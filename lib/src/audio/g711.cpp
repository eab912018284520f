#include <rtpsynth/audio/g711.hpp>

#include <rtpsynth/audio/detail/g711_kernels.hpp>

#include <array>
#include <cstring>

namespace rtpsynth {
namespace {

// The scalar definitions without branches and without counting leading zeros, which SSE2 and NEON
// do not support. In a magnitude converted to float, the exponent contains the segment and the top
// of the mantissa the step. Every value fits 24 bits, so the conversions are exact in any rounding
// mode.

constexpr std::int32_t exponent_of_0x80 = 134;

std::int32_t exponent_and_step(std::int32_t magnitude) noexcept {
    const auto value = static_cast<float>(magnitude);
    return (std::bit_cast<std::int32_t>(value) >> 19) - (exponent_of_0x80 << 4);
}

// The inverse: the magnitude in the middle of the step.
std::int32_t from_exponent_and_step(std::int32_t code) noexcept {
    const std::int32_t bits = (code + (exponent_of_0x80 << 4)) << 19 | 1 << 18;
    return static_cast<std::int32_t>(std::bit_cast<float>(bits));
}

struct ulaw_encoder {
    std::uint8_t operator()(std::int16_t pcm) const noexcept {
        const std::int32_t sign = pcm >> 15;
        std::int32_t magnitude = (pcm ^ sign) - sign;
        magnitude = (magnitude < 32635 ? magnitude : 32635) + 0x84;
        const std::int32_t code = exponent_and_step(magnitude);
        return static_cast<std::uint8_t>(code ^ (sign & 0x80) ^ 0xff);
    }
};

struct alaw_encoder {
    std::uint8_t operator()(std::int16_t pcm) const noexcept {
        const std::int32_t sign = pcm >> 15;
        const std::int32_t magnitude = pcm ^ sign;
        // The lowest two segments have the same step size: linear below 0x100, logarithmic above.
        const std::int32_t low = magnitude < 0x100 ? magnitude >> 4 : 0x10;
        const std::int32_t high = magnitude < 0x100 ? 0x100 : magnitude;
        const std::int32_t code = low + exponent_and_step(high) - 0x10;
        return static_cast<std::uint8_t>(code ^ (sign & 0x80) ^ 0xd5);
    }
};

struct ulaw_decoder {
    std::int16_t operator()(std::uint8_t code) const noexcept {
        const std::int32_t magnitude = from_exponent_and_step(~code & 0x7f) - 0x84;
        const std::int32_t sign = (code >> 7) - 1;
        return static_cast<std::int16_t>((magnitude ^ sign) - sign);
    }
};

struct alaw_decoder {
    std::int16_t operator()(std::uint8_t code) const noexcept {
        const std::int32_t bits = (code ^ 0x55) & 0x7f;
        const std::int32_t magnitude = bits < 0x10 ? bits << 4 | 8 : from_exponent_and_step(bits);
        const std::int32_t sign = (code >> 7) - 1;
        return static_cast<std::int16_t>((magnitude ^ sign) - sign);
    }
};

// Compilers vectorise chunks of constant size in local arrays, which alias nothing, without making
// a checked and an unchecked copy of the loop. A chunk is read before it is written.
constexpr std::size_t chunk_size = 32;

template <class Sample, class In, class Out>
void convert_chunk(const In* in, Out* out) noexcept {
    std::array<In, chunk_size> from;
    std::array<Out, chunk_size> to;
    std::memcpy(from.data(), in, sizeof from);
    for (std::size_t i = 0; i < chunk_size; ++i) to[i] = Sample{}(from[i]);
    std::memcpy(out, to.data(), sizeof to);
}

template <class Sample, class In, class Out>
void convert_part(const In* in, Out* out, std::size_t n) noexcept {
    std::array<In, chunk_size> from{};
    std::array<Out, chunk_size> to;
    std::memcpy(from.data(), in, n * sizeof(In));
    convert_chunk<Sample>(from.data(), to.data());
    std::memcpy(out, to.data(), n * sizeof(Out));
}

template <class Sample>
void encode(const std::int16_t* pcm, std::uint8_t* codes, std::size_t n) {
    std::size_t i = 0;
    for (; n - i >= chunk_size; i += chunk_size) convert_chunk<Sample>(pcm + i, codes + i);
    if (i < n) convert_part<Sample>(pcm + i, codes + i, n - i);
}

// Backwards: in a conversion in place, the growing output must only overwrite codes that have been
// read.
template <class Sample>
void decode(const std::uint8_t* codes, std::int16_t* pcm, std::size_t n) {
    std::size_t i = n - n % chunk_size;
    if (i < n) convert_part<Sample>(codes + i, pcm + i, n - i);
    for (; i > 0; i -= chunk_size)
        convert_chunk<Sample>(codes + i - chunk_size, pcm + i - chunk_size);
}

constexpr detail::g711_kernels portable_kernels{"portable", encode<ulaw_encoder>,
                                                decode<ulaw_decoder>, encode<alaw_encoder>,
                                                decode<alaw_decoder>};

const detail::g711_kernels& best() noexcept {
    static const detail::g711_kernels& kernels = detail::supported_g711_kernels().back();
    return kernels;
}

} // namespace

std::span<const detail::g711_kernels> detail::supported_g711_kernels() noexcept {
    static const g711_kernels* const avx2 = g711_avx2_kernels();
    static const std::array<g711_kernels, 2> all{portable_kernels, avx2 ? *avx2 : portable_kernels};
    return std::span{all}.first(avx2 ? 2 : 1);
}

void ulaw_encode(std::span<const std::int16_t> pcm, std::span<std::uint8_t> codes) noexcept {
    best().ulaw_encode(pcm.data(), codes.data(), std::min(pcm.size(), codes.size()));
}

void ulaw_decode(std::span<const std::uint8_t> codes, std::span<std::int16_t> pcm) noexcept {
    best().ulaw_decode(codes.data(), pcm.data(), std::min(pcm.size(), codes.size()));
}

void alaw_encode(std::span<const std::int16_t> pcm, std::span<std::uint8_t> codes) noexcept {
    best().alaw_encode(pcm.data(), codes.data(), std::min(pcm.size(), codes.size()));
}

void alaw_decode(std::span<const std::uint8_t> codes, std::span<std::int16_t> pcm) noexcept {
    best().alaw_decode(codes.data(), pcm.data(), std::min(pcm.size(), codes.size()));
}

} // namespace rtpsynth
