#include <boost/test/unit_test.hpp>

#include "../effort.hpp"
#include "voice_sender_tools.hpp"

#include <algorithm>
#include <deque>
#include <optional>
#include <random>

// Any sequences of calls, against a model that is slow and simple, and against themselves with the
// audio in other pieces.

using namespace voice_sender_test;

namespace {

// Quiet enough that no join changes it, and no run of it is repeated for a while.
std::int16_t quiet(std::size_t i) { return static_cast<std::int16_t>(i * i % 31 - 15); }

// play_queue where no rate changes: samples, each with its item.
class model {
public:
    explicit model(const play_queue_options& o)
        : most_(static_cast<std::size_t>(o.capacity / std::chrono::microseconds(125))),
          timeout_(static_cast<std::size_t>(o.item_timeout / std::chrono::microseconds(125))) {}

    std::size_t push(const pcm& audio, std::uint64_t id) {
        const bool begins = items_.empty() || items_.back().is_over || items_.back().id != id;
        const std::size_t n = std::min(audio.size(), most_ - samples_.size());
        if ((n == 0 && !audio.empty()) || (begins && items_.size() == play_queue::max_items))
            return 0;
        if (begins) {
            if (!items_.empty()) items_.back().is_over = true;
            items_.push_back({id});
        } else if (has_run_out_ && n != 0 && items_.back().pushed != 0) {
            ++dry_runs;
        }
        if (n != 0 || begins) has_run_out_ = false;
        silent_ = 0;
        items_.back().pushed += n;
        samples_.insert(samples_.end(), audio.begin(),
                        audio.begin() + static_cast<std::ptrdiff_t>(n));
        return n;
    }
    void end_item() {
        if (!items_.empty()) items_.back().is_over = true;
        has_run_out_ = false;
    }
    std::size_t pull(pcm& out) {
        ended.clear();
        std::size_t n = 0;
        for (std::int16_t& sample : out) {
            sample = 0;
            if (samples_.empty()) continue;
            sample = samples_.front();
            samples_.pop_front();
            ++n;
            for (item& i : items_)
                if (i.sent != i.pushed) {
                    ++i.sent;
                    break;
                }
        }
        silent_ = out.size() - n + (n == 0 ? silent_ : 0);
        if (n != out.size()) has_run_out_ = !items_.empty() && !items_.back().is_over;
        if (has_run_out_ && silent_ >= timeout_) end_item();
        while (!items_.empty() && items_.front().is_over &&
               items_.front().sent == items_.front().pushed) {
            ended.push_back({items_.front().id, items_.front().sent, 8000});
            items_.pop_front();
        }
        return n;
    }
    std::optional<played_item> clear() {
        std::optional<played_item> first;
        if (!items_.empty()) first = {items_.front().id, items_.front().sent, 8000};
        items_.clear();
        samples_.clear();
        has_run_out_ = false;
        return first;
    }
    std::size_t room() const { return most_ - samples_.size(); }

    std::vector<played_item> ended;
    std::uint64_t dry_runs = 0;

private:
    struct item {
        std::uint64_t id;
        std::uint64_t pushed = 0, sent = 0;
        bool is_over = false;
    };
    std::size_t most_, timeout_;
    std::size_t silent_ = 0;
    std::deque<std::int16_t> samples_;
    std::deque<item> items_;
    bool has_run_out_ = false;
};

} // namespace

