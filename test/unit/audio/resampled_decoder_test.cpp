#include <boost/test/unit_test.hpp>

#include <rtpsynth/audio/codec_set.hpp>
#include <rtpsynth/audio/g711.hpp>
#include <rtpsynth/audio/resampled_decoder.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

using namespace rtpsynth;

namespace {

using samples = std::vector<std::int16_t>;
using bytes = std::vector<std::uint8_t>;

std::int16_t tone(std::size_t position) {
    return static_cast<std::int16_t>(
        std::lrint(8000 * std::sin(2 * 3.14159265 * static_cast<double>(position % 40) / 40)));
}

// Packet \p n of a tone of 200 Hz in packets of \p size samples of PCMU.
bytes packet(std::size_t n, std::size_t size = 160) {
    bytes payload(size);
    for (std::size_t i = 0; i < size; ++i) payload[i] = ulaw_encode(tone(n * size + i));
    return payload;
}

std::unique_ptr<audio_decoder> pcmu_at(std::uint32_t rate) {
    return resampled_decoder(codec_set().make_decoder("PCMU/8000"), rate);
}

// With room for \p more samples than are in the packet.
samples decoded(audio_decoder& decoder, const bytes& payload, std::size_t more = 0) {
    samples pcm(decoder.samples(payload).value() + more);
    const std::size_t made = decoder.decode(payload, pcm).value();
    BOOST_REQUIRE_LE(made, pcm.size());
    BOOST_REQUIRE_GE(made, pcm.size() - more);
    pcm.resize(made);
    return pcm;
}

// That of the tone, 1251 at 8 kHz, and of PCMU, 512 between two of its values.
int step_at(std::uint32_t rate) { return static_cast<int>(1251 * 8000 / rate + 512); }

int largest_step(const samples& pcm) {
    int most = 0;
    for (std::size_t i = 1; i < pcm.size(); ++i)
        most = std::max(most, std::abs(pcm[i] - pcm[i - 1]));
    return most;
}

void append(samples& to, const samples& more) { to.insert(to.end(), more.begin(), more.end()); }

constexpr std::uint32_t rates[] = {8001, 11025, 12000, 16000, 24000, 44100, 48000, 96000};

} // namespace

BOOST_AUTO_TEST_CASE(a_decoder_of_the_rate_is_itself) {
    auto decoder = codec_set().make_decoder("PCMU/8000");
    const audio_decoder* const itself = decoder.get();
    BOOST_CHECK_EQUAL(resampled_decoder(std::move(decoder), 8000).get(), itself);
}

BOOST_AUTO_TEST_CASE(audio_is_that_of_a_decoder_and_a_resampler) {
    for (const auto& [encoding, from] : {std::pair{"PCMU/8000", 8000U}, {"L16/48000", 48000U}}) {
        for (const std::uint32_t rate : {16000U, 24000U, 8000U}) {
            if (rate == from) continue;
            auto decoder = resampled_decoder(codec_set().make_decoder(encoding), rate);
            BOOST_CHECK_EQUAL(decoder->rates().audio, rate);
            BOOST_CHECK_EQUAL(decoder->rates().clock, from);
            BOOST_CHECK(decoder->conceals());
            auto plain = codec_set().make_decoder(encoding);
            resampler converter(from, rate);
            for (std::size_t n = 0; n < 20; ++n) {
                const bytes payload = packet(n, 480);
                const samples in = decoded(*plain, payload);
                samples expected(converter.output_size(in.size()));
                BOOST_REQUIRE(converter.process(in, expected));
                const samples out = decoded(*decoder, payload);
                BOOST_CHECK_EQUAL_COLLECTIONS(out.begin(), out.end(), expected.begin(),
                                              expected.end());
            }
        }
    }
}

// What is announced is made, whatever part of a sample is left, and with room for one more nothing
// is left out.
BOOST_AUTO_TEST_CASE(any_rates_and_sizes) {
    for (const std::uint32_t rate : rates) {
        for (const std::size_t size : {1U, 7U, 80U, 161U, 240U, 960U}) {
            auto decoder = pcmu_at(rate), roomy = pcmu_at(rate);
            resampler converter(8000, rate);
            samples heard, expected;
            for (std::size_t n = 0; n * size < 4000; ++n) {
                const bytes payload = packet(n, size);
                BOOST_CHECK_EQUAL(decoded(*decoder, payload).size(), size * rate / 8000);
                append(heard, decoded(*roomy, payload, 1));
                samples in(size);
                ulaw_decode(payload, in);
                samples out(converter.output_size(size));
                BOOST_REQUIRE(converter.process(in, out));
                append(expected, out);
            }
            BOOST_CHECK_EQUAL_COLLECTIONS(heard.begin(), heard.end(), expected.begin(),
                                          expected.end());
        }
    }
}

