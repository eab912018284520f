// What the tests of codecs share.
#pragma once

#include <rtpsynth/audio/codec.hpp>

#include <cstdint>
#include <vector>

namespace codec_tools {

using namespace rtpsynth;
using bytes = std::vector<std::uint8_t>;
using pcm = std::vector<std::int16_t>;

/// One packet's payload, of which the codec is expected to make one.
inline bytes encoded(audio_encoder& encoder, const pcm& audio) {
    bytes payload(encoder.max_payload(audio.size()));
    payload.resize(encoder.encode(audio, payload).value());
    return payload;
}

/// All audio of a payload that the codec is expected to take.
inline pcm decoded(audio_decoder& decoder, const bytes& payload) {
    pcm audio(decoder.samples(payload).value());
    audio.resize(decoder.decode(payload, audio).value());
    return audio;
}

} // namespace codec_tools
