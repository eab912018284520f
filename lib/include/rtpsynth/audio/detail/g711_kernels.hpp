/// \file
/// Internal: the implementations of g711.hpp's block functions, with names so that each can be
/// tested.
#pragma once

#include <rtpsynth/base/compiler.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace rtpsynth::detail {

/// One implementation. \p n is in samples; n == 0 touches no memory.
struct g711_kernels {
    using encoder = void (*)(const std::int16_t* pcm, std::uint8_t* codes, std::size_t n);
    using decoder = void (*)(const std::uint8_t* codes, std::int16_t* pcm, std::size_t n);

    const char* name;
    encoder ulaw_encode;
    decoder ulaw_decode;
    encoder alaw_encode;
    decoder alaw_decode;
};

/// The implementations that this processor can run: the portable one first, the fastest last.
RTPSYNTH_API std::span<const g711_kernels> supported_g711_kernels() noexcept;

/// Not exported. nullptr if the processor, or the architecture compiled for, has no AVX2.
const g711_kernels* g711_avx2_kernels() noexcept;

} // namespace rtpsynth::detail
