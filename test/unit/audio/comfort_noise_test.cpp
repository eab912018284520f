#include <boost/test/unit_test.hpp>

#include "../effort.hpp"

#include <rtpsynth/audio/comfort_noise.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <numeric>
#include <vector>

using namespace rtpsynth;

namespace {

using samples = std::vector<std::int16_t>;

comfort_noise noise_of(std::uint8_t level, const std::vector<std::uint8_t>& coefficients = {}) {
    comfort_noise noise;
    noise.level = level;
    noise.order = static_cast<std::uint8_t>(coefficients.size());
    std::copy(coefficients.begin(), coefficients.end(), noise.coefficients.begin());
    return noise;
}

samples made(const comfort_noise& noise, std::size_t n = 80'000, std::uint64_t seed = 1) {
    comfort_noise_generator generator(seed);
    generator.set(noise);
    samples pcm(n);
    generator.generate(pcm);
    return pcm;
}

// Power at a frequency, 1 being half the sample rate: the mean over pieces of 256 samples.
double power_at(const samples& pcm, double frequency) {
    double power = 0;
    std::size_t pieces = 0;
    for (std::size_t at = 0; at + 256 <= pcm.size(); at += 256, ++pieces) {
        double re = 0, im = 0;
        for (std::size_t i = 0; i < 256; ++i) {
            const double phase = std::numbers::pi * frequency * static_cast<double>(i);
            re += pcm[at + i] * std::cos(phase);
            im += pcm[at + i] * std::sin(phase);
        }
        power += re * re + im * im;
    }
    return 10 * std::log10(power / static_cast<double>(pieces));
}

// That of the filter 1 / A(z) whose reflection coefficients are k, in dB.
double response_at(const std::vector<std::uint8_t>& coefficients, double frequency) {
    std::vector<double> a{1};
    for (const int n : coefficients) {
        const double k = 258.0 * (n - 127) / 32768;
        std::vector<double> next = a;
        next.push_back(0);
        for (std::size_t i = 1; i < next.size(); ++i) next[i] += k * a[a.size() - i];
        a = next;
    }
    double re = 0, im = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        re += a[i] * std::cos(std::numbers::pi * frequency * static_cast<double>(i));
        im += a[i] * std::sin(std::numbers::pi * frequency * static_cast<double>(i));
    }
    return -10 * std::log10(re * re + im * im);
}

} // namespace

BOOST_AUTO_TEST_CASE(reads_a_payload) {
    const std::uint8_t payload[] = {0x80 | 60, 1, 127, 255};
    const comfort_noise noise = comfort_noise::parse(payload).value();
    BOOST_CHECK(noise == noise_of(60, {1, 127, 255}));
    BOOST_CHECK(comfort_noise::parse({payload, 1}).value() == noise_of(60));
    BOOST_CHECK(comfort_noise::parse({payload, 0}).error() == errc::packet_too_short);
    const std::vector<std::uint8_t> longest(300, 9);
    BOOST_CHECK(comfort_noise::parse(longest).value() ==
                noise_of(9, std::vector<std::uint8_t>(comfort_noise::max_order, 9)));
}

BOOST_AUTO_TEST_CASE(reads_what_it_writes) {
    for (std::size_t order = 0; order <= comfort_noise::max_order; ++order) {
        std::vector<std::uint8_t> coefficients(order);
        std::iota(coefficients.begin(), coefficients.end(), std::uint8_t{100});
        const comfort_noise noise = noise_of(static_cast<std::uint8_t>(order), coefficients);
        std::array<std::uint8_t, 32> out;
        out.fill(0xee);
        BOOST_REQUIRE_EQUAL(noise.store(out).value(), 1 + order);
        BOOST_CHECK_EQUAL(out[1 + order], 0xee);
        BOOST_CHECK(comfort_noise::parse({out.data(), 1 + order}).value() == noise);
        BOOST_CHECK(noise.store({out.data(), order}).error() == errc::buffer_too_small);
    }
    std::array<std::uint8_t, 32> out;
    comfort_noise wrong = noise_of(128);
    BOOST_CHECK(wrong.store(out).error() == errc::invalid_argument);
    wrong = noise_of(1);
    wrong.order = comfort_noise::max_order + 1;
    BOOST_CHECK(wrong.store(out).error() == errc::invalid_argument);
}

