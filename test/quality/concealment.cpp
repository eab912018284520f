// Loses packets of 20 ms of an utterance and fills the gaps in one of several ways.
//
//     quality_concealment METHOD CODEC in.raw lost out.raw
//
// METHOD: silence, repeat (the last packet again), spandsp, continued (ours, from the audio before
// the gap), joined (ours, with the packet after the gap). CODEC: PCMU or G722. in.raw and out.raw
// are 16-bit PCM of 8 or 16 kHz; `lost` has a byte for each packet, '1' if it is lost.
#include "files.hpp"

#include <rtpsynth/audio/codec_set.hpp>
#include <rtpsynth/audio/packet_loss_concealer.hpp>

#if QUALITY_HAS_SPANDSP
#    include <spandsp.h>
#endif

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

using samples = std::vector<std::int16_t>;

// The packets as they are decoded; nothing in place of those that are lost.
std::vector<std::optional<samples>> transmit(std::string_view codec, const samples& speech,
                                             std::string_view lost) {
    const rtpsynth::codec_set codecs;
    const std::string encoding = std::string(codec) + "/8000";
    const auto encoder = codecs.make_encoder(encoding);
    const auto decoder = codecs.make_decoder(encoding);
    const std::size_t n = encoder->rates().audio / 50;
    std::vector<std::optional<samples>> packets;
    std::vector<std::uint8_t> payload(encoder->max_payload(n));
    for (std::size_t i = 0; (i + 1) * n <= speech.size(); ++i) {
        const std::size_t bytes =
            encoder->encode(std::span(speech).subspan(i * n, n), payload).value();
        packets.emplace_back();
        if (lost.at(i) == '1') continue;
        packets.back().emplace(n);
        (void)decoder->decode(std::span(payload).first(bytes), *packets.back()).value();
    }
    return packets;
}

// Takes a packet, or nothing for one that is lost, and the packet after it if that has arrived.
using filler = std::function<void(std::optional<samples>& packet, samples& out,
                                  const std::optional<samples>* next)>;

filler own_filler(std::uint32_t rate, bool is_joined) {
    auto concealer = std::make_shared<rtpsynth::packet_loss_concealer>(rate);
    return [=](std::optional<samples>& packet, samples& out, const std::optional<samples>* next) {
        if (packet)
            concealer->receive(out);
        else if (is_joined && next && *next)
            concealer->conceal(out, **next);
        else
            concealer->conceal(out);
    };
}

filler make_filler(std::string_view method, std::uint32_t rate) {
    if (method == "silence") return [](auto&, samples&, auto) {};
    if (method == "repeat") {
        auto last = std::make_shared<samples>(rate / 50);
        return [=](std::optional<samples>& packet, samples& out, auto) {
            if (packet)
                *last = out;
            else
                out = *last;
        };
    }
    if (method == "continued" || method == "joined") return own_filler(rate, method == "joined");
#if QUALITY_HAS_SPANDSP
    if (method == "spandsp" && rate == 8000) {
        std::shared_ptr<plc_state_t> plc(plc_init(nullptr), plc_free);
        return [=](std::optional<samples>& packet, samples& out, auto) {
            (packet ? plc_rx : plc_fillin)(plc.get(), out.data(), static_cast<int>(out.size()));
        };
    }
#endif
    throw std::invalid_argument("no such method for this codec: " + std::string(method));
}

int run(std::string_view method, std::string_view codec, const char* in, const char* mask,
        const char* to) {
    const std::uint32_t rate = codec == "G722" ? 16000 : 8000;
    const samples speech = quality::read_samples(in);
    auto packets = transmit(codec, speech, quality::read_text(mask));
    const filler fill = make_filler(method, rate);
    samples played;
    for (std::size_t i = 0; i < packets.size(); ++i) {
        samples out = packets[i].value_or(samples(rate / 50));
        fill(packets[i], out, i + 1 < packets.size() ? &packets[i + 1] : nullptr);
        played.insert(played.end(), out.begin(), out.end());
    }
    quality::write_samples(to, played);
    return 0;
}

} // namespace

int main(int argc, char** argv) try {
    if (argc != 6) {
        std::fputs("usage: quality_concealment METHOD CODEC in.raw lost out.raw\n", stderr);
        return 2;
    }
    return run(argv[1], argv[2], argv[3], argv[4], argv[5]);
} catch (const std::exception& e) {
    std::fprintf(stderr, "quality_concealment: %s\n", e.what());
    return 1;
}
