#include <boost/test/unit_test.hpp>

#include <rtpsynth/audio/play_queue.hpp>
#include <rtpsynth/audio/resampler.hpp>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <ostream>
#include <stdexcept>
#include <vector>

using namespace rtpsynth;
using std::chrono::milliseconds;
using pcm = std::vector<std::int16_t>;

namespace rtpsynth {
static std::ostream& operator<<(std::ostream& out, const played_item& p) {
    return out << p.item << ": " << p.samples << " of " << p.rate << " Hz";
}
} // namespace rtpsynth

namespace {

constexpr std::size_t tick = 160;

// Goes up by 1 a sample: each has a value of its own, and steps are inaudible.
pcm ramp(std::size_t n, int first = 1) {
    pcm made(n);
    for (std::int16_t& sample : made) sample = static_cast<std::int16_t>(first++);
    return made;
}
pcm tone(std::size_t n, std::uint32_t rate) {
    pcm made(n);
    for (std::size_t i = 0; i < n; ++i)
        made[i] = static_cast<std::int16_t>(std::lrint(
            12000 * std::cos(2 * 3.14159265358979 * 440 * static_cast<double>(i) / rate)));
    return made;
}

// A queue, what was pulled of it, and which items have ended.
struct fixture {
    explicit fixture(const play_queue_options& o = {}) : queue(o) {}

    void push(const pcm& audio, std::uint64_t item = 1) {
        BOOST_REQUIRE_EQUAL(queue.push(audio, item).value(), audio.size());
    }
    std::size_t pull(std::size_t n = tick) {
        pcm got(n, 77);
        const pulled_audio pulled = queue.pull(got);
        heard.insert(heard.end(), got.begin(), got.end());
        ended.insert(ended.end(), pulled.ended.begin(), pulled.ended.end());
        ended_now = pulled.ended.size();
        return pulled.samples;
    }
    void pull_ticks(std::size_t n) {
        for (std::size_t i = 0; i < n; ++i) pull();
    }
    int largest_step() const {
        int most = std::abs(heard.front());
        for (std::size_t i = 1; i < heard.size(); ++i)
            most = std::max(most, std::abs(heard[i] - heard[i - 1]));
        return most;
    }
    pcm from(std::size_t first, std::size_t n) const {
        return pcm(heard.begin() + static_cast<std::ptrdiff_t>(first),
                   heard.begin() + static_cast<std::ptrdiff_t>(first + n));
    }

    play_queue queue;
    pcm heard;
    std::vector<played_item> ended;
    std::size_t ended_now = 0;
};

} // namespace

BOOST_AUTO_TEST_CASE(an_empty_queue_gives_silence) {
    fixture f;
    BOOST_CHECK_EQUAL(f.pull(), 0);
    BOOST_TEST(f.heard == pcm(tick, 0));
    BOOST_CHECK(f.queue.idle());
    BOOST_CHECK_EQUAL(f.queue.room(), 80000);
    BOOST_CHECK(!f.queue.clear());
    BOOST_CHECK_EQUAL(f.queue.pull({}).samples, 0);
}

BOOST_AUTO_TEST_CASE(audio_comes_out_as_it_was_put_in) {
    fixture f;
    f.push(ramp(30));
    f.push(ramp(400, 31));
    BOOST_CHECK_EQUAL(f.queue.waiting(), 430);
    BOOST_CHECK_EQUAL(f.pull(), tick);
    BOOST_CHECK_EQUAL(f.pull(), tick);
    BOOST_CHECK_EQUAL(f.pull(), 110 + 40); // and it fades: it ended at 430
    BOOST_TEST(f.from(0, 430) == ramp(430));
    BOOST_CHECK_EQUAL(f.pull(), 0);
    BOOST_TEST(f.from(480, tick) == pcm(tick, 0));
}

BOOST_AUTO_TEST_CASE(as_much_is_taken_as_there_is_room_for) {
    fixture f({.rate = 8000, .input_rate = 24000, .capacity = milliseconds(100)});
    BOOST_CHECK_EQUAL(f.queue.room(), 2400);
    BOOST_CHECK_EQUAL(f.queue.push(ramp(2000), 1).value(), 2000);
    BOOST_CHECK_EQUAL(f.queue.room(), 400);
    BOOST_CHECK_EQUAL(f.queue.push(ramp(2000), 1).value(), 400);
    BOOST_CHECK_EQUAL(f.queue.push(ramp(2000), 2).value(), 0);
    f.pull();
    // 20 ms less what is inside the resampler, 40 samples of 8 kHz.
    BOOST_CHECK_EQUAL(f.queue.room(), 480 - 120);
    // What there was no room for has not begun an item.
    f.queue.end_item();
    f.pull_ticks(6);
    BOOST_REQUIRE_EQUAL(f.ended.size(), 1);
    BOOST_CHECK_EQUAL(f.ended[0], (played_item{1, 2400, 24000}));
    BOOST_CHECK_EQUAL(f.queue.room(), 2400);
}

