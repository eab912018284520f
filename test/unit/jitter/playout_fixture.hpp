// A call for tests of playout: a sender of a tone in packets of PCMU, and a receiver.
#pragma once

#include <boost/test/unit_test.hpp>

#include <rtpsynth/audio/codec_set.hpp>
#include <rtpsynth/audio/g711.hpp>
#include <rtpsynth/jitter/playout.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <ostream>
#include <vector>

namespace boost::test_tools::tt_detail {
template <>
struct print_log_value<rtpsynth::playout_kind> {
    void operator()(std::ostream& out, rtpsynth::playout_kind kind) {
        out << static_cast<int>(kind);
    }
};
} // namespace boost::test_tools::tt_detail

namespace playout_test {

using namespace rtpsynth;
using std::chrono::milliseconds;

constexpr std::uint8_t pcmu = 0, noise = 13, event = 101;

// A tone of 200 Hz at \p position, 8 kHz.
inline std::int16_t tone(std::size_t position) {
    return static_cast<std::int16_t>(
        std::lrint(8000 * std::sin(2 * 3.14159265 * static_cast<double>(position % 40) / 40)));
}

struct fields {
    std::uint16_t seq = 0;
    std::uint32_t timestamp = 0;
    std::uint32_t ssrc = 1;
    std::uint8_t type = pcmu;
};

inline std::vector<std::uint8_t> datagram(const fields& f,
                                          const std::vector<std::uint8_t>& payload) {
    std::vector<std::uint8_t> d{0x80, f.type};
    for (int shift = 8; shift >= 0; shift -= 8)
        d.push_back(static_cast<std::uint8_t>(f.seq >> shift));
    for (const std::uint32_t x : {f.timestamp, f.ssrc})
        for (int shift = 24; shift >= 0; shift -= 8)
            d.push_back(static_cast<std::uint8_t>(x >> shift));
    d.insert(d.end(), payload.begin(), payload.end());
    return d;
}

// A sender of the tone in packets of 20 ms, and a receiver that pulls every 20 ms, 1 ms later.
class fixture {
public:
    explicit fixture(const playout_options& o = {}) : p(o) {
        p.add_decoder(pcmu, codec_set().make_decoder("PCMU/8000"));
        p.add_comfort_noise(noise);
        p.add_event(event);
        f.seq = 65530; // both wrap soon
        f.timestamp = 0U - 160 * 3;
    }

    // Puts in the packet that is due now, \p late after it was sent.
    void send(duration late = {}, unsigned samples = 160) {
        std::vector<std::uint8_t> payload(samples);
        for (unsigned i = 0; i < samples; ++i) payload[i] = ulaw_encode(tone(position + i));
        BOOST_REQUIRE(p.insert(datagram(f, payload), now + late));
        skip(samples);
        ++f.seq;
    }
    // The audio goes on, but nothing is sent.
    void skip(unsigned samples = 160) {
        f.timestamp += samples;
        position += samples;
    }
    void lose() {
        skip();
        ++f.seq;
    }
    playout_kind pull() {
        now += milliseconds(20);
        const playout_kind kind = p.pull(now + milliseconds(1), pcm);
        heard.insert(heard.end(), pcm.begin(), pcm.end());
        return kind;
    }
    playout_kind tick() {
        send();
        return pull();
    }
    // A call that has settled: a delay that is too long by a tick is kept for 2 s of a loud tone.
    void begin() {
        for (int i = 0; i < 150; ++i) tick();
    }
    int largest_step() const {
        int most = 0;
        for (std::size_t i = 1; i < heard.size(); ++i)
            most = std::max(most, std::abs(heard[i] - heard[i - 1]));
        return most;
    }

    playout p;
    fields f;
    time_point now{std::chrono::seconds(1000)};
    std::size_t position = 0;
    std::array<std::int16_t, 160> pcm{};
    std::vector<std::int16_t> heard;
};

// Of the tone itself, with the steps of PCMU: 1,251 and 256.
constexpr int step_of_tone = 1600;

} // namespace playout_test
