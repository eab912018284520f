// Any packets at any times, and pulls of any length: every packet is accounted for, every tick is
// counted, and nothing is written behind it.
#include "reader.hpp"

#include <rtpsynth/audio/codec_set.hpp>
#include <rtpsynth/jitter/playout.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <vector>

namespace {

using namespace rtpsynth;
using fuzz::check, fuzz::reader;

// Of a codec that conceals, and whose packets, of 10 to 60 ms, repeat some of what was before: 16
// kHz, with a clock of 8 kHz. Some payloads are refused, and some only when they are decoded.
class repeating_decoder : public audio_decoder {
public:
    repeating_decoder() : audio_decoder({16000, 8000}) {}

    result<std::size_t> samples(std::span<const std::uint8_t> payload) const noexcept override {
        if (payload.empty() || payload[0] % 8 == 7) return errc::bad_payload;
        return (1 + payload.size() % 6) * 160;
    }
    result<std::size_t> decode(std::span<const std::uint8_t> payload,
                               std::span<std::int16_t> pcm) noexcept override {
        const auto n = samples(payload);
        check(n.has_value()); // is not called for a payload that was refused
        check(*n <= pcm.size());
        if (payload[0] % 8 == 6) return errc::bad_payload;
        std::fill_n(pcm.begin(), *n, static_cast<std::int16_t>(payload[0] * 100));
        return n;
    }
    bool conceals() const noexcept override { return true; }
    std::size_t conceal(std::span<std::int16_t> pcm) noexcept override {
        const std::size_t n = pcm.size() / 40 * 40;
        std::fill_n(pcm.begin(), n, std::int16_t{1000});
        return n;
    }
    std::size_t recover(std::span<const std::uint8_t> next,
                        std::span<std::int16_t> pcm) noexcept override {
        check(samples(next).has_value() && !pcm.empty());
        const std::size_t n = std::min<std::size_t>(next[0] % 4 * 160, pcm.size());
        std::fill_n(pcm.begin(), n, std::int16_t{-1000});
        return n;
    }
    void reset() noexcept override {}
};

void add_formats(playout& p) {
    const codec_set codecs;
    p.add_decoder(0, codecs.make_decoder(p.options().rate == 16000 ? "G722/8000" : "PCMU/8000"));
    p.add_decoder(8, std::make_unique<repeating_decoder>());
    p.add_decoder(96, codecs.make_decoder(p.options().rate == 8000 ? "L16/8000" : "L16/11025"));
    p.add_comfort_noise(13);
    p.add_event(101);
}

playout_options options(reader& in) {
    playout_options o;
    const unsigned flags = in.byte();
    constexpr std::array<std::uint32_t, 4> rates{8000, 16000, 24000, 44100};
    o.rate = rates[flags / 32 % rates.size()];
    o.min_delay = std::chrono::milliseconds(flags & 1 ? in.byte() : 0);
    o.max_delay = o.min_delay + std::chrono::milliseconds(flags & 2 ? 4 * in.byte() : 300);
    o.initial_delay = std::chrono::milliseconds(flags & 4 ? in.byte() : 40);
    o.late_target = flags & 8 ? 0 : flags & 16 ? 0.1 : 0.01;
    return o;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    reader in(data, size);
    playout p(options(in));
    add_formats(p);
    static constexpr std::array<std::uint8_t, 7> types{0, 0, 8, 96, 13, 101, 77};
    std::uint16_t seq = 0;
    std::uint32_t timestamp = 0, ssrc = 1;
    std::int64_t now = 0; // ns
    std::uint64_t received = 0, ticks = 0;
    while (!in.empty()) {
        const unsigned what = in.byte();
        if (what < 128) {
            if ((what & 7) == 1) seq = static_cast<std::uint16_t>(seq + in.byte() - 16);
            if ((what & 7) == 2) seq = static_cast<std::uint16_t>(in.number(2));
            if ((what & 7) == 3) timestamp += in.byte() * 20 - 1000;
            if ((what & 7) == 4) timestamp = static_cast<std::uint32_t>(in.number(4));
            if ((what & 7) == 5) ssrc = 1 + in.byte() % 3;
            const std::size_t n = what & 8 ? 160 : in.byte() * 8;
            std::vector<std::uint8_t> packet(12 + n, static_cast<std::uint8_t>(what));
            packet[0] = 0x80;
            packet[1] = types[what / 16 % types.size()];
            packet[2] = static_cast<std::uint8_t>(seq >> 8);
            packet[3] = static_cast<std::uint8_t>(seq);
            for (unsigned i = 0; i < 4; ++i) {
                packet[4 + i] = static_cast<std::uint8_t>(timestamp >> (24 - 8 * i));
                packet[8 + i] = static_cast<std::uint8_t>(ssrc >> (24 - 8 * i));
            }
            ++seq;
            timestamp += 160;
            check(p.insert(packet, time_point(duration(now))).has_value());
            ++received;
        } else if (what < 240) {
            const std::size_t n = what & 1 ? 160 : what & 2 ? in.byte() * 8 : in.byte() % 7;
            std::vector<std::int16_t> pcm(n + 1, 77);
            const auto kind = static_cast<std::size_t>(
                p.pull(time_point(duration(now)), std::span(pcm).first(n)));
            check(kind < 6 && pcm[n] == 77);
            ticks += n != 0;
            if (what & 4) now += 20'000'000;
        } else if (what < 250) {
            now += static_cast<std::int64_t>(in.byte()) * 1'000'000;
        } else {
            static constexpr auto most = std::numeric_limits<std::int64_t>::max();
            const std::array<std::int64_t, 6> times{0,
                                                    most,
                                                    -most - 1,
                                                    most / 2,
                                                    now / 2 - 1'000'000'000,
                                                    static_cast<std::int64_t>(in.number(4)) << 20};
            now = times[what - 250];
        }
        const playout_stats s = p.stats();
        std::uint64_t kinds = 0;
        for (const std::uint64_t k : s.ticks) kinds += k;
        check(kinds == ticks && s.received == received);
        check(s.received == s.played + s.waiting + s.late + s.duplicate + s.discarded);
        if (now > (std::int64_t{1} << 62)) now = 0;
    }
    return 0;
}