BOOST_AUTO_TEST_CASE(a_queue_does_what_the_model_does) {
    for (unsigned seed = 0; seed < effort(200U); ++seed) {
        BOOST_TEST_CONTEXT("seed " << seed) {
            std::mt19937 random(seed);
            const play_queue_options o{.capacity = milliseconds(10 + random() % 600),
                                       .item_timeout = milliseconds(random() % 200)};
            play_queue queue(o);
            model m(o);
            std::size_t position = 0;
            std::uint64_t item = 0;
            for (int step = 0; step < 600; ++step) {
                const unsigned choice = random() % 16;
                if (choice < 6) {
                    pcm audio(random() % 4 == 0 ? random() % 4 : random() % 3000);
                    for (std::int16_t& sample : audio) sample = quiet(position++);
                    if (random() % 4 == 0) ++item;
                    BOOST_REQUIRE_EQUAL(queue.push(audio, item).value(), m.push(audio, item));
                } else if (choice == 6) {
                    queue.end_item();
                    m.end_item();
                } else if (choice == 7 && random() % 4 == 0) {
                    BOOST_REQUIRE(queue.clear() == m.clear());
                } else {
                    pcm got(random() % 4 == 0 ? random() % 900 : 160, 99), expected(got.size());
                    const pulled_audio pulled = queue.pull(got);
                    BOOST_REQUIRE_EQUAL(pulled.samples, m.pull(expected));
                    BOOST_REQUIRE(got == expected);
                    BOOST_REQUIRE(std::equal(pulled.ended.begin(), pulled.ended.end(),
                                             m.ended.begin(), m.ended.end()));
                }
                BOOST_REQUIRE_EQUAL(queue.room(), m.room());
                BOOST_REQUIRE_EQUAL(queue.dry_runs(), m.dry_runs);
            }
        }
    }
}

namespace {

struct setting {
    std::string_view codec;
    std::uint8_t type;
    std::uint32_t rate;
};
constexpr setting settings[] = {{"PCMU/8000", 0, 8000},   {"PCMU/8000", 0, 24000},
                                {"PCMA/8000", 8, 44100},  {"G722/8000", 9, 24000},
                                {"L16/48000", 96, 8000},  {"L16/16000", 96, 22050},
                                {"L16/8000", 96, 384000}, {"L16/44100", 96, 4000}};

// The same call, with each piece of audio cut into any number of pushes.
fixture cut_call(unsigned seed, const setting& s, bool is_cut) {
    std::mt19937 random(seed), cuts(seed + 1);
    fixture f({.input_rate = s.rate,
               .idle = static_cast<idle_policy>(seed % 3),
               .max_burst = 1 + seed % 4},
              codec(s.codec, s.type));
    std::size_t position = 0;
    for (std::uint64_t step = 0; step < 60; ++step) {
        std::size_t n = std::min<std::size_t>(f.sender.room(), random() % (s.rate / 3));
        while (n > 0) {
            const std::size_t part = is_cut ? std::min<std::size_t>(n, 1 + cuts() % n) : n;
            f.push(tone(part, s.rate, position), step / 3);
            position += part;
            n -= part;
        }
        const unsigned choice = random() % 16;
        if (choice < 3) f.sender.end_item();
        if (choice == 3) f.sender.clear();
        if (choice == 4) BOOST_REQUIRE(f.sender.send_digits("1#"));
        if (choice == 5) f.now += milliseconds(random() % 300);
        if (choice == 6) f.sender.set_input_rate(s.rate);
        f.ticks(random() % 20);
    }
    f.sender.end_item();
    f.ticks(600);
    return f;
}

} // namespace

BOOST_AUTO_TEST_CASE(packets_do_not_depend_on_the_pieces) {
    for (const setting& s : settings)
        for (unsigned seed = 0; seed < effort(6U); ++seed) {
            BOOST_TEST_CONTEXT(s.codec << " from " << s.rate << " Hz, seed " << seed) {
                const fixture whole = cut_call(seed, s, false);
                const fixture cut = cut_call(seed, s, true);
                BOOST_REQUIRE_EQUAL(whole.sent.size(), cut.sent.size());
                for (std::size_t i = 0; i < cut.sent.size(); ++i) {
                    const packet &a = whole.sent[i], &b = cut.sent[i];
                    BOOST_REQUIRE(a.payload == b.payload && a.timestamp == b.timestamp &&
                                  a.marker == b.marker && a.kind == b.kind && a.seq == b.seq);
                }
                BOOST_REQUIRE(whole.ended == cut.ended);
                BOOST_CHECK_EQUAL(cut.sender.waiting(), 0);
                BOOST_CHECK_EQUAL(whole.sender.stats().dry_runs, cut.sender.stats().dry_runs);
                BOOST_CHECK_GT(cut.sent.size(), 100);
            }
        }
}

