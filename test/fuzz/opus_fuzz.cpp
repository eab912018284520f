// Hostile payloads for opus: the input is a stream of packets, each after two bytes that say its
// length and what is done with it.
#include "reader.hpp"

#include <rtpsynth/audio/opus.hpp>

#include <algorithm>
#include <span>
#include <vector>

namespace {

using namespace rtpsynth;
using fuzz::check;

void check_payload(audio_decoder& decoder, std::span<const std::uint8_t> payload, unsigned what) {
    const std::size_t tick = decoder.rates().audio / 50;
    std::vector<std::int16_t> missing(tick * (1 + what % 8));
    if (what & 0x10) check(decoder.conceal(missing) <= missing.size());
    if (what & 0x20) check(decoder.recover(payload, missing) <= missing.size());
    if (what & 0x40) decoder.reset();
    const auto samples = decoder.samples(payload);
    std::vector<std::int16_t> audio(samples ? *samples : 0);
    const auto made = decoder.decode(payload, audio);
    check(!made || *made == audio.size());
    check(samples || !made);
    check(audio.size() <= 6 * tick); // 120 ms
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    constexpr std::uint32_t rates[] = {8000, 12000, 16000, 24000, 48000};
    codec_set codecs;
    codecs.add(opus_codec());
    const auto decoder =
        codecs.make_decoder("opus/48000/2", {.audio_rate = rates[data[0] % std::size(rates)]});
    std::span<const std::uint8_t> rest(data + 1, size - 1);
    while (rest.size() >= 2) {
        const unsigned what = rest[1];
        const std::size_t length = std::min<std::size_t>(rest[0], rest.size() - 2);
        const auto packet = rest.subspan(2, length);
        const std::vector<std::uint8_t> payload(packet.begin(), packet.end());
        check_payload(*decoder, payload, what);
        rest = rest.subspan(2 + length);
    }
    return 0;
}
