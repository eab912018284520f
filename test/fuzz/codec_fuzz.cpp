// Any payload to every decoder of the core, whose audio then goes through the encoder of the same
// codec and through a resampler in pieces; and any text as the name of a codec.
#include "reader.hpp"

#include <rtpsynth/audio/codec_set.hpp>
#include <rtpsynth/audio/resampler.hpp>

#include <algorithm>
#include <span>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace {

using namespace rtpsynth;
using fuzz::check;

constexpr const char* names[] = {"PCMU/8000", "PCMA/16000", "G722/8000", "L16/44100", "L16/8000/2"};
constexpr std::uint32_t rates[] = {4000, 8000, 11025, 16000, 44099, 48000, 384000};

void check_name(std::string_view text) {
    const codec_set codecs;
    try {
        const auto encoder = codecs.make_encoder(text);
        check(codecs.make_decoder(text)->rates() == encoder->rates());
    } catch (const std::invalid_argument&) {
    }
    const auto parameter = fmtp_parameter(text, "x");
    if (parameter && !parameter->empty()) check(parameter->data() >= text.data());
}

std::vector<std::int16_t> check_codec(const char* name, std::span<const std::uint8_t> payload) {
    const codec_set codecs;
    const auto decoder = codecs.make_decoder(name);
    const auto encoder = codecs.make_encoder(name);
    const auto samples = decoder->samples(payload);
    std::vector<std::int16_t> audio(samples ? *samples : 0);
    check(decoder->decode(payload, audio).has_value() == samples.has_value());
    if (!samples) return audio;
    std::vector<std::uint8_t> again(encoder->max_payload(audio.size()));
    check(encoder->encode(audio, again).value() == payload.size());
    return audio;
}

void check_resampler(std::span<const std::int16_t> audio, std::uint32_t in, std::uint32_t out,
                     std::size_t piece) {
    resampler whole(in, out, resampler_quality::low);
    resampler pieces = whole;
    std::vector<std::int16_t> expected(whole.output_size(audio.size()));
    check(whole.process(audio, expected).value() == expected.size());
    std::vector<std::int16_t> got;
    while (!audio.empty()) {
        const auto some = audio.first(std::min(piece, audio.size()));
        std::vector<std::int16_t> few(pieces.output_size(some.size()));
        check(pieces.process(some, few).value() == few.size());
        got.insert(got.end(), few.begin(), few.end());
        audio = audio.subspan(some.size());
    }
    check(got == expected);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 4) return 0;
    const char* name = names[data[0] % std::size(names)];
    const std::uint32_t in = rates[data[1] % std::size(rates)];
    const std::uint32_t out = rates[data[2] % std::size(rates)];
    const std::size_t piece = data[3] + std::size_t{1};
    const std::vector<std::uint8_t> payload(data + 4, data + size);
    check_name({reinterpret_cast<const char*>(payload.data()), payload.size()});
    check_resampler(check_codec(name, payload), in, out, piece);
    return 0;
}
