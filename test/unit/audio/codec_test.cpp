#include <boost/test/unit_test.hpp>

#include "codec_tools.hpp"

#include <rtpsynth/audio/codec_set.hpp>
#include <rtpsynth/audio/g711.hpp>

#include <random>
#include <stdexcept>
#include <string>
#include <vector>

using namespace rtpsynth;
using namespace codec_tools;

namespace {

pcm noise(std::size_t n) {
    std::mt19937 random(3);
    pcm audio(n);
    for (std::int16_t& sample : audio) sample = static_cast<std::int16_t>(random());
    return audio;
}

std::string refusal(const codec_set& codecs, const std::string& encoding,
                    const codec_parameters& parameters = {}) {
    std::string message = "made";
    try {
        codecs.make_encoder(encoding, parameters);
    } catch (const std::invalid_argument& e) {
        message = e.what();
    }
    // Both sides refuse in the same words.
    try {
        codecs.make_decoder(encoding, parameters);
        BOOST_TEST(message == "made");
    } catch (const std::invalid_argument& e) {
        BOOST_TEST(message == e.what());
    }
    return message;
}

} // namespace

BOOST_AUTO_TEST_CASE(g711_is_what_the_functions_do) {
    const codec_set codecs;
    const pcm audio = noise(480);
    for (const bool a_law : {false, true}) {
        const char* name = a_law ? "PCMA/8000" : "pcmu/8000/1";
        bytes expected(audio.size());
        a_law ? alaw_encode(audio, expected) : ulaw_encode(audio, expected);
        pcm back(audio.size());
        a_law ? alaw_decode(expected, back) : ulaw_decode(expected, back);
        const auto encoder = codecs.make_encoder(name);
        const auto decoder = codecs.make_decoder(name);
        BOOST_TEST(encoded(*encoder, audio) == expected, boost::test_tools::per_element());
        BOOST_TEST(decoded(*decoder, expected) == back, boost::test_tools::per_element());
        BOOST_CHECK(encoder->rates() == (codec_rates{8000, 8000}));
        BOOST_CHECK(decoder->rates() == (codec_rates{8000, 8000}));
    }
}

BOOST_AUTO_TEST_CASE(l16_is_in_network_order) {
    const codec_set codecs;
    const pcm audio{0, 1, -1, 0x1234, 32767, -32768};
    const bytes payload{0, 0, 0, 1, 0xff, 0xff, 0x12, 0x34, 0x7f, 0xff, 0x80, 0};
    const auto encoder = codecs.make_encoder("L16/44100");
    const auto decoder = codecs.make_decoder("L16/44100");
    BOOST_TEST(encoded(*encoder, audio) == payload, boost::test_tools::per_element());
    BOOST_TEST(decoded(*decoder, payload) == audio, boost::test_tools::per_element());
    BOOST_CHECK(decoder->rates() == (codec_rates{44100, 44100}));
}

BOOST_AUTO_TEST_CASE(two_channels_are_one_mixed) {
    const codec_set codecs;
    const auto encoder = codecs.make_encoder("L16/44100/2");
    const auto decoder = codecs.make_decoder("L16/44100/2");
    const bytes both{0x12, 0x34, 0x12, 0x34, 0x80, 0, 0x80, 0};
    BOOST_TEST(encoded(*encoder, {0x1234, -32768}) == both, boost::test_tools::per_element());
    const pcm mean{0x1234, -32768, 0, 150};
    const bytes different{0x12, 0x34, 0x12, 0x34, 0x80, 0,   0x80, 0,
                          0x7f, 0xff, 0x80, 0,    0,    100, 0,    200};
    BOOST_TEST(decoded(*decoder, different) == mean, boost::test_tools::per_element());
    const bytes half(6);
    BOOST_CHECK(decoder->samples(half).error() == errc::bad_payload);
}

BOOST_AUTO_TEST_CASE(rates_that_are_not_known_convert_to_0) {
    static_assert(codec_rates{}.to_clock(160) == 0 && codec_rates{}.to_samples(160) == 0);
    BOOST_TEST((codec_rates{0, 8000}).to_clock(160) == 0U);
    BOOST_TEST((codec_rates{8000, 0}).to_samples(160) == 0U);
}

BOOST_AUTO_TEST_CASE(g722_has_two_rates) {
    const codec_set codecs;
    const auto encoder = codecs.make_encoder("G722/8000");
    const auto decoder = codecs.make_decoder("G722/8000");
    const codec_rates rates = encoder->rates();
    BOOST_CHECK(rates == (codec_rates{16000, 8000}));
    BOOST_CHECK(rates == decoder->rates());
    BOOST_TEST(rates.to_clock(320) == 160U);
    BOOST_TEST(rates.to_samples(160) == 320U);
    const pcm audio = noise(320);
    const bytes payload = encoded(*encoder, audio);
    BOOST_TEST(payload.size() == 160U);
    const pcm back = decoded(*decoder, payload);
    BOOST_TEST(back.size() == 320U);
    // After a reset as at the beginning, and not so without.
    BOOST_TEST(encoded(*encoder, audio) != payload);
    encoder->reset();
    decoder->reset();
    BOOST_TEST(encoded(*encoder, audio) == payload, boost::test_tools::per_element());
    BOOST_TEST(decoded(*decoder, payload) == back, boost::test_tools::per_element());
}

