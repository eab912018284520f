#include <boost/test/unit_test.hpp>

#include "../counted_heap.hpp"
#include "buffer_packets.hpp"

#include <rtpsynth/jitter/buffer.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <initializer_list>
#include <iostream>
#include <memory>
#include <new>
#include <random>
#include <utility>
#include <variant>
#include <vector>

// What a jitter buffer allocates, and what it does without memory.

namespace {

using namespace rtpsynth;

struct out_counter {
    std::uint64_t played = 0, erasures = 0, dropped = 0;
    template <class Frame>
    void operator()(Frame&&) {
        ++played;
    }
    void operator()(const erasure&) { ++erasures; }
    template <class Frame>
    void operator()(drop_reason, Frame&&) {
        ++dropped;
    }
};

using order = std::vector<std::int64_t>;

// 100,000 numbers, changed window by window.
order in_windows(std::size_t window, const std::function<void(order&, std::mt19937&)>& change) {
    std::mt19937 random(7);
    order all;
    for (std::int64_t n = 0; n < 100'000;) {
        order part;
        for (std::size_t i = 0; i != window; ++i) part.push_back(n++);
        change(part, random);
        all.insert(all.end(), part.begin(), part.end());
    }
    return all;
}

BOOST_AUTO_TEST_CASE(ordinary_reordering_allocates_nothing) {
    const struct {
        const char* name;
        unsigned capacity;
        order numbers;
    } streams[] = {
        {"in order", 20, in_windows(1, [](order&, std::mt19937&) {})},
        {"shuffled windows of 10", 20,
         in_windows(10, [](order& p, std::mt19937& r) { std::shuffle(p.begin(), p.end(), r); })},
        {"shuffled windows of 1000", 2000,
         in_windows(1000, [](order& p, std::mt19937& r) { std::shuffle(p.begin(), p.end(), r); })},
        {"shuffled beyond the capacity", 4,
         in_windows(16, [](order& p, std::mt19937& r) { std::shuffle(p.begin(), p.end(), r); })},
        {"losses", 20, in_windows(20, [](order& p, std::mt19937& r) { p.resize(20 - r() % 20); })},
        {"duplicates", 20,
         in_windows(20,
                    [](order& p, std::mt19937& r) { p.insert(p.begin() + r() % 20, p.back()); })},
        {"strangers", 20, in_windows(20, [](order& p, std::mt19937& r) { p[r() % 19] += 20'000; })},
        {"restarts", 20,
         in_windows(20,
                    [](order& p, std::mt19937& r) {
                        for (auto& n : p) n += 10'000 * (n / 1000) + static_cast<int>(r() % 2);
                    })},
    };
    for (const auto& stream : streams) {
        for (const bool timed : {false, true}) {
            jitter_buffer_options o{.capacity = stream.capacity};
            if (timed) o.max_delay = std::chrono::milliseconds(60);
            jitter_buffer<std::shared_ptr<int>> b(o);
            const auto owner = std::make_shared<int>(1);
            out_counter sink;
            const std::size_t before = heap::allocations;
            std::int64_t now = 0;
            for (const std::int64_t n : stream.numbers) {
                now += 20'000'000;
                (void)b.insert(make_packet(n), std::shared_ptr(owner), at(now), sink);
                if (timed) b.expire(at(now), sink);
            }
            b.flush(sink);
            const std::size_t during = heap::allocations - before;
            BOOST_TEST(during == 0U, stream.name << ": " << during << " allocations");
            BOOST_TEST(sink.played + sink.dropped == stream.numbers.size());
            BOOST_TEST(sink.played > 1000U);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_wide_gap_costs_70_kb_at_most_and_only_until_the_buffer_is_empty) {
    jitter_buffer<std::monostate> b({.capacity = 20, .max_dropout = 65535, .max_misorder = 65535});
    out_counter sink;
    const std::size_t small = heap::live_bytes;
    for (int round = 0; round != 3; ++round) {
        const std::int64_t n = b.last_lseq().value_or(0);
        std::size_t most = 0;
        for (const int ahead : {1, 3, 100, 1000, 30000, 32767}) {
            BOOST_TEST(b.insert(make_packet(n + ahead), {}, {}, sink).has_value());
            most = std::max(most, heap::live_bytes - small);
        }
        BOOST_TEST(most > 60'000U);
        BOOST_TEST(most <= 70U * 1024);
        b.flush(sink);
        BOOST_TEST(heap::live_bytes == small);
    }
    // A beginning that spreads over more than that.
    for (int i = 0; i != 19; ++i)
        BOOST_TEST(b.insert(make_packet(60000 - 20000 * i, 2), {}, {}, sink).has_value());
    BOOST_TEST(heap::live_bytes - small <= 71U * 1024);
    b.flush(sink);
    BOOST_TEST(heap::live_bytes == small);
}

BOOST_AUTO_TEST_CASE(ten_thousand_buffers_of_20_packets_fit_in_well_under_50_mb) {
    using shared_buffer = jitter_buffer<std::shared_ptr<const std::uint8_t[]>>;
    const std::size_t before = heap::live_bytes;
    std::vector<shared_buffer> buffers;
    buffers.reserve(10'000);
    out_counter sink;
    for (int i = 0; i != 10'000; ++i) {
        buffers.emplace_back(jitter_buffer_options{.capacity = 20});
        for (int n = 1; n <= 19; ++n)
            (void)buffers.back().insert(make_packet(n), nullptr, {}, sink);
        BOOST_TEST(buffers.back().size() == 19U);
    }
    const std::size_t used = heap::live_bytes - before;
    std::cout << "10,000 buffers of capacity 20 with 19 packets each, shared_ptr owners: "
              << used / 1000 << " kB\n";
    BOOST_TEST(used < 30'000'000U);
}

// ---- without memory ----

BOOST_AUTO_TEST_CASE(construction_without_memory_throws) {
    for (long n = 0; n != 2; ++n) {
        const std::size_t before = heap::live_bytes;
        heap::until_failure = n;
        bool refused = false;
        try {
            jitter_buffer<int> b({.capacity = 200});
        } catch (const std::bad_alloc&) {
            refused = true;
        }
        heap::until_failure = -1;
        BOOST_TEST(refused);
        BOOST_TEST(heap::live_bytes == before);
    }
}

using owned_buffer = jitter_buffer<std::unique_ptr<int>>;

// A sink that records what came out without allocating.
struct record {
    std::array<std::int64_t, 100> what{};
    std::size_t used = 0;

    void operator()(owned_buffer::frame&& f) { add({1, f.lseq, *f.owner}); }
    void operator()(const erasure& gap) { add({2, gap.lseq_start, gap.lseq_end, gap.ts_diff}); }
    void operator()(drop_reason why, owned_buffer::frame&& f) {
        add({3, static_cast<std::int64_t>(why), *f.owner});
    }

    friend bool operator==(const record&, const record&) = default;

private:
    void add(std::initializer_list<std::int64_t> numbers) {
        for (const std::int64_t n : numbers) what.at(used++) = n;
    }
};

auto numbers_of(const jitter_buffer_stats& s) {
    return std::array{s.received, s.invalid,  s.duplicate, s.late,    s.stale,
                      s.stray,    s.erasures, s.erased,    s.restarts};
}

// Each packet is put into both buffers. One gets no memory at first, and must then agree with the
// other. Returns how often it got none.
int starve(const order& numbers, const jitter_buffer_options& o) {
    int refusals = 0;
    for (long nth = 0; nth != 3; ++nth) {
        owned_buffer poor(o), rich(o);
        record poor_out, rich_out;
        int n = 0;
        for (const std::int64_t number : numbers) {
            const auto packet = make_packet(number);
            auto owner = std::make_unique<int>(++n);
            const auto stats = numbers_of(poor.stats());
            const auto size = poor.size();
            const auto deadline = poor.next_deadline();
            const record before = poor_out;
            heap::until_failure = nth;
            const auto done = poor.insert(packet, std::move(owner), at(n), poor_out);
            heap::until_failure = -1;
            if (!done) {
                ++refusals;
                BOOST_TEST((done.error() == errc::not_enough_memory));
                BOOST_REQUIRE(owner);
                BOOST_TEST((numbers_of(poor.stats()) == stats));
                BOOST_TEST(poor.size() == size);
                BOOST_TEST((poor.next_deadline() == deadline));
                BOOST_TEST((poor_out == before));
                BOOST_TEST(poor.insert(packet, std::move(owner), at(n), poor_out).has_value());
            }
            BOOST_TEST(rich.insert(packet, std::make_unique<int>(n), at(n), rich_out).has_value());
            BOOST_TEST((poor_out == rich_out));
        }
        poor.flush(poor_out);
        rich.flush(rich_out);
        BOOST_TEST((poor_out == rich_out));
        BOOST_TEST((numbers_of(poor.stats()) == numbers_of(rich.stats())));
    }
    return refusals;
}

BOOST_AUTO_TEST_CASE(insert_without_memory_changes_nothing) {
    const jitter_buffer_options wide{
        .capacity = 6, .max_delay = duration(100), .max_dropout = 65535, .max_misorder = 65535};
    BOOST_TEST(starve({0, 1, 100, 3, 3000, 20000, 2, 32000, 5, 4, 7, 40000, 41000}, wide) >= 3);
    // Before the first packet, and over the whole number space.
    BOOST_TEST(starve({30000, 30100, 20000, -2768, 62767, 2, 3}, wide) >= 3);
    // Before the packets that end a long outage.
    BOOST_TEST(starve({0, 1, 70000, 70001, 3, 2, 5, 6, 1000, 70000}, {.capacity = 6}) >= 1);
    // A suspect stays where it is.
    BOOST_TEST(starve({0, 1, 20000, 1500, 2, 2501, 2499, 20001, 20002, 3}, {.capacity = 20}) >= 2);
}

} // namespace