BOOST_AUTO_TEST_CASE(an_item_ends_in_the_tick_that_has_the_last_of_it) {
    fixture f;
    f.push(ramp(tick), 1);
    f.push(ramp(tick + 1), 2);
    f.push(ramp(10), 3);
    f.queue.end_item();
    f.pull();
    BOOST_TEST(f.ended == (std::vector<played_item>{{1, tick, 8000}}));
    f.pull();
    BOOST_CHECK_EQUAL(f.ended_now, 0);
    f.pull();
    BOOST_TEST(f.ended ==
               (std::vector<played_item>{{1, tick, 8000}, {2, tick + 1, 8000}, {3, 10, 8000}}));
    BOOST_CHECK(f.ended[1].length() == std::chrono::microseconds(161 * 125));
    f.pull();
    BOOST_CHECK_EQUAL(f.ended.size(), 3);
}

BOOST_AUTO_TEST_CASE(an_item_that_is_open_has_not_ended) {
    fixture f;
    f.push(ramp(tick));
    f.pull_ticks(3);
    BOOST_CHECK(f.ended.empty());
    f.queue.end_item();
    f.pull();
    BOOST_CHECK_EQUAL(f.ended.size(), 1);
    BOOST_CHECK_EQUAL(f.queue.dry_runs(), 0);
    f.push(ramp(tick)); // the same number again: another item
    f.push(ramp(1), 2);
    f.pull();
    BOOST_CHECK_EQUAL(f.ended.size(), 2);
    BOOST_CHECK_EQUAL(f.queue.dry_runs(), 0);
}

BOOST_AUTO_TEST_CASE(an_item_that_nobody_ends_is_over_after_some_silence) {
    fixture f({.item_timeout = milliseconds(100)});
    f.push(ramp(tick)); // and it fades
    f.pull_ticks(6);
    BOOST_CHECK(f.ended.empty());
    f.pull();
    BOOST_CHECK_EQUAL(f.ended.size(), 1);
    f.push(ramp(tick));
    BOOST_CHECK_EQUAL(f.queue.dry_runs(), 0);
}

BOOST_AUTO_TEST_CASE(an_item_without_audio_ends_too) {
    fixture f({.item_timeout = milliseconds(100)});
    f.push({}, 1);
    f.push(ramp(10), 2);
    f.push({}, 3);
    f.pull();
    BOOST_TEST(f.ended == (std::vector<played_item>{{1, 0, 8000}, {2, 10, 8000}}));
    f.push(ramp(10), 3);
    BOOST_CHECK_EQUAL(f.queue.dry_runs(), 0); // that was its beginning
    f.pull();
    f.push({}, 4);
    f.pull_ticks(6);
    BOOST_CHECK_EQUAL(f.ended.size(), 4);
}

BOOST_AUTO_TEST_CASE(a_dry_run_is_counted_when_the_item_goes_on) {
    fixture f;
    f.push(ramp(tick));
    f.pull();
    f.push(ramp(tick, 161)); // in time
    f.pull();
    BOOST_CHECK_EQUAL(f.queue.dry_runs(), 0);
    f.pull();
    f.pull();
    f.push(ramp(tick));
    BOOST_CHECK_EQUAL(f.queue.dry_runs(), 1);
    f.push(ramp(tick));
    BOOST_CHECK_EQUAL(f.queue.dry_runs(), 1);
    f.pull_ticks(3);
    f.push(ramp(tick), 2); // the first item was over, as it turns out
    BOOST_CHECK_EQUAL(f.queue.dry_runs(), 1);
}

BOOST_AUTO_TEST_CASE(a_dry_run_within_the_resamplers_delay_is_counted_once) {
    fixture f({.rate = 8000, .input_rate = 24000});
    f.push(tone(400, 24000));
    BOOST_CHECK_EQUAL(f.pull(), tick); // 134 samples, and the end has begun
    f.push(tone(400, 24000));
    BOOST_CHECK_EQUAL(f.queue.dry_runs(), 1);
    f.pull(1);
    f.push(tone(400, 24000));
    BOOST_CHECK_EQUAL(f.queue.dry_runs(), 1);
}