// 2.5 to 120 ms, and the rates at which L16 and G.711 are used.
BOOST_AUTO_TEST_CASE(packets_of_any_usual_length) {
    const codec_set codecs;
    for (const char* name : {"PCMU/8000", "PCMA/16000", "G722/8000", "L16/48000", "L16/11025/2"}) {
        const auto encoder = codecs.make_encoder(name);
        const auto decoder = codecs.make_decoder(name);
        for (const unsigned tenths : {25U, 50U, 100U, 200U, 300U, 400U, 600U, 1200U}) {
            const std::size_t samples = encoder->rates().audio * tenths / 10000 / 2 * 2;
            const bytes payload = encoded(*encoder, noise(samples));
            BOOST_TEST(payload.size() == encoder->max_payload(samples));
            BOOST_TEST(decoded(*decoder, payload).size() == samples);
        }
    }
}

BOOST_AUTO_TEST_CASE(wrong_sizes_are_errors) {
    const codec_set codecs;
    pcm audio(160);
    bytes payload(640);
    for (const char* name : {"PCMU/8000", "PCMA/8000", "G722/8000", "L16/8000", "L16/8000/2"}) {
        const auto encoder = codecs.make_encoder(name);
        const auto decoder = codecs.make_decoder(name);
        const std::size_t room = encoder->max_payload(audio.size());
        BOOST_CHECK(encoder->encode({}, payload).error() == errc::bad_frame_size);
        BOOST_CHECK(encoder->encode(audio, {payload.data(), room - 1}).error() ==
                    errc::buffer_too_small);
        BOOST_TEST(encoder->encode(audio, payload).value() == room);
        BOOST_CHECK(decoder->samples({}).error() == errc::bad_payload);
        BOOST_CHECK(decoder->decode({}, audio).error() == errc::bad_payload);
        BOOST_CHECK(decoder->decode({payload.data(), room}, {audio.data(), 159}).error() ==
                    errc::buffer_too_small);
        BOOST_TEST(!decoder->conceals());
        BOOST_TEST(decoder->conceal(audio) == 0U);
        BOOST_TEST(decoder->recover({payload.data(), room}, audio) == 0U);
    }
    const auto g722 = codecs.make_encoder("G722/8000");
    BOOST_CHECK(g722->encode({audio.data(), 159}, payload).error() == errc::bad_frame_size);
    const auto l16 = codecs.make_decoder("L16/8000");
    BOOST_CHECK(l16->decode({payload.data(), 3}, audio).error() == errc::bad_payload);
}

BOOST_AUTO_TEST_CASE(a_refusal_names_what_is_wrong) {
    const codec_set codecs;
    BOOST_TEST(refusal(codecs, "PCMU/8000") == "made");
    BOOST_TEST(refusal(codecs, "PCMU/8000", {.audio_rate = 8000}) == "made");
    BOOST_TEST(refusal(codecs, "G729/8000") == "codec \"G729/8000\": unknown name");
    BOOST_TEST(refusal(codecs, "PCMU") ==
               "codec \"PCMU\": not name/clock-rate or name/clock-rate/channels");
    BOOST_TEST(refusal(codecs, "PCMU/0").find("not name/clock-rate") != std::string::npos);
    BOOST_TEST(refusal(codecs, "G722/16000") ==
               "codec \"G722/16000\": clock rate 16000 is not 8000");
    BOOST_TEST(refusal(codecs, "G722/8000/2") ==
               "codec \"G722/8000/2\": number of channels 2 is not 1");
    BOOST_TEST(refusal(codecs, "PCMA/8000/2") ==
               "codec \"PCMA/8000/2\": number of channels 2 is not 1");
    BOOST_TEST(refusal(codecs, "L16/48000/6") ==
               "codec \"L16/48000/6\": number of channels 6 is not 1 or 2");
    BOOST_TEST(refusal(codecs, "G722/8000", {.audio_rate = 8000}) ==
               "codec \"G722/8000\": audio rate 8000 is not 16000");
    BOOST_TEST(refusal(codecs, "a\n\x80/1") ==
               "codec \"a?"
               "?/1\": not name/clock-rate or name/clock-rate/channels");
    BOOST_TEST(refusal(codecs, std::string(1000, 'x')).size() < 200U);
}

BOOST_AUTO_TEST_CASE(codecs_are_added_and_replaced) {
    codec_set codecs;
    BOOST_TEST(codecs.find("pcmu"));
    BOOST_TEST(!codecs.find("mine"));
    const audio_codec l16 = *codecs.find("L16");
    codecs.add({"mine", l16.make_encoder, l16.make_decoder});
    BOOST_TEST(codecs.make_encoder("MINE/8000")->max_payload(1) == 2U);
    codecs.add({"pcmu", l16.make_encoder, l16.make_decoder});
    BOOST_TEST(codecs.make_encoder("PCMU/8000")->max_payload(1) == 2U);
    BOOST_CHECK_THROW(codecs.add({"", l16.make_encoder, l16.make_decoder}), std::invalid_argument);
    BOOST_CHECK_THROW(codecs.add({"x", nullptr, l16.make_decoder}), std::invalid_argument);
    BOOST_CHECK_THROW(codecs.add({"x", l16.make_encoder, nullptr}), std::invalid_argument);
}
