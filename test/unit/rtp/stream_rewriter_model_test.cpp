// Random sequences of sources on a bad network, against a model that knows which packet is whose.
#include "rewriter_packets.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <random>

using namespace rewriter_test;

namespace {

constexpr std::uint8_t audio = 96;
constexpr int packet_ms = 20;

// A packet on its way.
struct sent {
    int segment = 0;
    std::int64_t number = 0; // without wraps, within its segment
    std::int64_t sent_ms = 0;
    std::int64_t arrival_ms = 0;
    bool is_asked = false; // for another source, before it comes
    fields f{};
    std::uint32_t duration = 0; // of an event
};

class network {
public:
    network(unsigned seed, std::uint32_t clock_rate) : random_(seed), clock_rate_(clock_rate) {}

    std::vector<sent> calls(int segments) {
        for (int i = 0; i < segments; ++i) segment(i);
        std::stable_sort(packets_.begin(), packets_.end(),
                         [](const sent& a, const sent& b) { return a.arrival_ms < b.arrival_ms; });
        return packets_;
    }

private:
    bool one_in(unsigned n) { return random_() % n == 0; }

    void segment(int index) {
        const bool is_same = index > 0 && one_in(8); // the same source, but another call
        const bool is_back = index > 1 && one_in(3);
        if (is_same) {
            now_ms_ += 100; // nothing of the call before is late
            ssrcs_.push_back(ssrcs_.back());
        } else if (is_back && ssrcs_[ssrcs_.size() - 2] != ssrcs_.back()) {
            ssrcs_.push_back(ssrcs_[ssrcs_.size() - 2]);
        } else {
            ssrcs_.push_back(next_ssrc_++);
        }
        const std::uint32_t ssrc = ssrcs_.back();
        if (!seqs_.count(ssrc)) seqs_[ssrc] = static_cast<std::uint16_t>(65'536 - random_() % 100);
        seqs_[ssrc] = static_cast<std::uint16_t>(seqs_[ssrc] + random_() % 1000);
        const std::uint32_t origin_ts = 0U - static_cast<std::uint32_t>(random_() % 200'000);
        const std::uint32_t event_origin =
            clock_rate_ == 8000 ? origin_ts : static_cast<std::uint32_t>(random_());
        const auto length = 70 + static_cast<int>(random_() % 100);
        int event_at = one_in(2) ? 1 + static_cast<int>(random_() % 60) : -100;
        int last_delayed = -10;
        for (int i = 0; i < length; ++i, now_ms_ += packet_ms) {
            if (i > 0 && one_in(60)) now_ms_ += packet_ms * (1 + random_() % 50); // DTX
            sent p{.segment = index, .number = i, .sent_ms = now_ms_};
            p.is_asked = is_same && i == 0;
            const bool is_event = i >= event_at && i < event_at + 8;
            const auto ms = static_cast<std::uint32_t>(now_ms_);
            p.f = {.ssrc = ssrc,
                   .seq = seqs_[ssrc]++,
                   .timestamp = origin_ts + ms * (clock_rate_ / 1000),
                   .type = audio};
            if (is_event) {
                if (i == event_at) event_began_ = ms;
                p.f.type = event;
                p.f.timestamp = event_origin + event_began_ * 8;
                p.duration = (ms - event_began_) * 8;
            }
            const bool may_suffer = !is_same && i + 3 < length;
            if (may_suffer && i > 0 && one_in(20)) continue; // lost
            p.arrival_ms = now_ms_ + static_cast<std::int64_t>(random_() % 15);
            if (!is_same && i - last_delayed > 5 && one_in(15)) {
                p.arrival_ms += 45;
                last_delayed = i;
            }
            packets_.push_back(p);
            if (may_suffer && one_in(30)) {
                p.arrival_ms += 30;
                packets_.push_back(p);
            }
        }
        now_ms_ += static_cast<std::int64_t>(one_in(2) ? random_() % 2000 : 0);
    }

    std::mt19937 random_;
    std::uint32_t clock_rate_;
    std::int64_t now_ms_ = 0;
    std::uint32_t next_ssrc_ = 1;
    std::uint32_t event_began_ = 0;
    std::vector<std::uint32_t> ssrcs_;
    std::map<std::uint32_t, std::uint16_t> seqs_;
    std::vector<sent> packets_;
};

// What must come out, told by what each packet was meant to be.
class model {
public:
    explicit model(std::uint32_t clock_rate) : clock_rate_(clock_rate) {}

    outcome expect(const sent& p) {
        if (p.segment < segment_) return outcome::late;
        const bool begins = p.segment > segment_;
        if (begins) {
            segment_ = p.segment;
            first_ = p.number;
            base_ = highest_ + 1;
            clocks_[0].has_offset = clocks_[1].has_offset = false;
            has_marked_ = false;
        }
        if (p.number < first_) return outcome::overtaken;
        seq_ = base_ + (p.number - first_);
        highest_ = std::max(highest_, seq_);
        return begins ? outcome::switched : outcome::forwarded;
    }

    void check(const sent& p, const fields& out) {
        BOOST_REQUIRE_EQUAL(out.ssrc, origin.ssrc);
        BOOST_REQUIRE_EQUAL(out.seq, static_cast<std::uint16_t>(seq_));
        BOOST_REQUIRE_EQUAL(out.type, p.f.type);
        BOOST_REQUIRE_EQUAL(out.marker, p.f.type == audio && !has_marked_);
        has_marked_ |= p.f.type == audio;

        const bool is_other_clock = p.f.type == event && clock_rate_ != 8000;
        clock& c = clocks_[is_other_clock];
        const std::int64_t rate = is_other_clock ? 8000 : clock_rate_;
        const std::uint32_t instant = out.timestamp + p.duration;
        if (c.has_offset) {
            BOOST_REQUIRE_EQUAL(out.timestamp - p.f.timestamp, c.offset);
        } else if (c.has_begun) {
            // From the newest of the segment before to the first of this one.
            const auto advance = static_cast<std::int32_t>(instant - c.newest);
            const std::int64_t passed = (p.sent_ms - c.newest_ms) * rate / 1000;
            BOOST_REQUIRE_GE(advance, rate * packet_ms / 1000);
            const std::int64_t error = std::abs(advance - passed) * 1000 / rate;
            worst_ms = std::max(worst_ms, error);
        }
        c.has_offset = true;
        c.offset = out.timestamp - p.f.timestamp;
        if (!c.has_begun || static_cast<std::int32_t>(instant - c.newest) > 0) {
            c.newest = instant;
            c.newest_ms = p.sent_ms;
        }
        c.has_begun = true;
    }

    std::int64_t worst_ms = 0; // between the timestamps and the wall clock, at switches

private:
    struct clock {
        bool has_begun = false;
        bool has_offset = false;
        std::uint32_t offset = 0;
        std::uint32_t newest = 0;
        std::int64_t newest_ms = 0; // sent then
    };

    std::uint32_t clock_rate_;
    int segment_ = -1;
    std::int64_t first_ = 0;
    std::int64_t base_ = 0;
    std::int64_t highest_ = origin.seq - 1;
    std::int64_t seq_ = 0;
    bool has_marked_ = false;
    clock clocks_[2];
};

void run(std::uint32_t clock_rate) {
    stream_rewriter_options options = with_events();
    options.formats.set(audio, {clock_rate, payload_kind::media});
    std::map<outcome, int> outcomes;
    std::int64_t worst_ms = 0;
    for (unsigned seed = 0; seed < 100; ++seed) {
        BOOST_TEST_CONTEXT("clock rate " << clock_rate << ", seed " << seed) {
            fixture t(options, clock_rate);
            model m(clock_rate);
            for (const sent& p : network(seed, clock_rate).calls(20)) {
                t.now = time_point{std::chrono::hours(1) + milliseconds(p.arrival_ms)};
                if (p.is_asked) t.rewriter.switch_source();
                bytes payload(160);
                if (p.f.type == event)
                    payload = {5, 10, static_cast<std::uint8_t>(p.duration >> 8),
                               static_cast<std::uint8_t>(p.duration)};
                const outcome expected = m.expect(p);
                BOOST_REQUIRE_EQUAL(t.put(packet(p.f, payload)), expected);
                ++outcomes[expected];
                if (is_forwarded(expected)) m.check(p, t.out);
            }
            worst_ms = std::max(worst_ms, m.worst_ms);
            const stream_rewriter_stats& stats = t.rewriter.stats();
            BOOST_TEST(stats.switches == 20U);
        }
    }
    // A packet's jitter is up to 15 ms, or 60 if it is delayed.
    BOOST_TEST(worst_ms <= 65);
    for (const outcome o :
         {outcome::forwarded, outcome::switched, outcome::late, outcome::overtaken})
        BOOST_TEST(outcomes[o] > 0);
}

} // namespace

BOOST_AUTO_TEST_CASE(at_8_kHz) { run(8000); }
BOOST_AUTO_TEST_CASE(at_16_kHz_with_events_of_8) { run(16'000); }
BOOST_AUTO_TEST_CASE(at_48_kHz_with_events_of_8) { run(48'000); }
