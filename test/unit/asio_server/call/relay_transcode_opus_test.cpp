// Transcoding to and from opus, whose clock is 48 kHz.
#include <boost/test/unit_test.hpp>

#include "call/transcode_fixture.hpp"

#include <rtpsynth/audio/opus.hpp>

namespace {

using namespace rtpsynth;
using namespace rtpsynth::asio_server;

codec_set with_opus() {
    codec_set codecs;
    codecs.add(opus_codec());
    return codecs;
}

const voice_codec opus{"opus/48000/2", 111, "usedtx=1;useinbandfec=1"};

BOOST_AUTO_TEST_CASE(a_tone_survives_both_ways) {
    for (const voice_codec& other :
         {voice_codec{"PCMU/8000", 0, {}}, {"G722/8000", 9, {}}, {"L16/48000", 98, {}}})
        for (const bool to_opus : {true, false})
            BOOST_TEST_CONTEXT(other.encoding << (to_opus ? " to" : " from") << " opus") {
                const voice_codec &source = to_opus ? other : opus,
                                  &target = to_opus ? opus : other;
                two_legs r{transcoding({{source, target}}, with_opus())};
                tone_sender sender{r.codecs, source.encoding, *source.payload_type};
                tone_listener listener{r.codecs, target.encoding};
                std::optional<std::uint32_t> due;
                for (int i = 0; i != 100; ++i) {
                    const byte_vector packet = r.heard(sender, 20);
                    BOOST_TEST(parsed(packet).payload_type() == *target.payload_type);
                    if (due) BOOST_TEST(parsed(packet).timestamp() == *due);
                    due = parsed(packet).timestamp() + listener.hear(packet, i >= 25);
                }
                BOOST_TEST(listener.tone.snr() > 12);
                BOOST_TEST(std::abs(20 * std::log10(listener.tone.amplitude() / 8000)) < 1.5);
            }
}

BOOST_AUTO_TEST_CASE(silence_is_sent_too_and_no_number_is_left_out) {
    two_legs r{transcoding({{{"PCMU/8000", 0, {}}, opus}}, with_opus())};
    std::optional<std::uint16_t> seq;
    for (unsigned i = 0; i != 200; ++i) {
        byte_vector silence = rtp_of(1, i, 0, 160);
        std::fill(silence.begin() + rtp_header_size, silence.end(), std::uint8_t{0xff});
        rtpsynth::detail::store_be32(&silence[4], 160 * i);
        r.now += 20ms;
        const auto packet = r.pass(silence);
        BOOST_REQUIRE(packet.has_value());
        if (seq) BOOST_TEST(parsed(*packet).seq() == static_cast<std::uint16_t>(*seq + 1));
        seq = parsed(*packet).seq();
    }
}

BOOST_AUTO_TEST_CASE(loss_of_opus_is_a_gap_and_the_codec_may_change_under_way) {
    two_legs r{transcoding(
        {{opus, {"PCMU/8000", 0, {}}}, {{"PCMA/8000", 8, {}}, {"PCMU/8000", 0, {}}}}, with_opus())};
    tone_sender one{r.codecs, "opus/48000/2", 111}, other{r.codecs, "PCMA/8000", 8};
    std::optional<std::uint16_t> first_seq;
    std::uint32_t first = 0;
    for (unsigned i = 0; i != 90; ++i) {
        const byte_vector sent = r.made(i / 30 % 2 ? other : one, 20);
        if (i % 10 == 4) continue;
        const auto packet = r.pass(sent);
        BOOST_REQUIRE(packet.has_value());
        if (!first_seq) {
            first_seq = parsed(*packet).seq();
            first = parsed(*packet).timestamp();
        }
        BOOST_TEST(parsed(*packet).seq() == static_cast<std::uint16_t>(*first_seq + i));
        BOOST_TEST(parsed(*packet).timestamp() == first + 160 * i);
        BOOST_TEST(parsed(*packet).payload().size() == 160U);
    }
}

BOOST_AUTO_TEST_CASE(opus_has_no_packets_of_30_ms) {
    two_legs r{transcoding({{{"PCMU/8000", 0, {}}, opus}}, with_opus())};
    tone_sender sender{r.codecs, "PCMU/8000", 0};
    BOOST_TEST(!r.pass(r.made(sender, 30)));
    BOOST_TEST(r.stats().undecodable == 1U);
    for (const int ms : {10, 20, 40, 60}) r.heard(sender, ms);
}

} // namespace
