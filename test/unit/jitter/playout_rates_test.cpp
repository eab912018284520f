#include <boost/test/unit_test.hpp>

#include "playout_fixture.hpp"

#include <string>
#include <utility>

// Playout of codecs whose audio has other rates than the playout.

using namespace playout_test;

// A call that changes between PCMU and G.722, with losses, as one hears it at any rate.
BOOST_AUTO_TEST_CASE(codecs_of_different_rates_share_a_playout) {
    for (const std::uint32_t rate : {8000U, 16000U, 24000U, 48000U}) {
        for (const bool is_lossy : {false, true}) {
            BOOST_TEST_CONTEXT("at " << rate << (is_lossy ? " with losses" : "")) {
                const codec_set codecs;
                auto encoder = codecs.make_encoder("G722/8000");
                playout p({.rate = rate});
                p.add_decoder(pcmu, codecs.make_decoder("PCMU/8000"));
                p.add_decoder(9, codecs.make_decoder("G722/8000"));
                std::vector<std::int16_t> pcm(rate / 50), wide(320), heard;
                std::vector<std::uint8_t> payload(160);
                std::size_t unspoken = 0, concealed = 0;
                for (unsigned n = 0; n < 500; ++n) {
                    const bool is_wide = n / 50 % 2 == 1;
                    for (unsigned i = 0; i < 160; ++i) payload[i] = ulaw_encode(tone(n * 160 + i));
                    for (unsigned i = 0; i < 320; ++i)
                        wide[i] = static_cast<std::int16_t>(
                            (tone((n * 320 + i) / 2) + tone((n * 320 + i + 1) / 2)) / 2);
                    if (is_wide) BOOST_REQUIRE(encoder->encode(wide, payload));
                    const fields f{.seq = static_cast<std::uint16_t>(n),
                                   .timestamp = n * 160,
                                   .type = is_wide ? std::uint8_t{9} : pcmu};
                    const time_point now(milliseconds(20) * n);
                    if (!is_lossy || n % 10 != 5)
                        BOOST_REQUIRE(p.insert(datagram(f, payload), now));
                    const playout_kind kind = p.pull(now + milliseconds(1), pcm);
                    if (n < 5) continue;
                    unspoken += kind > playout_kind::speech;
                    concealed += kind == playout_kind::concealed;
                    heard.insert(heard.end(), pcm.begin(), pcm.end());
                }
                int step = 0;
                for (std::size_t i = 1; i < heard.size(); ++i)
                    step = std::max(step, std::abs(heard[i] - heard[i - 1]));
                const int scale = static_cast<int>(rate / 8000);
                BOOST_CHECK_LE(step, 2 * 1251 / scale + 512);
                BOOST_CHECK_EQUAL(p.stats().late + p.stats().discarded + p.stats().restarts, 0);
                BOOST_CHECK(is_lossy ? concealed >= 49 : concealed == 0);
                BOOST_CHECK_EQUAL(unspoken, 0);
            }
        }
    }
}

// A re-INVITE may replace the decoder of a payload type in mid-call.
BOOST_AUTO_TEST_CASE(a_decoder_that_is_replaced_makes_no_click) {
    for (const std::uint32_t rate : {8000U, 16000U, 48000U}) {
        playout p({.rate = rate});
        std::vector<std::int16_t> pcm(rate / 50), heard;
        std::vector<std::uint8_t> payload(160);
        for (unsigned n = 0; n < 300; ++n) {
            if (n % 37 == 0) p.add_decoder(pcmu, codec_set().make_decoder("PCMU/8000"));
            for (unsigned i = 0; i < 160; ++i) payload[i] = ulaw_encode(tone(n * 160 + i));
            const fields f{.seq = static_cast<std::uint16_t>(n), .timestamp = n * 160};
            const time_point now(milliseconds(20) * n);
            BOOST_REQUIRE(p.insert(datagram(f, payload), now));
            p.pull(now + milliseconds(1), pcm);
            heard.insert(heard.end(), pcm.begin(), pcm.end());
        }
        int step = 0;
        for (std::size_t i = 1; i < heard.size(); ++i)
            step = std::max(step, std::abs(heard[i] - heard[i - 1]));
        BOOST_CHECK_LE(step, 2 * 1251 * 8000 / static_cast<int>(rate) + 512);
    }
}