BOOST_AUTO_TEST_CASE(a_gap_is_filled_without_a_click_from_one_side) {
    for (const std::uint32_t rate : rates) {
        for (const std::size_t gap : {rate / 50, rate / 100 + 1, rate / 25 + 3}) {
            auto decoder = pcmu_at(rate);
            samples heard;
            for (std::size_t n = 0; n < 10; ++n) append(heard, decoded(*decoder, packet(n)));
            samples missing(gap, 99);
            BOOST_CHECK_EQUAL(decoder->conceal(missing), gap);
            append(heard, missing);
            for (std::size_t n = 11; n < 20; ++n) append(heard, decoded(*decoder, packet(n)));
            BOOST_CHECK_LE(largest_step(heard), 2 * step_at(rate));
            BOOST_CHECK_GT(*std::max_element(missing.begin(), missing.end()), 5000);
        }
    }
}

// A gap of one packet of a tone, against the tone: the power of the difference.
double error_of_gap(std::uint32_t rate, bool is_next_known) {
    auto decoder = pcmu_at(rate);
    auto whole = pcmu_at(rate);
    for (std::size_t n = 0; n < 10; ++n) {
        decoded(*decoder, packet(n));
        decoded(*whole, packet(n));
    }
    samples heard(rate / 50);
    BOOST_CHECK_EQUAL(is_next_known ? decoder->recover(packet(11), heard) : decoder->conceal(heard),
                      heard.size());
    append(heard, decoded(*decoder, packet(11)));
    samples sent = decoded(*whole, packet(10));
    append(sent, decoded(*whole, packet(11)));
    BOOST_REQUIRE_EQUAL(heard.size(), sent.size());
    double error = 0, power = 0;
    for (std::size_t i = 0; i < heard.size(); ++i) {
        error += std::pow(heard[i] - sent[i], 2);
        power += std::pow(sent[i], 2);
    }
    return error / power;
}

BOOST_AUTO_TEST_CASE(a_gap_is_filled_from_both_sides) {
    for (const std::uint32_t rate : {16000U, 24000U, 48000U}) {
        BOOST_TEST_MESSAGE(error_of_gap(rate, true) << " " << error_of_gap(rate, false));
        BOOST_CHECK_LT(error_of_gap(rate, true), 0.02);
        BOOST_CHECK_LT(error_of_gap(rate, true), error_of_gap(rate, false) / 2);
    }
}

// G.722's decoder adapts to what it decodes: twice would be heard for long.
BOOST_AUTO_TEST_CASE(a_packet_that_was_recovered_from_is_decoded_once) {
    const codec_set codecs;
    auto encoder = codecs.make_encoder("G722/8000");
    auto decoder = resampled_decoder(codecs.make_decoder("G722/8000"), 8000);
    auto plain = codecs.make_decoder("G722/8000");
    resampler converter(16000, 8000);
    samples in(320), expected(160), out(160), missing(160);
    bytes payload(160);
    for (std::size_t n = 0; n < 30; ++n) {
        for (std::size_t i = 0; i < in.size(); ++i) in[i] = tone(n * 320 + i);
        BOOST_REQUIRE(encoder->encode(in, payload));
        if (n == 10) {
            BOOST_REQUIRE(converter.process(samples(320), expected));
            continue;
        }
        if (n == 11) BOOST_CHECK_EQUAL(decoder->recover(payload, missing), 160);
        out = decoded(*decoder, payload);
        BOOST_REQUIRE(converter.process(decoded(*plain, payload), expected));
        // The filter still has some of the gap in it at first.
        if (n > 11) BOOST_CHECK(out == expected);
    }
}

