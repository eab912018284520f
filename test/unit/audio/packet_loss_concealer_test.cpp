#include <boost/test/unit_test.hpp>

#include <rtpsynth/audio/packet_loss_concealer.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace rtpsynth;

namespace {

using samples = std::vector<std::int16_t>;

constexpr std::uint32_t rates[]{8000, 11025, 16000, 22050, 44100, 48000, 96000};

// 19 harmonics of 118 Hz, each in a phase of its own, and a little noise.
samples voice(std::size_t n, double rate, double noise = 100) {
    std::mt19937 random(1);
    samples pcm(n);
    for (std::size_t i = 0; i < n; ++i) {
        double x = 0;
        for (int k = 1; k < 20; ++k)
            x += std::cos(2 * 3.14159265 * 118 * k * static_cast<double>(i) / rate + k * k) / k;
        const double hiss = static_cast<double>(random() % 1001) / 500 - 1;
        pcm[i] = static_cast<std::int16_t>(std::lrint(3000 * x + noise * hiss));
    }
    return pcm;
}

std::span<std::int16_t> part(samples& pcm, std::size_t from, std::size_t n) {
    return std::span(pcm).subspan(from, n);
}

double energy(const samples& pcm, std::size_t from, std::size_t n) {
    double sum = 0;
    for (std::size_t i = from; i < from + n; ++i) sum += double{1} * pcm[i] * pcm[i];
    return sum;
}

double error_energy(const samples& a, const samples& b, std::size_t from, std::size_t n) {
    double sum = 0;
    for (std::size_t i = from; i < from + n; ++i) sum += std::pow(a[i] - b[i], 2);
    return sum;
}

int largest_step(const samples& pcm) {
    int most = 0;
    for (std::size_t i = 1; i < pcm.size(); ++i)
        most = std::max(most, std::abs(pcm[i] - pcm[i - 1]));
    return most;
}

// 100 ms, of which the 20 ms from 50 ms on are lost.
samples with_gap(const samples& original, std::uint32_t rate, bool from_both_sides) {
    samples pcm = original;
    const std::size_t tick = rate / 50, begin = rate / 20;
    packet_loss_concealer concealer(rate);
    concealer.receive(part(pcm, 0, begin));
    std::fill_n(pcm.begin() + static_cast<std::ptrdiff_t>(begin), tick, std::int16_t{12345});
    if (from_both_sides)
        concealer.conceal(part(pcm, begin, tick), part(pcm, begin + tick, tick));
    else
        concealer.conceal(part(pcm, begin, tick));
    concealer.receive(part(pcm, begin + tick, pcm.size() - begin - tick));
    return pcm;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_rate_out_of_range_is_refused) {
    for (const std::uint32_t rate : {0U, 7999U, 96001U, 4294967295U})
        BOOST_CHECK_EXCEPTION(
            packet_loss_concealer{rate}, std::invalid_argument, [](const auto& e) {
                return std::string(e.what()).find("8000..96000") != std::string::npos;
            });
    BOOST_CHECK_EQUAL(packet_loss_concealer(8000).rate(), 8000);
    BOOST_CHECK_EQUAL(packet_loss_concealer(96000).rate(), 96000);
}

BOOST_AUTO_TEST_CASE(audio_without_gaps_is_not_changed) {
    for (const std::uint32_t rate : rates) {
        const samples original = voice(rate / 5, rate);
        samples pcm = original;
        packet_loss_concealer concealer(rate);
        for (std::size_t i = 0; i < pcm.size(); i += 100)
            concealer.receive(part(pcm, i, std::min<std::size_t>(100, pcm.size() - i)));
        BOOST_TEST(pcm == original);
    }
}

BOOST_AUTO_TEST_CASE(a_vowel_goes_on_in_its_own_phase) {
    for (const std::uint32_t rate : rates) {
        BOOST_TEST_CONTEXT("rate " << rate) {
            const samples original = voice(rate / 10, rate);
            const samples pcm = with_gap(original, rate, false);
            const std::size_t begin = rate / 20, half = rate / 100;
            // Of the first 10 ms 3/4 of the amplitude are left at the end.
            BOOST_CHECK_LT(error_energy(pcm, original, begin, half),
                           0.15 * energy(original, begin, half));
            BOOST_CHECK_LT(error_energy(pcm, original, begin, 2 * half),
                           0.3 * energy(original, begin, 2 * half));
        }
    }
}

BOOST_AUTO_TEST_CASE(between_two_sides_less_is_wrong) {
    for (const std::uint32_t rate : rates) {
        BOOST_TEST_CONTEXT("rate " << rate) {
            const samples original = voice(rate / 10, rate);
            const std::size_t begin = rate / 20, tick = rate / 50;
            const double one = error_energy(with_gap(original, rate, false), original, begin, tick);
            const samples both = with_gap(original, rate, true);
            BOOST_CHECK_LT(error_energy(both, original, begin, tick), 0.65 * one);
            // What follows is joined already.
            BOOST_CHECK(std::equal(both.begin() + static_cast<std::ptrdiff_t>(begin + tick),
                                   both.end(),
                                   original.begin() + static_cast<std::ptrdiff_t>(begin + tick)));
        }
    }
}

BOOST_AUTO_TEST_CASE(there_is_no_click_at_either_end_of_a_gap) {
    for (const std::uint32_t rate : rates)
        for (const bool both : {false, true}) {
            BOOST_TEST_CONTEXT("rate " << rate << ", both sides " << both) {
                const samples original = voice(rate / 10, rate);
                BOOST_CHECK_LE(largest_step(with_gap(original, rate, both)),
                               largest_step(original) * 5 / 4);
            }
        }
}

BOOST_AUTO_TEST_CASE(there_is_no_click_where_only_the_end_of_a_gap_is_bridged) {
    for (const std::uint32_t rate : rates)
        for (const std::size_t rest : {std::size_t{1}, std::size_t{4}, std::size_t{rate / 250}}) {
            BOOST_TEST_CONTEXT("rate " << rate << ", the last " << rest << " samples") {
                samples pcm = voice(rate / 5, rate);
                const int step = largest_step(pcm);
                const std::size_t begin = rate / 20, end = begin + rate * 3 / 50;
                packet_loss_concealer concealer(rate);
                concealer.receive(part(pcm, 0, begin));
                concealer.conceal(part(pcm, begin, end - rest - begin));
                concealer.conceal(part(pcm, end - rest, rest), part(pcm, end, rate / 50));
                concealer.receive(part(pcm, end, pcm.size() - end));
                BOOST_CHECK_LE(largest_step(pcm), step * 5 / 4);
            }
        }
}

BOOST_AUTO_TEST_CASE(only_the_first_10_ms_after_a_gap_are_changed) {
    const samples original = voice(800, 8000);
    const samples pcm = with_gap(original, 8000, false);
    BOOST_CHECK(pcm[560] != original[560]);
    BOOST_CHECK(std::equal(pcm.begin() + 560 + 80, pcm.end(), original.begin() + 560 + 80));
    BOOST_CHECK(std::equal(pcm.begin(), pcm.begin() + 400, original.begin()));
}

BOOST_AUTO_TEST_CASE(a_long_gap_fades_to_silence_within_60_ms) {
    for (const std::uint32_t rate : rates) {
        BOOST_TEST_CONTEXT("rate " << rate) {
            samples pcm = voice(rate / 10, rate);
            const std::size_t ms20 = rate / 50, ms60 = rate * 60 / 1000;
            packet_loss_concealer concealer(rate);
            concealer.receive(pcm);
            samples gap(rate / 10, 1);
            concealer.conceal(part(gap, 0, ms60 - 1));
            BOOST_CHECK(!concealer.is_silent());
            concealer.conceal(part(gap, ms60 - 1, gap.size() - ms60 + 1));
            BOOST_CHECK(concealer.is_silent());
            BOOST_CHECK(std::all_of(gap.begin() + static_cast<std::ptrdiff_t>(ms60) + 1, gap.end(),
                                    [](auto x) { return x == 0; }));
            // It gets quieter all the time, but is heard until it ends.
            const double first = energy(gap, 0, ms20), second = energy(gap, ms20, ms20),
                         third = energy(gap, 2 * ms20, ms20 - ms20 / 4);
            BOOST_CHECK_GT(first, 2 * second);
            BOOST_CHECK_GT(second, 4 * third);
            BOOST_CHECK_GT(third, first / 1000);
            concealer.receive(pcm);
            BOOST_CHECK(!concealer.is_silent());
        }
    }
}

BOOST_AUTO_TEST_CASE(pieces_make_no_difference) {
    const samples original = voice(1600, 8000);
    samples whole = original;
    packet_loss_concealer at_once(8000);
    at_once.receive(part(whole, 0, 800));
    at_once.conceal(part(whole, 800, 240));
    at_once.receive(part(whole, 1040, 560));
    for (const std::size_t size : {1U, 7U, 80U, 160U}) {
        samples pcm = original;
        packet_loss_concealer concealer(8000);
        const auto each = [&](std::size_t from, std::size_t to, auto f) {
            for (; from < to; from += size) f(part(pcm, from, std::min(size, to - from)));
        };
        each(0, 800, [&](auto p) { concealer.receive(p); });
        concealer.conceal({});
        each(800, 1040, [&](auto p) { concealer.conceal(p); });
        concealer.receive({});
        each(1040, 1600, [&](auto p) { concealer.receive(p); });
        BOOST_TEST(pcm == whole);
    }
}

BOOST_AUTO_TEST_CASE(silence_stays_silence) {
    packet_loss_concealer concealer(8000);
    samples gap(160, 1);
    concealer.conceal(gap); // a gap before any audio
    BOOST_TEST(gap == samples(160));
    concealer.receive(gap);
    concealer.conceal(gap, samples(160));
    BOOST_TEST(gap == samples(160));
}

BOOST_AUTO_TEST_CASE(audio_that_does_not_continue_is_joined_without_a_click) {
    const samples original = voice(800, 8000);
    samples first(original.begin(), original.begin() + 430),
        second(original.begin(), original.begin() + 80);
    packet_loss_concealer concealer(8000);
    concealer.receive(first);
    concealer.interrupt();
    BOOST_CHECK(!concealer.is_silent());
    const samples given = second;
    concealer.receive(second);
    // Faded in over 5 ms; of that audio nothing is missing or later.
    BOOST_CHECK(second[0] != given[0]);
    BOOST_CHECK(std::equal(second.begin() + 40, second.end(), given.begin() + 40));
    first.insert(first.end(), second.begin(), second.end());
    BOOST_CHECK_LE(largest_step(first), largest_step(original) * 5 / 4);
}

BOOST_AUTO_TEST_CASE(an_interruption_while_audio_is_faded_in_makes_no_click) {
    const samples original = voice(2400, 8000);
    packet_loss_concealer concealer(8000);
    samples heard(original.begin(), original.begin() + 800);
    concealer.receive(heard);
    for (const std::ptrdiff_t from : {1500, 1130, 1777, 1000}) { // 3 ms of each, faded in over 5
        samples piece(original.begin() + from, original.begin() + from + 24);
        concealer.interrupt();
        concealer.receive(piece);
        heard.insert(heard.end(), piece.begin(), piece.end());
    }
    BOOST_CHECK_LE(largest_step(heard), largest_step(original) * 5 / 4);
}

BOOST_AUTO_TEST_CASE(reset_forgets_the_audio) {
    samples pcm = voice(800, 8000);
    packet_loss_concealer concealer(8000);
    concealer.receive(pcm);
    concealer.conceal(pcm);
    concealer.reset();
    BOOST_CHECK(!concealer.is_silent());
    samples gap(160, 1);
    concealer.conceal(gap);
    BOOST_TEST(gap == samples(160));
    const samples original = voice(160, 8000);
    concealer.reset();
    samples next = original;
    concealer.receive(next);
    BOOST_TEST(next == original);
}

BOOST_AUTO_TEST_CASE(copies_are_independent) {
    samples pcm = voice(800, 8000);
    packet_loss_concealer one(8000);
    one.receive(pcm);
    samples first(80), again(80), second(80), more(80);
    one.conceal(first);
    packet_loss_concealer other = one;
    {
        const packet_loss_concealer moved = std::exchange(one, packet_loss_concealer(8000));
        packet_loss_concealer third = moved;
        third.conceal(second);
    }
    other.conceal(more);
    BOOST_TEST(second == more);
    one.conceal(again);
    BOOST_TEST(again == samples(80));
}

// A predictor of audio at the limits must not run away.
BOOST_AUTO_TEST_CASE(the_loudest_audio_stays_bounded) {
    for (const std::uint32_t rate : rates)
        for (const std::size_t half : {1U, 2U, 3U, 20U, 41U, 1000U}) {
            samples pcm(rate / 10);
            for (std::size_t i = 0; i < pcm.size(); ++i)
                pcm[i] = i / half % 2 == 0 ? 32767 : -32768;
            packet_loss_concealer concealer(rate);
            concealer.receive(pcm);
            samples gap(rate / 20);
            concealer.conceal(gap);
            // As a wave of that amplitude that dies away.
            BOOST_CHECK_LT(energy(gap, rate / 25, rate / 100),
                           0.3 * 32768.0 * 32768.0 * (rate / 100));
            samples next(rate / 50, 32767);
            concealer.conceal(gap, next);
            concealer.receive(next);
        }
}

// Of any audio and on any platform the same samples.
BOOST_AUTO_TEST_CASE(the_samples_are_the_same_everywhere) {
    std::uint32_t random = 1, hash = 2166136261;
    for (const std::uint32_t rate : rates) {
        packet_loss_concealer concealer(rate);
        samples pcm(rate / 50), next(rate / 50);
        const auto make = [&](samples& to) {
            int x = 0;
            for (std::int16_t& y : to) {
                random = random * 1664525 + 1013904223;
                x = x * 7 / 8 + static_cast<int>(random >> 20) - 2048;
                y = static_cast<std::int16_t>(x);
            }
        };
        make(next);
        for (int tick = 0; tick < 30; ++tick) {
            pcm = next;
            make(next);
            if (tick % 5 == 2)
                concealer.conceal(pcm);
            else if (tick % 5 == 3)
                concealer.conceal(pcm, next);
            else
                concealer.receive(pcm);
            for (const std::int16_t x : pcm)
                hash = (hash ^ static_cast<std::uint16_t>(x)) * 16777619;
        }
    }
    BOOST_CHECK_EQUAL(hash, 3321643718U);
}
