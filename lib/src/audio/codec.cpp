#include <rtpsynth/audio/codec.hpp>

namespace rtpsynth {

// Here, so that their tables of virtual functions are in the library alone.
audio_encoder::~audio_encoder() = default;
audio_decoder::~audio_decoder() = default;

std::size_t audio_decoder::conceal(std::span<std::int16_t>) noexcept { return 0; }

std::size_t audio_decoder::recover(std::span<const std::uint8_t>,
                                   std::span<std::int16_t>) noexcept {
    return 0;
}

void audio_decoder::interrupt() noexcept {}

} // namespace rtpsynth