BOOST_AUTO_TEST_CASE(what_is_cleared_is_accounted_to_the_sample) {
    fixture f;
    f.push(ramp(100), 1);
    f.push(ramp(1000), 2);
    f.push(ramp(1000), 3);
    f.pull();
    const auto at_60 = f.queue.clear();
    BOOST_REQUIRE(at_60);
    BOOST_CHECK_EQUAL(*at_60, (played_item{2, 60, 8000}));
    BOOST_CHECK_EQUAL(f.queue.waiting(), 0);
    BOOST_CHECK(!f.queue.clear());
    f.push(ramp(1000), 2);
    BOOST_CHECK_EQUAL(f.queue.clear().value(), (played_item{2, 0, 8000}));
    f.pull_ticks(3);
    BOOST_CHECK_EQUAL(f.ended.size(), 1); // the first; no other one ends
}

BOOST_AUTO_TEST_CASE(after_clear_there_is_a_fade_of_5_ms) {
    fixture f;
    f.push(tone(1000, 8000));
    f.pull_ticks(2);
    f.queue.clear();
    BOOST_CHECK_EQUAL(f.pull(), 40);
    BOOST_TEST(f.from(360, 120) == pcm(120, 0));
    BOOST_CHECK_NE(f.heard[350], 0);
    BOOST_CHECK_EQUAL(f.pull(), 0);
}

BOOST_AUTO_TEST_CASE(nothing_of_what_was_cleared_comes_later) {
    fixture f({.rate = 48000, .input_rate = 8000});
    f.push(tone(800, 8000));
    f.pull(961); // of the next sample of input, 5 are left
    f.queue.clear();
    f.pull(240); // the fade
    f.heard.clear();
    f.push(pcm(160));
    f.pull(960);
    BOOST_TEST(f.heard == pcm(960, 0));
}

BOOST_AUTO_TEST_CASE(a_resampler_is_no_part_of_an_item) {
    fixture f({.rate = 8000, .input_rate = 24000});
    f.push(tone(2400, 24000), 1);
    f.push(tone(2400, 24000), 2);
    f.queue.end_item();
    f.pull();
    BOOST_CHECK(f.ended.empty());
    for (std::size_t i = 0; i < 30; ++i) // of the 40 that it lags by
        BOOST_TEST(std::abs(f.heard[i]) < 100);
    f.pull_ticks(4);
    BOOST_CHECK(f.ended.empty()); // 5 ms are still to come
    f.pull();
    BOOST_TEST(f.ended == (std::vector<played_item>{{1, 2400, 24000}}));
    f.pull_ticks(4);
    BOOST_CHECK_EQUAL(f.ended.size(), 1);
    BOOST_CHECK_EQUAL(f.pull(), 80); // the end, and a fade
    BOOST_CHECK_EQUAL(f.ended.size(), 2);

    f.push(tone(2400, 24000), 3);
    f.pull();
    f.pull();
    BOOST_CHECK_EQUAL(f.queue.clear().value(), (played_item{3, 960 - 120, 24000}));
}

BOOST_AUTO_TEST_CASE(what_is_resampled_is_what_a_resampler_makes) {
    for (const std::uint32_t rate : {4000U, 11025U, 16000U, 24000U, 44100U, 48000U}) {
        BOOST_TEST_CONTEXT(rate) {
            pcm audio = tone(rate, rate); // that begins and ends in silence
            for (std::size_t i = 0; i < rate; ++i)
                audio[i] = static_cast<std::int16_t>(
                    audio[i] * std::sin(3.14159265358979 * static_cast<double>(i) / rate));
            resampler reference(rate, 8000);
            pcm expected(reference.output_size(audio.size()));
            reference.process(audio, expected).value();
            pcm end(reference.flush_size());
            reference.flush(end).value();
            expected.insert(expected.end(), end.begin(), end.end());

            fixture f({.rate = 8000, .input_rate = rate});
            f.push(audio);
            f.pull_ticks(52);
            BOOST_TEST(f.from(0, expected.size()) == expected, boost::test_tools::per_element());
            BOOST_TEST(f.from(expected.size(), tick) == pcm(tick, 0));
        }
    }
}

BOOST_AUTO_TEST_CASE(audio_that_comes_in_time_is_no_dry_run) {
    for (const std::uint32_t out : {8000U, 16000U, 48000U})
        for (const std::uint32_t in : {8000U, 16000U, 22050U, 24000U, 44100U, 48000U}) {
            BOOST_TEST_CONTEXT(in << " to " << out) {
                fixture f({.rate = out, .input_rate = in});
                for (int i = 0; i < 100; ++i) { // what a tick needs, just before it
                    f.push(tone(in / 50, in));
                    BOOST_CHECK_EQUAL(f.pull(out / 50), out / 50);
                }
                BOOST_CHECK_EQUAL(f.queue.dry_runs(), 0);
            }
        }
}

