#include <boost/test/unit_test.hpp>

#include "../effort.hpp"

#include <rtpsynth/audio/resampler.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <numbers>
#include <ostream>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace rtpsynth;

namespace {

using pcm = std::vector<std::int16_t>;
using quality = resampler_quality;

struct rates {
    std::uint32_t in;
    std::uint32_t out;
};

std::ostream& operator<<(std::ostream& out, const rates& r) {
    return out << r.in << " to " << r.out;
}

// Whole ratios, fractions, and those that are interpolated: with too large a fraction, or with too
// long a filter.
constexpr rates all_rates[] = {
    {24000, 8000},  {8000, 24000}, {16000, 8000},  {8000, 16000},   {48000, 8000},  {8000, 48000},
    {44100, 8000},  {8000, 44100}, {44100, 48000}, {48000, 44100},  {22050, 16000}, {24000, 16000},
    {44100, 44099}, {8000, 12347}, {8000, 8000},   {192000, 11025},
};

pcm noise(std::size_t n) {
    std::mt19937 random(11);
    pcm audio(n);
    for (std::int16_t& sample : audio) sample = static_cast<std::int16_t>(random());
    return audio;
}

double phase_of(double frequency, double rate, double at) {
    return 2 * std::numbers::pi * frequency / rate * at;
}

pcm tone(double frequency, std::uint32_t rate, std::size_t n, double amplitude) {
    pcm audio(n);
    for (std::size_t i = 0; i < n; ++i)
        audio[i] = static_cast<std::int16_t>(
            std::lround(amplitude * std::sin(phase_of(frequency, rate, static_cast<double>(i)))));
    return audio;
}

pcm converted(resampler& r, const pcm& in) {
    pcm out(r.output_size(in.size()));
    BOOST_REQUIRE_EQUAL(r.process(in, out).value(), out.size());
    return out;
}

pcm flushed(resampler& r) {
    pcm out(r.flush_size());
    BOOST_REQUIRE_EQUAL(r.flush(out).value(), out.size());
    return out;
}

// What the middle of `audio` has of a tone, and of all else; powers. The tone is what a source
// `delay` seconds ago has: of another phase it counts as something else.
struct spectrum {
    double gain;
    double rest;
};

spectrum analyse(const pcm& audio, double frequency, double rate, double delay, double amplitude) {
    const std::size_t margin = audio.size() / 5;
    const std::span middle = std::span(audio).subspan(margin, audio.size() - 2 * margin);
    std::vector<double> tone;
    double wanted = 0;
    double reference = 0;
    for (const double x : middle) {
        const double at = static_cast<double>(margin + tone.size()) - delay * rate;
        const double s = tone.emplace_back(std::sin(phase_of(frequency, rate, at)));
        wanted += s * x;
        reference += s * s;
    }
    const double gain = wanted / reference / amplitude;
    double rest = 0;
    for (std::size_t i = 0; i < tone.size(); ++i) {
        const double error = middle[i] - gain * amplitude * tone[i];
        rest += error * error;
    }
    return {gain, rest / reference / (amplitude * amplitude)};
}

double db(double power) { return 10 * std::log10(power + 1e-20); }

struct promise {
    quality q;
    double pass;
    double stop;
};

constexpr promise promises[] = {
    {quality::low, 0.8, -50}, {quality::standard, 0.9, -62}, {quality::high, 0.95, -85}};

} // namespace

// A sweep through the pass band: each tone comes out at its level, as late as delay() says, and
// without images. The delay is a fraction of an output sample in some of these.
BOOST_AUTO_TEST_CASE(the_pass_band_is_flat_and_late_by_the_delay) {
    for (const rates& r : all_rates)
        for (const promise& p : promises) {
            const resampler fresh(r.in, r.out, p.q);
            const double delay = static_cast<double>(fresh.delay_samples()) / r.in;
            const double nyquist = std::min(r.in, r.out) / 2.0;
            constexpr int tones = std::max(effort(20), 2);
            for (int i = 0; i < tones; ++i) {
                const double part = 0.05 + (p.pass - 0.05) * i / (tones - 1);
                const double frequency = part * nyquist;
                resampler converter = fresh;
                const pcm out = converted(converter, tone(frequency, r.in, r.in / 4, 20000));
                const spectrum s = analyse(out, frequency, r.out, delay, 20000);
                BOOST_TEST_CONTEXT(r << " at " << frequency << " Hz, pass band " << p.pass) {
                    BOOST_TEST(std::abs(20 * std::log10(s.gain)) < 0.1);
                    BOOST_TEST(db(s.rest) < p.stop);
                }
            }
        }
}

