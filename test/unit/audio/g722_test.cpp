#include <boost/test/unit_test.hpp>

#include <rtpsynth/audio/g722.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <ostream>
#include <random>
#include <stdexcept>
#include <vector>

using namespace rtpsynth;

namespace {

using bytes = std::vector<std::uint8_t>;
using pcm = std::vector<std::int16_t>;

bytes encoded(const pcm& audio) {
    g722_encoder encoder;
    bytes codes(audio.size() / 2);
    BOOST_REQUIRE_EQUAL(encoder.encode(audio, codes).value(), codes.size());
    return codes;
}

pcm decoded(const bytes& codes) {
    g722_decoder decoder;
    pcm audio(codes.size() * 2);
    BOOST_REQUIRE_EQUAL(decoder.decode(codes, audio).value(), audio.size());
    return audio;
}

// FNV-1a, 64 bits.
std::uint64_t digest(const bytes& all) {
    std::uint64_t hash = 0xcbf29ce484222325;
    for (const std::uint8_t byte : all) hash = (hash ^ byte) * 0x100000001b3;
    return hash;
}

std::uint64_t digest(const pcm& audio) {
    bytes big_endian;
    for (const std::int16_t sample : audio) {
        big_endian.push_back(static_cast<std::uint8_t>(static_cast<std::uint16_t>(sample) >> 8));
        big_endian.push_back(static_cast<std::uint8_t>(sample));
    }
    return digest(big_endian);
}

// Noise, and steps with noise on them: 2 s, made of integers alone.
pcm signal(unsigned amplitude) {
    std::mt19937 random(722);
    pcm audio(32000);
    int held = 0;
    const int a = static_cast<int>(amplitude);
    for (std::size_t i = 0; i < audio.size(); ++i) {
        if (i % 400 == 0) held = static_cast<int>(random() % (2 * amplitude + 1)) - a;
        const int noise = static_cast<int>(random() % (amplitude + 1)) - a / 2;
        audio[i] = static_cast<std::int16_t>(i / 4000 % 2 ? noise : held / 2 + noise / 4);
    }
    return audio;
}

struct reference {
    unsigned amplitude;
    std::uint64_t codes;
    std::uint64_t audio;
};

std::ostream& operator<<(std::ostream& out, const reference& r) { return out << r.amplitude; }

} // namespace

// Digests of what FFmpeg 5.1 makes of the same input, which is the same as what we make.
BOOST_AUTO_TEST_CASE(agrees_with_another_implementation) {
    constexpr reference references[] = {
        {300, 0xe1ecd931468e2d5b, 0xa406f9136dbc427e},
        {4000, 0x7ec4877dd50314f9, 0x7f9e8ec2f803b70f},
        {20000, 0xa69be0e1b2d1bfe7, 0xc9de3dff51827947},
        {32767, 0x184b9150e7cd1625, 0xc14e23ce83e20541},
    };
    for (const reference& expected : references) {
        BOOST_TEST_CONTEXT(expected) {
            const bytes codes = encoded(signal(expected.amplitude));
            BOOST_TEST(digest(codes) == expected.codes);
            BOOST_TEST(digest(decoded(codes)) == expected.audio);
        }
    }
}

// Codes that no encoder sends drive every value to its limits. The digest is FFmpeg's, too.
BOOST_AUTO_TEST_CASE(any_bytes_decode_as_another_implementation_decodes_them) {
    std::mt19937 random(1);
    bytes codes(16000);
    for (std::uint8_t& code : codes) code = static_cast<std::uint8_t>(random());
    BOOST_TEST(digest(decoded(codes)) == 0x75f787e631ab8b3c);
}

BOOST_AUTO_TEST_CASE(pieces_give_what_the_whole_gives) {
    const pcm audio = signal(8000);
    const bytes codes = encoded(audio);
    const pcm back = decoded(codes);
    std::mt19937 random(2);
    g722_encoder encoder;
    g722_decoder decoder;
    bytes pieces;
    pcm piecewise;
    for (std::size_t at = 0; at < audio.size();) {
        const std::size_t size = std::min<std::size_t>(2 * (random() % 500), audio.size() - at);
        bytes some(size / 2);
        BOOST_REQUIRE(encoder.encode({audio.data() + at, size}, some).has_value());
        pieces.insert(pieces.end(), some.begin(), some.end());
        pcm few(size);
        BOOST_REQUIRE(decoder.decode(some, few).has_value());
        piecewise.insert(piecewise.end(), few.begin(), few.end());
        at += size;
    }
    BOOST_TEST(pieces == codes, boost::test_tools::per_element());
    BOOST_TEST(piecewise == back, boost::test_tools::per_element());
}

// A tone of each band comes back 22 samples late, the delay of both QMFs, and like itself.
BOOST_AUTO_TEST_CASE(a_tone_comes_back) {
    for (const double frequency : {440.0, 3000.0, 6000.0}) {
        pcm audio(16000);
        for (std::size_t i = 0; i < audio.size(); ++i)
            audio[i] = static_cast<std::int16_t>(
                8000 * std::sin(2 * std::numbers::pi * frequency * static_cast<double>(i) / 16000));
        const pcm back = decoded(encoded(audio));
        double noise = 0;
        double tone = 0;
        for (std::size_t i = 1000; i + 22 < audio.size(); ++i) {
            noise += std::pow(back[i + 22] - audio[i], 2);
            tone += std::pow(audio[i], 2);
        }
        BOOST_TEST_CONTEXT(frequency << " Hz") { BOOST_TEST(10 * std::log10(tone / noise) > 15.0); }
    }
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_changes_nothing) {
    const pcm audio = signal(5000);
    g722_encoder encoder;
    g722_decoder decoder;
    bytes codes(audio.size() / 2);
    pcm back(audio.size());
    BOOST_CHECK(encoder.encode({audio.data(), 3}, codes).error() == errc::bad_frame_size);
    BOOST_CHECK(encoder.encode(audio, {codes.data(), codes.size() - 1}).error() ==
                errc::buffer_too_small);
    BOOST_TEST(encoder.encode(audio, codes).value() == codes.size());
    BOOST_TEST(codes == encoded(audio), boost::test_tools::per_element());
    BOOST_CHECK(decoder.decode(codes, {back.data(), back.size() - 1}).error() ==
                errc::buffer_too_small);
    BOOST_TEST(decoder.decode(codes, back).value() == back.size());
    BOOST_TEST(back == decoded(codes), boost::test_tools::per_element());
    BOOST_TEST(encoder.encode({}, {}).value() == 0U);
    BOOST_TEST(decoder.decode({}, {}).value() == 0U);
}

BOOST_AUTO_TEST_CASE(there_are_three_modes) {
    BOOST_CHECK_THROW(g722_decoder(5), std::invalid_argument);
    BOOST_CHECK_THROW(g722_decoder(9), std::invalid_argument);
}