BOOST_AUTO_TEST_CASE(each_sample_is_sent_or_cleared_at_any_rate) {
    for (const setting& s : settings)
        for (unsigned seed = 0; seed < effort(6U); ++seed) {
            BOOST_TEST_CONTEXT(s.codec << " from " << s.rate << " Hz, seed " << seed) {
                std::mt19937 random(seed);
                fixture f({.input_rate = s.rate}, codec(s.codec, s.type));
                std::vector<played_item> expected;
                for (std::uint64_t item = 0; item < 40; ++item) {
                    const std::size_t n =
                        std::min<std::size_t>(f.sender.room(), random() % (s.rate / 4));
                    f.push(tone(n, s.rate), item);
                    expected.push_back({item, n, s.rate});
                    if (random() % 2 == 0) f.sender.end_item();
                    f.ticks(random() % 30);
                    if (random() % 6 != 0) continue;
                    const std::size_t waited = f.sender.waiting();
                    const auto cleared = f.sender.clear();
                    if (!cleared) continue;
                    std::size_t dropped = 0;
                    while (expected.back().item != cleared->item) {
                        dropped += expected.back().samples;
                        expected.pop_back();
                    }
                    dropped += expected.back().samples - cleared->samples;
                    expected.pop_back();
                    BOOST_REQUIRE_EQUAL(dropped, waited);
                }
                f.ticks(600);
                BOOST_REQUIRE(f.ended == expected);
            }
        }
}

// With all that can happen between two ticks, a packet's timestamp is its tick's time.
BOOST_AUTO_TEST_CASE(timestamps_follow_the_clock) {
    for (unsigned seed = 0; seed < effort(100U); ++seed) {
        BOOST_TEST_CONTEXT("seed " << seed) {
            std::mt19937 random(seed);
            const unsigned burst = 1 + random() % 4;
            fixture f({.ptime = milliseconds(10 * (1 + random() % 6)),
                       .idle = static_cast<idle_policy>(random() % 3),
                       .max_burst = burst});
            std::uint64_t ticks = 0;
            for (std::uint64_t step = 0; step < 300; ++step) {
                if (random() % 3 == 0)
                    static_cast<void>(f.sender.push(tone(random() % 6000, 8000), step));
                if (random() % 20 == 0) static_cast<void>(f.sender.send_digits("7"));
                if (random() % 9 == 0) f.sender.clear();
                f.now += random() % 10 == 0
                             ? f.ptime * static_cast<int>(random() % 50) + milliseconds(3)
                             : f.ptime;
                unsigned in_a_burst = 0;
                for (; f.sender.due() <= f.now; ++in_a_burst) {
                    const sent_kind kind = f.send();
                    if (kind == sent_kind::nothing || kind == sent_kind::event) continue;
                    const auto number = (f.sender.due() - start) / f.ptime - 1;
                    const auto units = number * (f.ptime / milliseconds(1)) * 8;
                    BOOST_REQUIRE_EQUAL(f.sent.back().timestamp,
                                        origin.timestamp + static_cast<std::uint32_t>(units));
                }
                BOOST_REQUIRE_LE(in_a_burst, burst);
                ticks += in_a_burst;
                BOOST_REQUIRE(f.sender.due() > f.now && f.sender.due() - f.now <= f.ptime);
                const voice_sender_stats s = f.sender.stats();
                BOOST_REQUIRE_EQUAL(s.packets() + s.ticks_of(sent_kind::nothing), ticks);
            }
        }
    }
}