BOOST_AUTO_TEST_CASE(above_the_lower_nyquist_there_is_nothing) {
    for (const rates& r : all_rates)
        for (const promise& p : promises) {
            if (r.in < r.out + r.out / 10) continue;
            const resampler fresh(r.in, r.out, p.q);
            const double nyquist = r.out / 2.0;
            const double step = nyquist / std::max(effort(37), 2);
            for (double frequency = nyquist; frequency < r.in / 2.0; frequency += step) {
                resampler converter = fresh;
                const pcm out = converted(converter, tone(frequency + 1, r.in, r.in / 4, 30000));
                double power = 0;
                for (std::size_t i = out.size() / 5; i < out.size(); ++i)
                    power += std::pow(out[i], 2);
                power /= static_cast<double>(out.size()) * 4 / 5;
                BOOST_TEST_CONTEXT(r << " at " << frequency << " Hz, pass band " << p.pass)
                BOOST_TEST(db(power / (30000.0 * 30000.0 / 2)) < p.stop);
            }
        }
}

BOOST_AUTO_TEST_CASE(pieces_give_to_the_bit_what_the_whole_gives) {
    std::mt19937 random(5);
    for (const rates& r : all_rates) {
        const pcm in = noise(20000);
        resampler whole(r.in, r.out);
        resampler pieces = whole;
        pcm expected = converted(whole, in);
        const pcm tail = flushed(whole);
        expected.insert(expected.end(), tail.begin(), tail.end());
        pcm got;
        for (std::size_t at = 0; at < in.size();) {
            const std::size_t largest = random() % 4 == 0 ? 1500 : 5;
            const std::size_t size = std::min(random() % (largest + 1), in.size() - at);
            const auto first = in.begin() + static_cast<std::ptrdiff_t>(at);
            const pcm out =
                converted(pieces, pcm(first, first + static_cast<std::ptrdiff_t>(size)));
            got.insert(got.end(), out.begin(), out.end());
            at += size;
        }
        const pcm end = flushed(pieces);
        got.insert(got.end(), end.begin(), end.end());
        BOOST_TEST_CONTEXT(r) { BOOST_TEST(got == expected, boost::test_tools::per_element()); }
    }
}

BOOST_AUTO_TEST_CASE(the_count_of_samples_is_exact) {
    std::mt19937 random(6);
    for (const rates& r : all_rates) {
        resampler converter(r.in, r.out, quality::low);
        std::uint64_t in = 0;
        std::uint64_t out = 0;
        const auto due = [&](std::uint64_t n) { return (n * r.out + r.in - 1) / r.in; };
        for (int i = 0; i < 3000; ++i) {
            const pcm piece(random() % 300);
            in += piece.size();
            out += converted(converter, piece).size();
            BOOST_TEST_REQUIRE(out == due(in));
        }
        BOOST_TEST(flushed(converter).size() == due(in + converter.delay_samples()) - out);
    }
}

BOOST_AUTO_TEST_CASE(a_tick_in_is_a_tick_out) {
    for (const auto& [in, out] : {std::pair{24000U, 8000U}, {8000U, 24000U}, {44100U, 8000U}}) {
        resampler converter(in, out);
        for (int i = 0; i < 100; ++i)
            BOOST_TEST_REQUIRE(converter.output_size(in / 50) == out / 50);
    }
}

BOOST_AUTO_TEST_CASE(counts_of_any_size_do_not_overflow) {
    constexpr auto largest = std::numeric_limits<std::size_t>::max();
    BOOST_TEST(resampler(4000, 384000).output_size(largest) == largest);
    BOOST_TEST(resampler(384000, 4000).output_size(largest) == largest / 96 + 1);
    BOOST_TEST(resampler(8000, 8000).output_size(0) == 0U);
}

