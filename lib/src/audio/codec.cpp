#include <rtpsynth/audio/codec.hpp>

namespace rtpsynth {

// Defined here so that only the library contains their virtual tables.
audio_encoder::~audio_encoder() = default;
audio_decoder::~audio_decoder() = default;

std::size_t audio_decoder::conceal(std::span<std::int16_t>) noexcept { return 0; }

std::size_t audio_decoder::recover(std::span<const std::uint8_t>,
                                   std::span<std::int16_t>) noexcept {
    return 0;
}

void audio_decoder::interrupt() noexcept {}

} // namespace rtpsynth
