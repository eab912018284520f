#include <boost/test/unit_test.hpp>

#include "codec_tools.hpp"

#include <rtpsynth/audio/opus.hpp>

#include <opus.h>

#include <cmath>
#include <memory>
#include <numbers>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace rtpsynth;
using namespace codec_tools;

namespace {

codec_set with_opus() {
    codec_set codecs;
    codecs.add(opus_codec());
    return codecs;
}

const codec_set codecs = with_opus();

// Something like a voiced sound: a pitch of 150 Hz with its harmonics, and loudness that changes.
pcm voice(std::uint32_t rate, std::size_t from, std::size_t n) {
    pcm audio(n);
    for (std::size_t i = 0; i < n; ++i) {
        const double t = static_cast<double>(from + i) / rate;
        double sum = 0;
        for (int k = 1; k <= 12; ++k) sum += std::sin(2 * std::numbers::pi * 150 * k * t) / k;
        audio[i] = static_cast<std::int16_t>(5000 * sum * (0.6 + 0.4 * std::sin(9 * t)));
    }
    return audio;
}

double power(const pcm& audio) {
    double sum = 0;
    for (const std::int16_t sample : audio) sum += std::pow(sample, 2);
    return sum / static_cast<double>(audio.size());
}

// Packets of 20 ms of voice.
std::vector<bytes> stream(audio_encoder& encoder, std::size_t packets) {
    const std::uint32_t rate = encoder.rates().audio;
    std::vector<bytes> all;
    for (std::size_t i = 0; i < packets; ++i)
        all.push_back(encoded(encoder, voice(rate, i * rate / 50, rate / 50)));
    return all;
}

std::string refusal(const std::string& encoding, const codec_parameters& parameters = {}) {
    try {
        codecs.make_encoder(encoding, parameters);
        codecs.make_decoder(encoding, parameters);
    } catch (const std::invalid_argument& e) {
        return e.what();
    }
    return "made";
}

} // namespace

BOOST_AUTO_TEST_CASE(speech_comes_back_at_each_rate) {
    for (const std::uint32_t rate : {8000U, 12000U, 16000U, 24000U, 48000U}) {
        const auto encoder = codecs.make_encoder("opus/48000/2", {.audio_rate = rate});
        const auto decoder = codecs.make_decoder("opus/48000/2", {.audio_rate = rate});
        BOOST_CHECK(encoder->rates() == (codec_rates{rate, 48000}));
        BOOST_CHECK(decoder->rates() == encoder->rates());
        BOOST_TEST(encoder->rates().to_clock(rate / 50) == 960U);
        pcm heard;
        for (const bytes& payload : stream(*encoder, 50)) {
            const pcm audio = decoded(*decoder, payload);
            BOOST_TEST(audio.size() == rate / 50);
            heard.insert(heard.end(), audio.begin(), audio.end());
        }
        const double change = 10 * std::log10(power(heard) / power(voice(rate, 0, rate)));
        BOOST_TEST_CONTEXT(rate) { BOOST_TEST(std::abs(change) < 1.5); }
    }
    BOOST_TEST(codecs.make_decoder("opus/48000/2")->rates().audio == 48000U);
}

BOOST_AUTO_TEST_CASE(packets_of_2_5_to_120_ms) {
    for (const unsigned units : {1U, 2U, 4U, 8U, 16U, 24U, 32U, 40U, 48U}) {
        const auto encoder =
            codecs.make_encoder("opus/48000/2", {.fmtp = "maxaveragebitrate=510000"});
        const auto decoder = codecs.make_decoder("opus/48000/2");
        const bytes payload = encoded(*encoder, voice(48000, 0, 120 * units));
        BOOST_TEST(payload.size() <= 1275U);
        BOOST_TEST(decoded(*decoder, payload).size() == 120U * units);
    }
    const auto encoder = codecs.make_encoder("opus/48000/2");
    bytes payload(1275);
    for (const std::size_t wrong : {0U, 1U, 119U, 121U, 360U, 961U, 3000U, 5880U})
        BOOST_CHECK(encoder->encode(pcm(wrong), payload).error() == errc::bad_frame_size);
    BOOST_CHECK(encoder->encode(pcm(960), std::span{payload}.first(1274)).error() ==
                errc::buffer_too_small);
}

