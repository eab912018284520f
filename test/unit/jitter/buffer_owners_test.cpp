#include <boost/test/unit_test.hpp>

#include "buffer_packets.hpp"

#include <rtpsynth/jitter/buffer.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <utility>
#include <vector>

// An owner stays with its packet, whatever happens, even if a sink throws.

namespace {

using namespace rtpsynth;

// Each belongs to one packet and records where it ended.
struct tally {
    int live = 0; // owners of a packet, wherever they are
};

class owner {
public:
    owner() = default;
    owner(tally& t, int id) : tally_(&t), id_(id) { ++t.live; }
    owner(owner&& other) noexcept : tally_(std::exchange(other.tally_, nullptr)), id_(other.id_) {}
    owner& operator=(owner&& other) noexcept {
        owner moved(std::move(other));
        std::swap(tally_, moved.tally_);
        std::swap(id_, moved.id_);
        return *this;
    }
    ~owner() {
        if (tally_ != nullptr) --tally_->live;
    }

    bool given() const noexcept { return tally_ != nullptr; }
    int id() const noexcept { return id_; }

private:
    tally* tally_ = nullptr;
    int id_ = -1;
};

using buffer_type = jitter_buffer<owner>;

struct nothing_comes_out {
    void operator()(buffer_type::frame&&) const { BOOST_ERROR("a packet"); }
    void operator()(const erasure&) const { BOOST_ERROR("an erasure"); }
    void operator()(drop_reason, buffer_type::frame&&) const { BOOST_ERROR("a dropped packet"); }
};

// 1..n before anything was handed out: they wait until the capacity is reached.
void fill(buffer_type& b, tally& t, int n) {
    for (int i = 1; i <= n; ++i) {
        owner o(t, i);
        BOOST_TEST(b.insert(make_packet(i), std::move(o), {}, nothing_comes_out{}).has_value());
        BOOST_TEST(!o.given());
    }
}

BOOST_AUTO_TEST_CASE(an_owner_may_be_move_only) {
    jitter_buffer<std::unique_ptr<int>> b({.capacity = 4});
    struct {
        std::vector<int> played, dropped;
        void operator()(jitter_buffer<std::unique_ptr<int>>::frame&& f) {
            played.push_back(*f.owner);
        }
        void operator()(const erasure&) {}
        void operator()(drop_reason, jitter_buffer<std::unique_ptr<int>>::frame&& f) {
            dropped.push_back(*f.owner);
        }
    } sink;
    for (const int seq : {0, 2, 2, 3, 1, 1, 9, 5})
        BOOST_TEST(b.insert(make_packet(seq), std::make_unique<int>(seq), {}, sink).has_value());
    b.flush(sink);
    BOOST_TEST(sink.played == (std::vector{0, 1, 2, 3, 5, 9}), boost::test_tools::per_element());
    BOOST_TEST(sink.dropped == (std::vector{2, 1}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_frame_that_the_sink_does_not_take_is_destroyed_at_once) {
    tally t;
    buffer_type b({.capacity = 3});
    struct {
        void operator()(buffer_type::frame&&) {}
        void operator()(const erasure&) {}
        void operator()(drop_reason, buffer_type::frame&&) {}
    } indifferent;
    int id = 0;
    for (const int seq : {0, 2, 2, 0, 1, 7, 9, 11, 3, 20000, 30000}) {
        (void)b.insert(make_packet(seq), owner(t, id++), {}, indifferent);
        BOOST_TEST(t.live <= static_cast<int>(b.size()) + 1); // and one suspect
    }
    BOOST_TEST(t.live == static_cast<int>(b.size()) + 1);
    b.flush(indifferent);
    BOOST_TEST(t.live == 0);
}

BOOST_AUTO_TEST_CASE(destroying_a_full_buffer_destroys_every_owner_once) {
    for (const int capacity : {1, 2, 20, 16383}) {
        tally t;
        {
            buffer_type b({.capacity = static_cast<unsigned>(capacity)});
            fill(b, t, capacity - 1);
            if (capacity > 1) { // the suspect too
                owner o(t, 0);
                BOOST_TEST(
                    b.insert(make_packet(0, 2), std::move(o), {}, nothing_comes_out{}).has_value());
                BOOST_TEST(t.live == capacity);
            }
            BOOST_TEST(b.size() == static_cast<unsigned>(capacity - 1));
        }
        BOOST_TEST(t.live == 0);
    }
}

BOOST_AUTO_TEST_CASE(a_buffer_may_be_moved) {
    tally t;
    buffer_type a({.capacity = 4, .max_delay = duration(10)});
    fill(a, t, 2);
    buffer_type b(std::move(a));
    BOOST_TEST(b.size() == 2U);
    BOOST_TEST((b.next_deadline() == at(10)));
    transcript<owner> sink;
    BOOST_TEST(b.insert(make_packet(3), owner(t, 3), {}, sink).has_value());
    BOOST_TEST(b.insert(make_packet(4), owner(t, 4), {}, sink).has_value());
    BOOST_TEST(sink.text == "1 2 3 4");
    BOOST_TEST(t.live == 0);

    buffer_type full({.capacity = 9});
    fill(full, t, 7);
    BOOST_TEST(b.insert(make_packet(6), owner(t, 6), {}, sink).has_value());
    full = std::move(b); // what was in it goes
    BOOST_TEST(t.live == 1);
    full.flush(sink);
    BOOST_TEST(sink.text == "1 2 3 4 [5..5 +160] 6");
    BOOST_TEST(full.capacity() == 4U);
    BOOST_TEST(full.stats().received == 5U);
    a = buffer_type({.capacity = 3});
    fill(a, t, 2);
    BOOST_TEST(a.size() == 2U);
    BOOST_TEST(t.live == 2);
}

BOOST_AUTO_TEST_CASE(an_owner_needs_nothing_but_a_move_constructor) {
    struct plain {
        explicit plain(int n) : number(std::make_unique<int>(n)) {}
        plain(plain&&) noexcept = default;
        plain& operator=(plain&&) = delete;
        std::unique_ptr<int> number;
    };
    jitter_buffer<plain> b({.capacity = 3, .max_delay = duration(10)});
    transcript<plain> sink;
    int n = 0;
    const auto put = [&](std::int64_t seq, std::uint32_t ssrc = 1) {
        ++n;
        BOOST_TEST(b.insert(make_packet(seq, ssrc), plain(n), at(n), sink).has_value());
    };
    for (const int seq : {0, 1, 3, 3, 2, 1}) put(seq);
    put(9, 2);
    put(7, 3);
    put(8, 3);
    b.flush(sink);
    put(65, 3);
    b.expire(at(100), sink);
    BOOST_TEST(sink.text ==
               "0 1 duplicate(3) 2 3 late(1) stray(9) [4..131078 restart] 131079 131080 "
               "[131081..131136 +8960] 131137");
}

BOOST_AUTO_TEST_CASE(the_parts_of_insert_take_only_what_is_ordinary) {
    tally t;
    buffer_type b({.capacity = 3});
    const auto pass = [&](int seq) { return b.pass(make_packet(seq)); };
    transcript<owner> sink;
    const auto reorder = [&](int seq) {
        owner mine(t, seq);
        const bool done = b.reorder(make_packet(seq), std::move(mine), {}, sink);
        BOOST_TEST(mine.given() == !done);
        return done;
    };
    BOOST_TEST((!pass(0) && !reorder(0))); // the first packet of all
    BOOST_TEST(!b.last_lseq());
    BOOST_TEST(b.insert(make_packet(0), owner(t, 0), {}, sink).has_value());
    BOOST_TEST(pass(1));
    BOOST_TEST((b.last_lseq() == 1));
    for (const int known : {0, 1}) BOOST_TEST((!pass(known) && !reorder(known)));
    BOOST_TEST((!pass(3) && reorder(3)));
    BOOST_TEST((!pass(3) && !reorder(3))); // a duplicate
    BOOST_TEST((!pass(2) && reorder(2)));  // 3 waits for it
    BOOST_TEST(sink.text == "0 2 3");
    BOOST_TEST((!pass(5) && reorder(5)));
    BOOST_TEST((!pass(7) && reorder(7)));
    BOOST_TEST((!pass(9) && !reorder(9))); // a third one would fill the buffer,
    BOOST_TEST((!pass(4) && !reorder(4))); // and any may make the last one stale
    BOOST_TEST(b.stats().received == 6U);
    BOOST_TEST(b.stats().dropped() == 0U);
    b.flush(sink);
    BOOST_TEST(b.insert(make_packet(9, 9), owner(t, 9), {}, sink).has_value());
    BOOST_TEST(b.has_suspect());
    BOOST_TEST((!pass(8) && !reorder(8) && !reorder(9))); // a suspect is judged by every packet
    BOOST_TEST(sink.text == "0 2 3 [4..4 +160] 5 [6..6 +160] 7");
}

BOOST_AUTO_TEST_CASE(every_owner_inside_can_be_visited) {
    tally t;
    buffer_type b({.capacity = 4});
    transcript<owner> sink;
    const auto inside = [&] {
        std::vector<int> ids;
        b.for_each([&](const buffer_type::frame& f) { ids.push_back(f.owner.id()); });
        std::sort(ids.begin(), ids.end());
        return ids;
    };
    const auto put = [&](int seq, std::uint32_t ssrc = 1) {
        BOOST_TEST(b.insert(make_packet(seq, ssrc), owner(t, seq), {}, sink).has_value());
    };
    BOOST_TEST(inside().empty());
    for (const int seq : {0, 2, 4}) put(seq);
    BOOST_TEST(inside() == (std::vector{2, 4}), boost::test_tools::per_element());
    put(77, 2); // a suspect
    BOOST_TEST(inside() == (std::vector{2, 4, 77}), boost::test_tools::per_element());
    put(1); // condemns it, and 2 leaves a slot that is free
    BOOST_TEST(inside() == (std::vector{4}), boost::test_tools::per_element());
    put(6);
    BOOST_TEST(inside() == (std::vector{4, 6}), boost::test_tools::per_element());
    b.flush(sink);
    BOOST_TEST(inside().empty());
}

// ---- sinks that throw ----

struct sink_failure {};

// Records what it gets and throws at call number `next`, and then every `period` calls.
struct throwing_sink {
    std::vector<bool> seen;                // by id: played or dropped
    std::optional<std::int64_t> following; // the number that has to come next
    std::uint64_t played = 0, dropped = 0;
    int calls = 0;
    int next = -1, period = 0;
    bool failed = false; // a rule was broken

    void operator()(buffer_type::frame&& f) {
        once(f.owner);
        ++played;
        in_order(f.lseq, f.lseq);
        may_throw();
    }
    void operator()(const erasure& gap) {
        in_order(gap.lseq_start, gap.lseq_end);
        may_throw();
    }
    void operator()(drop_reason, buffer_type::frame&& f) {
        once(f.owner);
        ++dropped;
        may_throw();
    }

private:
    void once(const owner& o) {
        const auto id = static_cast<std::size_t>(o.id());
        if (!o.given() || id >= seen.size() || seen[id]) {
            failed = true;
            return;
        }
        seen[id] = true;
    }
    void in_order(std::int64_t start, std::int64_t end) {
        if (end < start || (following && start != *following)) failed = true;
        following = end + 1;
    }
    void may_throw() {
        if (calls++ != next) return;
        next = period == 0 ? -1 : next + period;
        throw sink_failure{};
    }
};

struct step {
    enum { put, expire, flush } kind;
    int seq;
    std::uint32_t ssrc;
    std::int64_t now;
};

std::vector<step> make_script(std::uint32_t seed, int length) {
    std::mt19937 random(seed);
    const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
    std::vector<step> script;
    int seq = below(3) == 0 ? 0 : below(65536);
    for (int i = 0; i != length; ++i) {
        const int dice = below(40);
        if (dice == 0) script.push_back({step::flush, 0, 0, 0});
        if (dice == 1) script.push_back({step::expire, 0, 0, i - below(5)});
        if (dice == 2) seq = below(65536); // the stream starts anew
        if (dice < 20) ++seq;
        const int near = dice < 36 ? seq + below(6) - 2 : seq + below(6001) - 3000;
        script.push_back({step::put, near, dice == 39 ? 2U : 1U, i});
    }
    script.push_back({step::flush, 0, 0, 0});
    return script;
}

// Runs a script with a sink that throws, and returns whether all was right.
bool runs_well(const std::vector<step>& script, const jitter_buffer_options& o,
               throwing_sink& sink) {
    tally t;
    std::uint64_t received = 0;
    {
        buffer_type b(o);
        sink.seen.assign(script.size(), false);
        for (std::size_t i = 0; i != script.size(); ++i) {
            const step& s = script[i];
            for (bool done = false; !done;) {
                done = true;
                owner mine(t, static_cast<int>(i));
                try {
                    if (s.kind == step::put)
                        (void)b.insert(make_packet(s.seq, s.ssrc), std::move(mine), at(s.now),
                                       sink);
                    else if (s.kind == step::expire)
                        b.expire(at(s.now), sink);
                    else
                        b.flush(sink);
                } catch (const sink_failure&) {
                    done = s.kind != step::flush; // what it has not handed out is still inside
                }
                if (s.kind == step::put && !mine.given()) ++received;
            }
            if (sink.failed || b.size() > o.capacity) return false;
            const jitter_buffer_stats& n = b.stats();
            // All that is not out is inside, and only a suspect is inside and not counted by
            // size().
            const std::uint64_t inside = n.received - sink.played - sink.dropped;
            if (n.received != received || n.dropped() != sink.dropped || inside - b.size() > 1 ||
                t.live != static_cast<int>(inside))
                return false;
        }
        if (b.size() != 0) return false;
    }
    return t.live == 0;
}

BOOST_AUTO_TEST_CASE(a_sink_may_throw_at_any_of_its_calls) {
    long runs = 0;
    for (std::uint32_t seed = 1; seed != 200; ++seed) {
        const jitter_buffer_options o{.capacity = 1 + seed % 7, .max_delay = duration(seed % 20)};
        const std::vector<step> script = make_script(seed, 60);
        throwing_sink quiet;
        BOOST_REQUIRE_MESSAGE(runs_well(script, o, quiet), "seed " << seed << ", none thrown");
        for (int next = 0; next != quiet.calls; ++next) {
            throwing_sink once;
            once.next = next;
            BOOST_REQUIRE_MESSAGE(runs_well(script, o, once),
                                  "seed " << seed << ", thrown at call " << next);
            ++runs;
        }
        for (int period = 1; period != 12; ++period) {
            throwing_sink often;
            often.next = period - 1;
            often.period = period;
            BOOST_REQUIRE_MESSAGE(runs_well(script, o, often),
                                  "seed " << seed << ", thrown at every call of " << period);
            ++runs;
        }
    }
    BOOST_TEST(runs > 10'000);
}

BOOST_AUTO_TEST_CASE(packets_left_inside_by_a_throwing_sink_are_not_taken_twice) {
    // The sink throws at the erasure before 2, so that 2 is due; then another 2 comes.
    for (const bool after_something_else : {false, true}) {
        tally t;
        buffer_type b({.capacity = 20});
        throwing_sink sink;
        sink.seen.assign(6, false);
        sink.next = 1;
        int id = 0;
        for (const int seq : {0, 2, 3}) (void)b.insert(make_packet(seq), owner(t, id++), {}, sink);
        BOOST_CHECK_THROW((b.flush(sink)), sink_failure);
        BOOST_TEST(b.size() == 2U);
        if (after_something_else) (void)b.insert(make_packet(0), owner(t, id++), {}, sink);
        (void)b.insert(make_packet(2), owner(t, id++), {}, sink);
        b.flush(sink);
        BOOST_TEST(!sink.failed);
        BOOST_TEST(sink.played == 3U);
        BOOST_TEST(sink.dropped == (after_something_else ? 2U : 1U));
    }
}

} // namespace
