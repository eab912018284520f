// A sender of voice, and what it sends in virtual time.
#pragma once

#include <boost/test/unit_test.hpp>

#include <rtpsynth/audio/codec_set.hpp>
#include <rtpsynth/audio/voice_sender.hpp>
#include <rtpsynth/rtp/packet.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace voice_sender_test {

using namespace rtpsynth;
using std::chrono::milliseconds;
using pcm = std::vector<std::int16_t>;
using bytes = std::vector<std::uint8_t>;

constexpr std::uint8_t pcmu = 0, noise = 13, event = 101;
constexpr stream_origin origin{.ssrc = 7, .timestamp = 0xffff'ff00, .seq = 0xfffe};
constexpr time_point start{std::chrono::seconds(1000)};

inline sender_codec codec(std::string_view name = "PCMU/8000", std::uint8_t type = pcmu) {
    return {codec_set().make_encoder(name), type, event, noise};
}

inline pcm tone(std::size_t n, std::uint32_t rate, std::size_t from = 0) {
    pcm made(n);
    for (std::size_t i = 0; i < n; ++i)
        made[i] = static_cast<std::int16_t>(
            std::lrint(12000 * std::sin(2 * 3.14159265358979 * 440 *
                                        static_cast<double>((from + i) % rate) / rate)));
    return made;
}

struct packet {
    sent_kind kind;
    time_point at;
    std::uint8_t type;
    bool marker;
    std::uint16_t seq;
    std::uint32_t timestamp;
    std::uint32_t ssrc;
    bytes payload;
};

// Each call of tick() is a tick later.
class fixture {
public:
    explicit fixture(const voice_sender_options& o = {}, sender_codec c = codec())
        : sender(std::move(c), origin, start, o), ptime(o.ptime) {}

    sent_kind tick() {
        const sent_kind kind = send();
        now += ptime;
        return kind;
    }
    // At \p now, which may be any time.
    sent_kind send() {
        out.resize(sender.max_packet());
        const sent_tick t = sender.next(now, out).value();
        ended.insert(ended.end(), t.ended.begin(), t.ended.end());
        BOOST_REQUIRE_EQUAL(t.size != 0, t.kind != sent_kind::nothing);
        if (t.size != 0) {
            const auto view = rtp_packet_view::parse(std::span(out).first(t.size)).value();
            const auto payload = view.payload();
            sent.push_back({t.kind, now, view.payload_type(), view.marker(), view.seq(),
                            view.timestamp(), view.ssrc(), bytes(payload.begin(), payload.end())});
        }
        return t.kind;
    }
    void ticks(std::size_t n) {
        for (std::size_t i = 0; i < n; ++i) tick();
    }
    void push(const pcm& audio, std::uint64_t item = 1) {
        BOOST_REQUIRE_EQUAL(sender.push(audio, item).value(), audio.size());
    }

    voice_sender sender;
    duration ptime;
    time_point now = start;
    bytes out;
    std::vector<packet> sent;
    std::vector<played_item> ended;
};

} // namespace voice_sender_test