BOOST_AUTO_TEST_CASE(a_constant_stays_what_it_is) {
    for (const rates& r : all_rates)
        for (const int level : {1, -1, 12345, 32767, -32768}) {
            resampler converter(r.in, r.out);
            // The filter is full of it.
            const std::size_t settled = converter.output_size(2 * converter.delay_samples() + 1);
            const pcm out = converted(converter, pcm(8000, static_cast<std::int16_t>(level)));
            const auto other = [&](std::int16_t sample) { return sample != level; };
            BOOST_TEST_CONTEXT(r << ", " << level)
            BOOST_TEST(
                std::none_of(out.begin() + static_cast<std::ptrdiff_t>(settled), out.end(), other));
        }
}

// A square wave at full scale overshoots: it is clipped and does not wrap.
BOOST_AUTO_TEST_CASE(what_overshoots_is_clipped) {
    pcm in(9600);
    for (std::size_t i = 0; i < in.size(); ++i) in[i] = i / 60 % 2 ? 32767 : -32768;
    resampler converter(24000, 8000);
    const pcm out = converted(converter, in);
    BOOST_TEST(*std::max_element(out.begin(), out.end()) == 32767);
    BOOST_TEST(*std::min_element(out.begin(), out.end()) == -32768);
    for (std::size_t i = 201; i < out.size(); ++i) {
        // Half-waves are 20 samples; in the middle of one, neighbours are alike.
        const std::size_t at = (i - 40) % 20;
        if (at > 3 && at < 17) BOOST_TEST(std::abs(out[i] - out[i - 1]) < 6000);
    }
}

BOOST_AUTO_TEST_CASE(equal_rates_copy) {
    resampler converter(16000, 16000);
    BOOST_TEST(converter.delay_samples() == 0U);
    BOOST_TEST(converter.flush_size() == 0U);
    const pcm in = noise(3000);
    BOOST_TEST(converted(converter, in) == in, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(reset_and_flush_forget) {
    for (const rates& r : all_rates) {
        const pcm in = noise(777);
        resampler converter(r.in, r.out);
        const pcm first = converted(converter, in);
        converter.reset();
        BOOST_TEST(converted(converter, in) == first, boost::test_tools::per_element());
        flushed(converter);
        BOOST_TEST(converted(converter, in) == first, boost::test_tools::per_element());
    }
}

BOOST_AUTO_TEST_CASE(copies_go_on_independently) {
    const pcm in = noise(1000);
    resampler one(24000, 8000);
    converted(one, in);
    resampler other = one;
    const pcm expected = converted(other, in);
    converted(other, in);
    BOOST_TEST(converted(one, in) == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(delays_are_what_the_documentation_says) {
    const auto delay = [](quality q) {
        return std::chrono::duration<double, std::milli>(resampler(24000, 8000, q).delay()).count();
    };
    BOOST_TEST(delay(quality::low) == 2.0);
    BOOST_TEST(delay(quality::standard) == 5.0);
    BOOST_TEST(delay(quality::high) == 15.0);
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_changes_nothing) {
    const pcm in = noise(480);
    resampler converter(24000, 8000);
    pcm out(160, 99);
    BOOST_CHECK(converter.process(in, std::span{out}.first(159)).error() == errc::buffer_too_small);
    BOOST_TEST(out == pcm(160, 99), boost::test_tools::per_element());
    BOOST_CHECK(converter.flush(std::span{out}.first(converter.flush_size() - 1)).error() ==
                errc::buffer_too_small);
    resampler fresh(24000, 8000);
    BOOST_TEST(converted(converter, in) == converted(fresh, in), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(rates_have_a_range) {
    for (const auto& [in, out] :
         {std::pair{3999U, 8000U}, {8000U, 3999U}, {384001U, 8000U}, {8000U, 384001U}, {0U, 0U}})
        BOOST_CHECK_THROW(resampler(in, out), std::invalid_argument);
    try {
        resampler(8000, 7);
    } catch (const std::invalid_argument& e) {
        BOOST_TEST(e.what() == std::string("resampler: out_rate is 7 and not in 4000..384000"));
    }
}