BOOST_AUTO_TEST_CASE(the_receiver_s_parameters_are_obeyed) {
    const auto size_with = [](std::string_view fmtp) {
        const auto encoder = codecs.make_encoder("opus/48000/2", {.fmtp = fmtp});
        std::size_t sum = 0;
        for (const bytes& payload : stream(*encoder, 50)) sum += payload.size();
        return sum;
    };
    const std::size_t usual = size_with("");
    BOOST_TEST(size_with("maxaveragebitrate=6000") < usual / 2);
    BOOST_TEST(size_with("maxaveragebitrate=64000") > usual);
    BOOST_TEST(size_with("maxaveragebitrate=x") == usual);
    // 50 packets of one size: 24 kbit/s.
    BOOST_TEST(size_with("cbr=1;maxaveragebitrate=24000") == 3000U);
    // The bandwidth stands in the first bits of a packet (RFC 6716 §3.1).
    const auto narrow = codecs.make_encoder("opus/48000/2", {.fmtp = "maxplaybackrate=8000"});
    for (const bytes& payload : stream(*narrow, 10)) BOOST_TEST((payload.at(0) >> 3) < 4);
}

BOOST_AUTO_TEST_CASE(silence_is_not_sent_with_dtx) {
    const auto sent = [](std::string_view fmtp) {
        const auto encoder =
            codecs.make_encoder("opus/48000/2", {.fmtp = fmtp, .audio_rate = 16000});
        std::size_t packets = 0;
        stream(*encoder, 20);
        for (int i = 0; i < 100; ++i) packets += encoded(*encoder, pcm(320)).empty() ? 0 : 1;
        return packets;
    };
    BOOST_TEST(sent("usedtx=1") < 30U);
    BOOST_TEST(sent("") == 100U);
}

BOOST_AUTO_TEST_CASE(a_lost_packet_is_recovered_from_the_next) {
    const auto encoder = codecs.make_encoder(
        "opus/48000/2", {.fmtp = "useinbandfec=1;maxaveragebitrate=32000", .audio_rate = 16000});
    const auto packets = stream(*encoder, 60);
    double recovered = 0;
    double concealed = 0;
    std::size_t repeated = 0;
    for (std::size_t lost = 20; lost < 50; ++lost) {
        const auto all = codecs.make_decoder("opus/48000/2", {.audio_rate = 16000});
        const auto fec = codecs.make_decoder("opus/48000/2", {.audio_rate = 16000});
        const auto plc = codecs.make_decoder("opus/48000/2", {.audio_rate = 16000});
        for (std::size_t i = 0; i < lost; ++i)
            for (audio_decoder* decoder : {all.get(), fec.get(), plc.get()})
                decoded(*decoder, packets[i]);
        const pcm original = decoded(*all, packets[lost]);
        pcm from_fec(320);
        pcm from_plc(320);
        if (fec->recover(packets[lost + 1], from_fec) != 320) continue;
        BOOST_TEST(plc->conceal(from_plc) == 320U);
        ++repeated;
        for (std::size_t i = 0; i < 320; ++i) {
            recovered += std::pow(from_fec[i] - original[i], 2);
            concealed += std::pow(from_plc[i] - original[i], 2);
        }
        BOOST_TEST(decoded(*fec, packets[lost + 1]).size() == 320U);
    }
    BOOST_TEST(repeated > 10U);
    BOOST_TEST(recovered < concealed);
}

BOOST_AUTO_TEST_CASE(what_repeats_nothing_recovers_nothing) {
    const auto encoder = codecs.make_encoder("opus/48000/2");
    const auto decoder = codecs.make_decoder("opus/48000/2");
    const auto packets = stream(*encoder, 10);
    pcm audio(960);
    for (const bytes& payload : packets) BOOST_TEST(decoder->recover(payload, audio) == 0U);
    BOOST_TEST(decoder->recover({}, audio) == 0U);
    const auto with_fec = codecs.make_encoder("opus/48000/2", {.fmtp = "useinbandfec=1"});
    BOOST_TEST(decoder->recover(stream(*with_fec, 30).back(), std::span{audio}.first(959)) == 0U);
}

BOOST_AUTO_TEST_CASE(concealment_is_whole_units) {
    const auto decoder = codecs.make_decoder("opus/48000/2");
    BOOST_TEST(decoder->conceals());
    pcm audio(10000);
    for (const auto& [room, made] : {std::pair{0U, 0U},
                                     {119U, 0U},
                                     {120U, 120U},
                                     {959U, 840U},
                                     {960U, 960U},
                                     {5760U, 5760U},
                                     {10000U, 5760U}})
        BOOST_TEST(decoder->conceal(std::span{audio}.first(room)) == made);
}

