// Sources of packets for tests of stream_rewriter, and what comes out of it.
#pragma once

#include <boost/test/unit_test.hpp>

#include <rtpsynth/rtp/builder.hpp>
#include <rtpsynth/rtp/stream_rewriter.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <ostream>
#include <vector>

namespace rtpsynth {
inline std::ostream& boost_test_print_type(std::ostream& out, stream_rewriter::outcome outcome) {
    constexpr const char* names[] = {"forwarded", "switched", "late",     "overtaken",
                                     "unmapped",  "rejected", "malformed"};
    return out << names[static_cast<int>(outcome)];
}
} // namespace rtpsynth

namespace rewriter_test {

using namespace rtpsynth;
using std::chrono::milliseconds;
using outcome = stream_rewriter::outcome;
using bytes = std::vector<std::uint8_t>;

constexpr std::uint8_t pcmu = 0, noise = 13, event = 101;
constexpr stream_origin origin{.ssrc = 0xaaaa, .timestamp = 1000, .seq = 100};

struct fields {
    std::uint32_t ssrc = 1;
    std::uint16_t seq = 0;
    std::uint32_t timestamp = 0;
    std::uint8_t type = pcmu;
    bool marker = false;
};

inline bytes packet(const fields& f, const bytes& payload = bytes(160)) {
    bytes p{0x80, static_cast<std::uint8_t>(f.type | (f.marker ? 0x80 : 0))};
    for (int shift = 8; shift >= 0; shift -= 8)
        p.push_back(static_cast<std::uint8_t>(f.seq >> shift));
    for (const std::uint32_t x : {f.timestamp, f.ssrc})
        for (int shift = 24; shift >= 0; shift -= 8)
            p.push_back(static_cast<std::uint8_t>(x >> shift));
    p.insert(p.end(), payload.begin(), payload.end());
    return p;
}

inline fields fields_of(const bytes& p) {
    const auto view = rtp_packet_view::parse(p).value();
    return {view.ssrc(), view.seq(), view.timestamp(), view.payload_type(), view.marker()};
}

// A source whose packets are 20 ms of 8 kHz; each call makes the packet after the one before.
struct source {
    fields f;

    bytes next(const bytes& payload = bytes(160)) {
        const bytes p = packet(f, payload);
        ++f.seq;
        f.timestamp += 160;
        return p;
    }
    void skip() { next(); }
    // The audio goes on, but nothing is sent.
    void pause(std::uint32_t units) { f.timestamp += units; }
};

inline stream_rewriter_options with_events() {
    stream_rewriter_options options;
    options.formats.set(event, {8000, payload_kind::event});
    return options;
}

// A rewriter, and the time.
struct fixture {
    explicit fixture(const stream_rewriter_options& options = with_events(),
                     std::uint32_t clock_rate = 8000)
        : rewriter(clock_rate, origin, options) {}

    // Puts in a packet; what comes out is in `out`.
    outcome put(bytes p) {
        const outcome result = rewriter.rewrite(p, now);
        out = fields_of(p);
        return result;
    }
    // Puts in a packet that begins no segment, and 20 ms pass.
    void forward(bytes p) {
        BOOST_TEST(put(std::move(p)) == outcome::forwarded);
        now += milliseconds(20);
    }
    void begin(bytes p) {
        BOOST_TEST(put(std::move(p)) == outcome::switched);
        now += milliseconds(20);
    }

    stream_rewriter rewriter;
    time_point now{std::chrono::seconds(1000)};
    fields out;
};

} // namespace rewriter_test