// Breaks its promises.
class fickle : public audio_decoder {
public:
    fickle() : audio_decoder({8000, 8000}) {}
    result<std::size_t> samples(std::span<const std::uint8_t> p) const noexcept override {
        return sizes[next++ % 5] * (p.size() / 160);
    }
    result<std::size_t> decode(std::span<const std::uint8_t> payload,
                               std::span<std::int16_t> pcm) noexcept override {
        const auto n = samples(payload);
        return n && *n <= pcm.size() ? n : errc::bad_payload;
    }
    void reset() noexcept override {}
    static constexpr std::size_t sizes[] = {160, 480, 1, 960, 320};
    mutable std::size_t next = 0;
};

BOOST_AUTO_TEST_CASE(answers_that_change_do_no_harm) {
    auto decoder = resampled_decoder(std::make_unique<fickle>(), 24000);
    samples pcm(5000);
    for (int i = 0; i < 200; ++i) {
        if (i % 3 == 0) decoder->recover(bytes(160), std::span(pcm).first(480));
        const auto made = decoder->decode(bytes(160), std::span(pcm).first(3000));
        if (made) BOOST_CHECK_LE(*made, 3000);
    }
}

BOOST_AUTO_TEST_CASE(another_packet_than_was_recovered_from_is_refused) {
    auto decoder = pcmu_at(16000);
    samples pcm(4000);
    BOOST_CHECK_EQUAL(decoder->recover(packet(1), std::span(pcm).first(320)), 320);
    BOOST_CHECK(decoder->decode(packet(0, 80), pcm).error() == errc::bad_payload);
    BOOST_CHECK_EQUAL(decoder->decode(packet(0), std::span(pcm).first(320)).value(), 320);
}

BOOST_AUTO_TEST_CASE(an_interruption_and_a_reset_leave_nothing_of_the_audio_before) {
    for (const bool is_reset : {false, true}) {
        auto decoder = pcmu_at(24000);
        for (std::size_t n = 0; n < 10; ++n) decoded(*decoder, packet(n));
        samples missing(479);                                         // one sample more is made
        BOOST_CHECK_EQUAL(decoder->recover(packet(5), missing), 479); // and not decoded
        is_reset ? decoder->reset() : decoder->interrupt();
        const samples silence = decoded(*decoder, bytes(160, 0xff));
        BOOST_CHECK_EQUAL(*std::max_element(silence.begin(), silence.end()), 0);
        BOOST_CHECK_EQUAL(*std::min_element(silence.begin(), silence.end()), 0);
        if (is_reset) {
            decoder->reset();
            auto fresh = pcmu_at(24000);
            BOOST_CHECK(decoded(*decoder, packet(3)) == decoded(*fresh, packet(3)));
        }
    }
}

BOOST_AUTO_TEST_CASE(bad_arguments_and_payloads_are_refused) {
    auto decoder = pcmu_at(16000);
    samples pcm(4000);
    BOOST_CHECK(decoder->decode({}, pcm).error() == errc::bad_payload);
    BOOST_CHECK(decoder->samples(bytes(961)).error() == errc::bad_payload);
    BOOST_CHECK(decoder->decode(bytes(961), pcm).error() == errc::bad_payload);
    BOOST_CHECK_EQUAL(decoder->recover(bytes(961), pcm), 0);
    BOOST_CHECK_EQUAL(decoder->recover(bytes(160), pcm), 0); // a gap of more than 120 ms
    BOOST_CHECK_EQUAL(decoder->conceal(pcm), 1920);
    BOOST_CHECK(decoder->decode(packet(0), std::span(pcm).first(319)).error() ==
                errc::buffer_too_small);
    BOOST_CHECK_EQUAL(decoder->decode(packet(0), pcm).value(), 320);

    const auto message = [](auto&& f) {
        try {
            f();
        } catch (const std::invalid_argument& e) {
            return std::string(e.what());
        }
        return std::string();
    };
    BOOST_CHECK_EQUAL(message([] { resampled_decoder(nullptr, 8000); }),
                      "rtpsynth::resampled_decoder: decoder must not be null");
    for (const std::uint32_t rate : {0U, 7999U, 96001U})
        BOOST_CHECK_EQUAL(message([&] { pcmu_at(rate); }), "rtpsynth::resampled_decoder: rate is " +
                                                               std::to_string(rate) +
                                                               " Hz and not in 8000..96000");
    BOOST_CHECK_EQUAL(
        message([] { resampled_decoder(codec_set().make_decoder("L16/4000"), 8000); }),
        "rtpsynth::resampled_decoder: the decoder's rate is 4000 Hz and not in 8000..96000");
}