BOOST_AUTO_TEST_CASE(levels_by_hand) {
    BOOST_CHECK_EQUAL(noise_level({}), 127);
    BOOST_CHECK_EQUAL(noise_level(samples(160, 0)), 127);
    BOOST_CHECK_EQUAL(noise_level(samples(160, -32768)), 0);
    BOOST_CHECK_EQUAL(noise_level(samples(160, 3277)), 20);
    BOOST_CHECK_EQUAL(noise_level(samples(160, 1)), 90);
    samples rare(100'000, 0);
    rare[0] = 1;
    BOOST_CHECK_EQUAL(noise_level(rare), 127); // -140 dBov
}

BOOST_AUTO_TEST_CASE(noise_has_the_level_that_was_set) {
    for (const int level : {12, 20, 40, 60, 80}) {
        for (const auto& coefficients :
             {std::vector<std::uint8_t>{}, {60}, {200, 90}, {20, 180, 100, 140, 127, 110}}) {
            const auto pcm = made(noise_of(static_cast<std::uint8_t>(level), coefficients));
            BOOST_CHECK_EQUAL(noise_level(pcm), level);
        }
    }
    BOOST_CHECK(made(noise_of(127), 1000) == samples(1000, 0));
    BOOST_CHECK(made({}, 1000) == samples(1000, 0));
    BOOST_CHECK_LE(noise_level(made(noise_of(0))), 3); // clipped
}

BOOST_AUTO_TEST_CASE(noise_has_the_spectrum_that_was_set) {
    for (const auto& coefficients :
         {std::vector<std::uint8_t>{}, {60}, {200}, {60, 190, 100}, {40, 200, 90, 160, 120, 140}}) {
        const auto pcm = made(noise_of(30, coefficients), 800'000);
        const double reference = power_at(pcm, 0.5) - response_at(coefficients, 0.5);
        for (const double f : {0.1, 0.25, 0.75, 0.9})
            BOOST_CHECK_SMALL(power_at(pcm, f) - reference - response_at(coefficients, f), 1.0);
    }
}

BOOST_AUTO_TEST_CASE(pieces_of_any_size_are_the_same_noise) {
    const comfort_noise noise = noise_of(40, {60, 190, 100});
    const samples whole = made(noise, 1000, 7);
    comfort_noise_generator generator(7);
    generator.set(noise);
    samples pieces(1000);
    for (std::size_t at = 0, n = 1; at < 1000; at += n, n = std::min<std::size_t>(n + 7, 1000 - at))
        generator.generate({pieces.data() + at, n});
    BOOST_CHECK(pieces == whole);
    BOOST_CHECK(made(noise, 1000, 8) != whole);
}

BOOST_AUTO_TEST_CASE(any_coefficients_are_stable) {
    comfort_noise_generator generator(3);
    std::uint32_t state = 1;
    samples pcm(160);
    for (int round = 0; round < effort(3000); ++round) {
        comfort_noise noise = noise_of(30);
        noise.order = static_cast<std::uint8_t>(round % 40); // beyond max_order, too
        for (auto& n : noise.coefficients) {
            state = state * 1'664'525 + 1'013'904'223;
            n = round % 3 ? static_cast<std::uint8_t>(state >> 24) : (state >> 31 ? 255 : 0);
        }
        generator.set(noise);
        generator.generate(pcm);
        // Of one piece the level may be off; no coefficients make it run away.
        BOOST_REQUIRE_GT(noise_level(pcm), 14);
    }
    generator.set(noise_of(30));
    samples after(8000);
    generator.generate(after);
    BOOST_CHECK_EQUAL(noise_level(after), 30);
}