// Packets that are no whole number of samples at the playout's rate.
BOOST_AUTO_TEST_CASE(parts_of_a_sample_are_neither_lost_nor_missed) {
    for (const auto& [from, size] : {std::pair{44100U, 256U}, {22050U, 440U}, {11025U, 220U}}) {
        playout p({.rate = 16000});
        p.add_decoder(96, codec_set().make_decoder("L16/" + std::to_string(from)));
        std::vector<std::int16_t> pcm(320), heard;
        std::vector<std::uint8_t> payload(2 * size);
        std::uint64_t sent = 0;
        for (unsigned n = 0; n < 1000; ++n) {
            const time_point now(milliseconds(20) * n);
            for (; sent <= std::uint64_t{n} * from / 50; sent += size) {
                for (unsigned i = 0; i < size; ++i) {
                    const auto x = static_cast<std::uint16_t>(
                        std::lrint(8000 * std::sin(2 * 3.14159265 * 200 *
                                                   static_cast<double>(sent + i) / from)));
                    payload[2 * i] = static_cast<std::uint8_t>(x >> 8);
                    payload[2 * i + 1] = static_cast<std::uint8_t>(x);
                }
                const fields f{.seq = static_cast<std::uint16_t>(sent / size),
                               .timestamp = static_cast<std::uint32_t>(sent),
                               .type = 96};
                BOOST_REQUIRE(p.insert(datagram(f, payload), now));
            }
            p.pull(now + milliseconds(1), pcm);
            heard.insert(heard.end(), pcm.begin(), pcm.end());
        }
        BOOST_CHECK_EQUAL(p.stats().underruns + p.stats().late + p.stats().discarded, 0);
        // The tone alone, but where the delay was changed at first: the second half has no fault.
        double most = 0;
        for (std::size_t i = heard.size() / 2; i + 1 < heard.size(); ++i) {
            const double turn = 2 * std::cos(2 * 3.14159265 * 200 / 16000);
            most = std::max(most, std::abs(heard[i + 1] + heard[i - 1] - turn * heard[i]));
        }
        BOOST_TEST_MESSAGE(from << ": " << most);
        BOOST_CHECK_LT(most, 30);
    }
}

// What a resampler still had of the talkspurt before is not heard at the start of the next.
BOOST_AUTO_TEST_CASE(a_pause_ends_with_nothing_of_the_talkspurt_before_it) {
    playout p({.rate = 16000});
    p.add_decoder(pcmu, codec_set().make_decoder("PCMU/8000"));
    std::vector<std::int16_t> pcm(320);
    std::vector<std::uint8_t> payload(160);
    int loudest = 0;
    for (unsigned n = 0; n < 100; ++n) {
        const bool is_second = n >= 60;
        for (unsigned i = 0; i < 160; ++i)
            payload[i] = is_second ? 0xff : ulaw_encode(tone(n * 160 + i));
        const fields f{.seq = static_cast<std::uint16_t>(is_second ? n - 30 : n),
                       .timestamp = n * 160};
        const time_point now(milliseconds(20) * n);
        if (n < 30 || is_second) BOOST_REQUIRE(p.insert(datagram(f, payload), now));
        p.pull(now + milliseconds(1), pcm);
        if (is_second)
            for (const int x : pcm) loudest = std::max(loudest, std::abs(x));
    }
    BOOST_CHECK_EQUAL(p.stats().restarts, 0);
    BOOST_CHECK_EQUAL(loudest, 0);
}
