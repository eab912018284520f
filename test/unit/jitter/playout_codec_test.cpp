#include <boost/test/unit_test.hpp>

#include "playout_fixture.hpp"

#include <rtpsynth/audio/packet_loss_concealer.hpp>

#include <memory>
#include <utility>

// Playout of codecs that have a state, audio of another rate than their clock, a concealment of
// their own, or that repeat the packet before; and ticks that are no packets.

using namespace playout_test;

namespace {

constexpr std::uint8_t dynamic = 96;

struct decoder_calls {
    std::size_t refused = 0; // payloads that samples() would not take
    std::size_t concealed = 0, recovered = 0, resets = 0;
    std::size_t recovers = 320; // samples, at most
};

// 20 ms at 16 kHz of the payload's first byte, times 64; the second one is that of the packet
// before. Its clock is 8 kHz. A first byte of 0xff is no payload.
class repeating_decoder : public audio_decoder {
public:
    explicit repeating_decoder(decoder_calls& calls)
        : audio_decoder({16000, 8000}), calls_(calls) {}

    result<std::size_t> samples(std::span<const std::uint8_t> payload) const noexcept override {
        if (payload.size() != 2 || payload[0] == 0xff) return errc::bad_payload;
        return std::size_t{320};
    }
    result<std::size_t> decode(std::span<const std::uint8_t> payload,
                               std::span<std::int16_t> pcm) noexcept override {
        const auto n = samples(payload);
        if (!n) ++calls_.refused;
        if (!n) return n;
        std::fill_n(pcm.begin(), *n, level(payload[0]));
        return n;
    }
    bool conceals() const noexcept override { return true; }
    std::size_t conceal(std::span<std::int16_t> pcm) noexcept override {
        ++calls_.concealed;
        std::fill(pcm.begin(), pcm.end(), std::int16_t{0});
        return pcm.size();
    }
    std::size_t recover(std::span<const std::uint8_t> next,
                        std::span<std::int16_t> pcm) noexcept override {
        const std::size_t n = std::min(pcm.size(), calls_.recovers);
        if (!samples(next)) {
            ++calls_.refused;
            return 0;
        }
        if (n < calls_.recovers) return 0;
        ++calls_.recovered;
        std::fill_n(pcm.begin(), n, level(next[1]));
        return n;
    }
    void reset() noexcept override { ++calls_.resets; }

