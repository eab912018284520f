// A user's program: 20 ms of audio through the codec opus.
#include <rtpsynth/audio/opus.hpp>

#include <array>
#include <cstdint>
#include <iostream>

int main() {
    rtpsynth::codec_set codecs;
    codecs.add(rtpsynth::opus_codec());
    const auto encoder = codecs.make_encoder("opus/48000/2");
    const auto decoder = codecs.make_decoder("opus/48000/2");
    const std::array<std::int16_t, 960> quiet{};
    std::array<std::uint8_t, 1275> payload;
    const auto size = encoder->encode(quiet, payload);
    if (!size) return 1;
    std::array<std::int16_t, 5760> heard;
    const auto samples = decoder->decode({payload.data(), *size}, heard);
    if (!samples || *samples != quiet.size()) return 1;
    std::cout << "opus: " << *size << " bytes, " << *samples << " samples\n";
}