BOOST_AUTO_TEST_CASE(items_of_several_rates_follow_each_other) {
    fixture f({.rate = 8000, .input_rate = 16000});
    f.push(tone(3200, 16000), 1);
    f.queue.set_input_rate(8000);
    f.push(tone(1600, 8000), 1);
    f.queue.set_input_rate(48000);
    f.push(tone(9600, 48000), 2);
    f.queue.end_item();
    f.pull_ticks(33);
    BOOST_TEST(f.ended ==
               (std::vector<played_item>{{1, 3200, 16000}, {1, 1600, 8000}, {2, 9600, 48000}}));
    BOOST_CHECK_LT(f.largest_step(), 4500); // the tone's own are 4,141
    BOOST_CHECK_EQUAL(f.queue.dry_runs(), 0);
}

BOOST_AUTO_TEST_CASE(nothing_is_lost_when_the_rate_of_the_output_changes) {
    fixture f({.rate = 8000, .input_rate = 24000});
    f.push(tone(24000, 24000), 1);
    f.queue.end_item();
    f.pull_ticks(3);
    const std::size_t before = f.queue.waiting();
    f.queue.set_rate(16000);
    BOOST_CHECK_EQUAL(f.queue.waiting(), before);
    for (int i = 0; i < 60; ++i) f.pull(320);
    BOOST_TEST(f.ended == (std::vector<played_item>{{1, 24000, 24000}}));
    BOOST_CHECK_LT(f.largest_step(), 4500);
}

BOOST_AUTO_TEST_CASE(there_is_no_click_where_audio_begins_ends_and_runs_dry) {
    for (const std::uint32_t rate : {8000U, 24000U}) {
        fixture f({.rate = 8000, .input_rate = rate});
        std::size_t sent = 0;
        for (unsigned i = 0; i < 40; ++i) {
            const pcm all = tone(sent + rate / 10 + i * 7, rate); // ends anywhere
            f.push(pcm(all.begin() + static_cast<std::ptrdiff_t>(sent), all.end()), i);
            sent = all.size();
            if (i % 3 == 0) f.queue.end_item();
            for (unsigned n = i % 8; n > 0; --n) f.pull();
            if (i % 5 == 0) f.queue.clear();
        }
        f.pull_ticks(30);
        BOOST_CHECK_LT(f.largest_step(), 4500); // the tone's own are 4,141
        BOOST_CHECK_GT(f.largest_step(), 4000);
    }
}

BOOST_AUTO_TEST_CASE(no_more_than_1024_items_wait) {
    fixture f;
    for (std::uint64_t i = 0; i < play_queue::max_items; ++i)
        BOOST_REQUIRE_EQUAL(f.queue.push(ramp(1), i).value(), 1);
    BOOST_CHECK_EQUAL(f.queue.push(ramp(1), 5000).value(), 0);
    BOOST_CHECK_EQUAL(f.queue.push(ramp(1), play_queue::max_items - 1).value(), 1);
    f.pull();
    BOOST_CHECK_EQUAL(f.ended.size(), tick); // each of them is told
    BOOST_CHECK_EQUAL(f.queue.push(ramp(1), 5000).value(), 1);
}

BOOST_AUTO_TEST_CASE(memory_is_given_back_after_5_s) {
    fixture f;
    f.push(ramp(tick));
    f.queue.end_item();
    f.pull_ticks(250);
    BOOST_CHECK(!f.queue.idle());
    f.pull_ticks(2);
    BOOST_CHECK(f.queue.idle());
    f.push(ramp(tick));
    BOOST_CHECK(!f.queue.idle());
    f.queue.clear();
    f.pull_ticks(251);
    BOOST_CHECK(f.queue.idle());
}

BOOST_AUTO_TEST_CASE(options_out_of_range_are_refused) {
    for (const play_queue_options& o : {play_queue_options{.rate = 3999},
                                        {.rate = 384001},
                                        {.input_rate = 3999},
                                        {.capacity = milliseconds(9)},
                                        {.capacity = std::chrono::hours(2)},
                                        {.item_timeout = milliseconds(-1)}})
        BOOST_CHECK_THROW(play_queue{o}, std::invalid_argument);
    play_queue queue;
    BOOST_CHECK_THROW(queue.set_rate(0), std::invalid_argument);
    BOOST_CHECK_THROW(queue.set_input_rate(400000), std::invalid_argument);
    BOOST_CHECK_EQUAL(queue.options().rate, 8000);
    BOOST_CHECK_NO_THROW(play_queue({.item_timeout = duration::max()}));
}