    static std::int16_t level(int byte) { return static_cast<std::int16_t>(64 * byte); }

private:
    decoder_calls& calls_;
};

// Packets of 20 ms, of which each repeats the one before, and ticks of any length.
class wide_call {
public:
    explicit wide_call(duration delay = milliseconds(60))
        : p({.rate = 16000, .initial_delay = delay, .min_delay = delay}) {
        p.add_decoder(dynamic, std::make_unique<repeating_decoder>(calls));
        p.add_comfort_noise(noise);
    }
    // Sends what is due, and pulls. Packet \p lost is not sent, nor is one behind \p last.
    playout_kind tick(std::size_t size) {
        for (; n * 320 <= pulled; ++n) {
            if (n == lost || n > last) continue;
            const auto byte = static_cast<std::uint8_t>(n % 2 == 0 ? 60 : 90);
            std::vector<std::uint8_t> payload{byte, static_cast<std::uint8_t>(150 - byte)};
            if (n == broken) payload = {0xff, 0xff};
            BOOST_REQUIRE(p.insert(
                datagram(
                    {.seq = static_cast<std::uint16_t>(n), .timestamp = n * 160, .type = dynamic},
                    payload),
                time_point(milliseconds(20) * n)));
        }
        const time_point now(std::chrono::nanoseconds(62'500) * pulled + milliseconds(5));
        pulled += static_cast<unsigned>(size);
        pcm.resize(size);
        const playout_kind kind = p.pull(now, pcm);
        heard.insert(heard.end(), pcm.begin(), pcm.end());
        return kind;
    }

    // How many packets were heard, of which each has another level than the one before; 0 if two
    // have the same.
    std::size_t levels() const {
        std::size_t count = 0, run = 0;
        int level = 0;
        for (std::size_t i = 1; i < heard.size(); ++i) {
            run = heard[i] == heard[i - 1] ? run + 1 : 0;
            const bool is_level = heard[i] == repeating_decoder::level(60) ||
                                  heard[i] == repeating_decoder::level(90);
            if (!is_level || run != 100) continue;
            if (heard[i] == level) return 0;
            level = heard[i];
            ++count;
        }
        return count;
    }

    decoder_calls calls;
    playout p;
    unsigned n = 0, pulled = 0, lost = ~0U, broken = ~0U, last = ~0U - 1;
    std::vector<std::int16_t> pcm, heard;
};

constexpr std::array<std::size_t, 7> tick_sizes{160, 256, 320, 480, 512, 960, 1000};

} // namespace

BOOST_AUTO_TEST_CASE(a_lost_packet_that_the_next_repeats_is_recovered_whatever_a_tick_is) {
    for (const std::size_t size : tick_sizes) {
        BOOST_TEST_CONTEXT("ticks of " << size) {
            wide_call c;
            c.lost = 50;
            std::size_t concealed = 0;
            while (c.pulled < 320 * 100) concealed += c.tick(size) == playout_kind::concealed;
            BOOST_CHECK_EQUAL(c.calls.recovered, 1);
            BOOST_CHECK_EQUAL(c.calls.concealed, 0);
            // Each tick that has some of it: 320 samples lie in so many.
            const std::size_t least = (320 + size - 1) / size;
            BOOST_CHECK_GE(concealed, least);
            BOOST_CHECK_LE(concealed, least + 1);
            BOOST_CHECK_EQUAL(c.p.stats().late + c.p.stats().discarded, 0);
            BOOST_CHECK_GE(c.levels(), 90); // it is heard as it was sent
        }
    }
}

// What is heard of 20 packets, of which the 11th is lost and the next is in the buffer already. The
// first one is left out: it is faded in.
std::vector<std::int16_t> heard_with_a_gap(const char* rtpmap) {
    playout p({.rate = 16000, .initial_delay = milliseconds(60), .min_delay = milliseconds(60)});
    p.add_decoder(dynamic, codec_set().make_decoder(rtpmap));
    const auto encoder = codec_set().make_encoder(rtpmap);
    std::vector<std::int16_t> heard;
    fields f{.type = dynamic};
    time_point now{std::chrono::seconds(1000)};
    for (std::size_t n = 0; n != 20; ++n) {
        std::array<std::int16_t, 320> pcm;
        for (std::size_t i = 0; i != pcm.size(); ++i) pcm[i] = tone(n * 160 + i / 2);
        std::vector<std::uint8_t> payload(encoder->max_payload(pcm.size()));
        BOOST_REQUIRE(encoder->encode(pcm, payload));
        if (n != 10) BOOST_REQUIRE(p.insert(datagram(f, payload), now));
        ++f.seq;
        f.timestamp +=
            static_cast<std::uint32_t>(320 / (encoder->rates().audio / encoder->rates().clock));
        now += milliseconds(20);
        if (p.pull(now + milliseconds(1), pcm) == playout_kind::silence) continue;
        heard.insert(heard.end(), pcm.begin(), pcm.end());
    }
    heard.erase(heard.begin(), heard.begin() + 320);
    return heard;
}

// The same, without a buffer.
std::vector<std::int16_t> filled_gap(const char* rtpmap, bool from_both_sides) {
    const auto encoder = codec_set().make_encoder(rtpmap);
    const auto decoder = codec_set().make_decoder(rtpmap);
    packet_loss_concealer concealer(16000);
    std::vector<std::int16_t> heard;
    for (std::size_t n = 0; n != 20; ++n) {
        std::array<std::int16_t, 320> pcm;
        for (std::size_t i = 0; i != pcm.size(); ++i) pcm[i] = tone(n * 160 + i / 2);
        std::vector<std::uint8_t> payload(encoder->max_payload(pcm.size()));
        BOOST_REQUIRE(encoder->encode(pcm, payload));
        if (n == 10) continue;
        BOOST_REQUIRE(decoder->decode(payload, pcm));
        if (n == 11) {
            std::array<std::int16_t, 320> gap;
            if (from_both_sides)
                concealer.conceal(gap, pcm);
            else
                concealer.conceal(gap);
            heard.insert(heard.end(), gap.begin(), gap.end());
        }
        concealer.receive(pcm);
        heard.insert(heard.end(), pcm.begin(), pcm.end());
    }
    heard.erase(heard.begin(), heard.begin() + 320);
    return heard;
}

BOOST_AUTO_TEST_CASE(a_gap_is_filled_from_behind_only_where_the_decoder_does_not_need_the_past) {
    for (const char* rtpmap : {"G722/8000", "L16/16000"}) {
        const auto heard = heard_with_a_gap(rtpmap);
        BOOST_REQUIRE_GT(heard.size(), 320U * 14);
        auto expected = filled_gap(rtpmap, rtpmap[0] == 'L');
        expected.resize(heard.size());
        BOOST_TEST(heard == expected, boost::test_tools::per_element());
        expected = filled_gap(rtpmap, rtpmap[0] != 'L');
        expected.resize(heard.size());
        BOOST_TEST((heard != expected));
    }
}

BOOST_AUTO_TEST_CASE(what_recover_did_not_make_is_concealed_before_it) {
    wide_call c;
    c.lost = 50;
    c.calls.recovers = 200;
    while (c.pulled < 320 * 100) c.tick(320);
    BOOST_CHECK_EQUAL(c.calls.recovered, 1);
    BOOST_CHECK_EQUAL(c.calls.concealed, 0); // the decoder is not advanced twice
    BOOST_CHECK_GE(c.levels(), 90);
}

BOOST_AUTO_TEST_CASE(a_payload_that_is_refused_does_not_reach_the_decoder) {
    for (const std::size_t size : tick_sizes) {
        for (const unsigned lost : {~0U, 49U}) {
            wide_call c;
            c.lost = lost;
            c.broken = 50;
            while (c.pulled < 320 * 100) c.tick(size);
            BOOST_CHECK_EQUAL(c.calls.refused, 0);
            BOOST_CHECK_EQUAL(c.p.stats().discarded, 1);
            BOOST_CHECK_EQUAL(c.p.stats().late, 0);
        }
    }
}

BOOST_AUTO_TEST_CASE(comfort_noise_after_a_loss_is_heard) {
    fixture x;
    x.begin();
    x.lose();
    x.pull();
    x.f.type = noise;
    BOOST_REQUIRE(x.p.insert(datagram(x.f, {40}), x.now));
    ++x.f.seq;
    x.f.type = pcmu;
    x.skip();
    x.pull();
    for (int i = 0; i < 20; ++i) {
        x.skip();
        BOOST_CHECK_EQUAL(x.pull(), playout_kind::comfort_noise);
    }
    BOOST_CHECK_EQUAL(x.p.stats().discarded, 0);
    BOOST_CHECK_LE(x.p.stats().ticks_of(playout_kind::concealed), 2);
    const auto before = x.p.stats();
    for (int i = 0; i < 50; ++i) x.tick();
    BOOST_CHECK_EQUAL(x.p.stats().played + x.p.stats().waiting,
                      before.played + before.waiting + 50);
}

BOOST_AUTO_TEST_CASE(a_pause_of_which_packets_are_lost_is_not_concealed) {
    for (const std::uint8_t type : {event, noise}) {
        fixture x({.min_delay = milliseconds(100)}); // what follows it waits already
        x.begin();
        const auto before = x.p.stats().played + x.p.stats().waiting;
        x.f.type = type;
        BOOST_REQUIRE(x.p.insert(datagram(x.f, {60, 10, 0, 160}), x.now));
        x.f.type = pcmu;
        x.lose();
        x.pull();
        x.lose();
        x.pull();
        for (int i = 0; i < 50; ++i) x.tick();
        BOOST_CHECK_EQUAL(x.p.stats().ticks_of(playout_kind::concealed), 0);
        BOOST_CHECK_EQUAL(x.p.stats().played + x.p.stats().waiting, before + 51);
    }
}

BOOST_AUTO_TEST_CASE(comfort_noise_has_the_spectrum_that_the_sender_described) {
    for (const int k : {27, 227}) { // reflection coefficients of -0.79 and 0.79
        fixture x;
        x.begin();
        x.f.type = noise;
        BOOST_REQUIRE(x.p.insert(datagram(x.f, {30, static_cast<std::uint8_t>(k)}), x.now));
        for (int i = 0; i < 100; ++i) x.pull();
        const auto* const pcm = &x.heard[x.heard.size() - 14000];
        double power = 0, next = 0;
        for (int i = 0; i < 13999; ++i) {
            power += double{1} * pcm[i] * pcm[i];
            next += double{1} * pcm[i] * pcm[i + 1];
        }
        BOOST_CHECK_SMALL(next / power + 258.0 * (k - 127) / 32768, 0.05);
    }
}

BOOST_AUTO_TEST_CASE(a_restart_begins_with_a_new_decoder) {
    // A loud sender, a pause, and a quiet one, of G.722, whose decoder adapts to what it heard.
    constexpr unsigned end = 100, begin = 125;
    const codec_set codecs;
    playout p({.rate = 16000});
    p.add_decoder(9, codecs.make_decoder("G722/8000"));
    unsigned random = 1;
    std::array<std::int16_t, 320> in{}, out{};
    std::vector<std::uint8_t> payload(160);
    int loudest = 0;
    auto encoder = codecs.make_encoder("G722/8000");
    for (unsigned i = 0; i < 160; ++i) {
        const bool is_second = i >= begin;
        if (i == begin) encoder = codecs.make_encoder("G722/8000");
        for (unsigned k = 0; k < 320; ++k) {
            random = random * 1664525 + 1013904223;
            in[k] = static_cast<std::int16_t>(is_second
                                                  ? std::lrint(200 * std::sin((i * 320 + k) * 0.2))
                                                  : static_cast<long>(random >> 17) - 16384);
        }
        BOOST_REQUIRE(encoder->encode(in, payload));
        const fields f{.seq = static_cast<std::uint16_t>(is_second ? i + 5000 : i),
                       .timestamp = i * 160 + (is_second ? 77777 : 0),
                       .ssrc = is_second ? 2U : 1U,
                       .type = 9};
        const time_point now(milliseconds(20) * i);
        if (i < end || is_second) BOOST_REQUIRE(p.insert(datagram(f, payload), now));
        p.pull(now + milliseconds(5), out);
        if (!is_second) continue;
        for (const int x : out) loudest = std::max(loudest, std::abs(x));
    }
    BOOST_CHECK_EQUAL(p.stats().restarts, 1);
    BOOST_CHECK_LT(loudest, 300);
    BOOST_CHECK_GT(loudest, 100);
}

BOOST_AUTO_TEST_CASE(a_restart_resets_the_decoder_once) {
    wide_call c;
    while (c.pulled < 320 * 50) c.tick(320);
    const std::size_t before = c.calls.resets;
    for (unsigned i = 0; i < 50; ++i) {
        const fields f{.seq = static_cast<std::uint16_t>(9000 + i),
                       .timestamp = 5555 + 160 * i,
                       .ssrc = 2,
                       .type = dynamic};
        const time_point now(milliseconds(20) * (50 + i));
        BOOST_REQUIRE(c.p.insert(datagram(f, {60, 60}), now));
        c.p.pull(now + milliseconds(5), c.pcm);
    }
    BOOST_CHECK_EQUAL(c.p.stats().restarts, 1);
    BOOST_CHECK_EQUAL(c.calls.resets, before + 1);
    BOOST_CHECK_EQUAL(c.calls.recovered + c.calls.concealed, 0);
}