// With a tone on the left alone: the mean has a quarter of its power.
BOOST_AUTO_TEST_CASE(two_channels_are_mixed_down) {
    int error = 0;
    const std::unique_ptr<OpusEncoder, void (*)(OpusEncoder*)> stereo{
        opus_encoder_create(48000, 2, OPUS_APPLICATION_AUDIO, &error), opus_encoder_destroy};
    BOOST_REQUIRE_EQUAL(error, OPUS_OK);
    opus_encoder_ctl(stereo.get(), OPUS_SET_BITRATE(128000));
    const auto decoder = codecs.make_decoder("opus/48000/2");
    pcm heard;
    pcm left;
    for (std::size_t i = 0; i < 50; ++i) {
        const pcm tick = voice(48000, i * 960, 960);
        pcm both(1920);
        for (std::size_t k = 0; k < 960; ++k) both[2 * k] = tick[k];
        bytes payload(1275);
        payload.resize(static_cast<std::size_t>(
            opus_encode(stereo.get(), both.data(), 960, payload.data(), 1275)));
        BOOST_REQUIRE((payload.at(0) & 4) != 0); // stereo
        const pcm audio = decoded(*decoder, payload);
        BOOST_TEST(audio.size() == 960U);
        heard.insert(heard.end(), audio.begin(), audio.end());
        left.insert(left.end(), tick.begin(), tick.end());
    }
    BOOST_TEST(std::abs(10 * std::log10(power(heard) / power(left)) + 6.02) < 1.0);
}

BOOST_AUTO_TEST_CASE(any_payload_is_decoded_or_refused) {
    std::mt19937 random(4);
    const auto decoder = codecs.make_decoder("opus/48000/2", {.audio_rate = 8000});
    std::size_t taken = 0;
    for (int i = 0; i < 5000; ++i) {
        bytes payload(random() % 40);
        for (std::uint8_t& byte : payload) byte = static_cast<std::uint8_t>(random());
        const auto samples = decoder->samples(payload);
        pcm audio(samples ? *samples : 0);
        if (samples && *samples > 0) {
            const auto less = std::span{audio}.first(audio.size() - 1);
            BOOST_CHECK(decoder->decode(payload, less).error() == errc::buffer_too_small);
        }
        const auto made = decoder->decode(payload, audio);
        BOOST_TEST_REQUIRE(made.has_value() == samples.has_value());
        if (!made) continue;
        BOOST_TEST(*made == *samples);
        BOOST_TEST(*made <= 960U);
        ++taken;
    }
    BOOST_TEST(taken > 1000U);
    BOOST_CHECK(decoder->samples({}).error() == errc::bad_payload);
    BOOST_CHECK(decoder->samples(bytes(0x10000)).error() == errc::bad_payload);
}

BOOST_AUTO_TEST_CASE(after_a_reset_as_at_the_beginning) {
    const auto encoder = codecs.make_encoder("opus/48000/2");
    const auto decoder = codecs.make_decoder("opus/48000/2");
    const auto packets = stream(*encoder, 10);
    std::vector<pcm> audio;
    for (const bytes& payload : packets) audio.push_back(decoded(*decoder, payload));
    encoder->reset();
    decoder->reset();
    BOOST_TEST((stream(*encoder, 10) == packets));
    for (std::size_t i = 0; i < packets.size(); ++i)
        BOOST_TEST((decoded(*decoder, packets[i]) == audio[i]));
}

BOOST_AUTO_TEST_CASE(a_refusal_names_what_is_wrong) {
    BOOST_TEST(refusal("OPUS/48000/2") == "made");
    BOOST_TEST(refusal("opus/48000") == "made");
    BOOST_TEST(refusal("opus/16000/2") == "codec \"opus/16000/2\": clock rate 16000 is not 48000");
    BOOST_TEST(refusal("opus/48000/3") ==
               "codec \"opus/48000/3\": number of channels 3 is not 1 or 2");
    BOOST_TEST(
        refusal("opus/48000/2", {.audio_rate = 44100}) ==
        "codec \"opus/48000/2\": audio rate 44100 is not 8000, 12000, 16000, 24000 or 48000");
    BOOST_CHECK_THROW(codec_set().make_decoder("opus/48000/2"), std::invalid_argument);
}
