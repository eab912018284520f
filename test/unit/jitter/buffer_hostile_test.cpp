#include <boost/test/unit_test.hpp>

#include "../effort.hpp"
#include "buffer_checker.hpp"
#include "buffer_packets.hpp"

#include <rtpsynth/jitter/buffer.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <random>

// Hostile senders: numbers that run backwards, jump, creep downwards after a restart, come from two
// sources at once, or end an outage at the worst place, with timestamps that match or do not. A
// buffer keeps its guarantees, whatever they send.

namespace {

using namespace rtpsynth;
using buffer_type = jitter_buffer<std::uint8_t>;

constexpr int sequences = effort(100'000);
constexpr std::size_t packets = 160; // of a sequence

class sender {
public:
    explicit sender(std::uint32_t seed) : random_(seed) {
        seq_ = pick(std::array<std::int64_t, 5>{0, 1, 10, 65530, below(65536)});
        timestamp_ = draw();
    }

    std::uint32_t below(std::uint32_t n) { return draw() % n; }

    template <class T, std::size_t N>
    T pick(const std::array<T, N>& choices) {
        return choices[below(N)];
    }

    jitter_buffer_options options() {
        jitter_buffer_options o;
        o.capacity = pick(std::array{1U, 2U, 3U, 4U, 5U, 8U, 20U, 64U, 100U, 16383U});
        if (below(2) == 0) o.max_delay = duration(below(100));
        if (below(3) == 0) o.max_dropout = pick(std::array{0U, 1U, 10U, 32767U, 65536U});
        if (below(3) == 0) o.max_misorder = pick(std::array{0U, 1U, 10U, 32768U, 65536U});
        return o;
    }

    rtp_packet_view next() {
        if (left_ == 0) choose_a_course();
        --left_;
        move(step_);
        if (course_ == shuffling) return packet(seq_ + below(12) - 6);
        if (course_ == two_sources) return make_packet(seq_, timestamp_, 1 + below(2));
        if (course_ == creeping) step_ = -1 - static_cast<std::int64_t>(below(depth_));
        return packet(seq_);
    }

private:
    std::uint32_t draw() { return static_cast<std::uint32_t>(random_()); }

    enum course { forwards, backwards, shuffling, two_sources, creeping, outage, jumping };

    // A packet whose timestamp fits its number.
    rtp_packet_view packet(std::int64_t seq) const {
        return make_packet(seq, timestamp_ + static_cast<std::uint32_t>(160 * (seq - seq_)), ssrc_);
    }

    void move(std::int64_t numbers) {
        seq_ += numbers;
        if (follows_) timestamp_ += static_cast<std::uint32_t>(160 * numbers);
    }

    void choose_a_course() {
        static constexpr std::array<std::int64_t, 12> jumps{1,    2,    3,     40,    2999,  3000,
                                                            3001, 6000, 32767, 32768, 32769, 65535};
        course_ = static_cast<course>(below(jumping + 1));
        left_ = 1 + below(20);
        step_ = 1;
        follows_ = below(4) != 0;
        if (below(8) == 0) timestamp_ = draw();
        if (below(8) == 0) ssrc_ = 1 + below(3);
        if (course_ == backwards) step_ = -1;
        if (course_ == jumping) move(below(2) == 0 ? pick(jumps) : -pick(jumps));
        if (course_ == creeping) { // after a restart that leaves room below
            ssrc_ = 4 + ssrc_ % 4;
            seq_ = pick(std::array<std::int64_t, 4>{10, 32000, 65000, below(65536)});
            depth_ = pick(std::array{2U, 100U, 3000U, 30000U});
            left_ += 40;
        }
        if (course_ == outage) {
            follows_ = true;
            move(pick(jumps) + 65536 * std::int64_t{below(3)} * below(1000));
        }
    }

    std::mt19937 random_;
    std::int64_t seq_;
    std::uint32_t timestamp_;
    std::uint32_t ssrc_ = 1;
    course course_ = forwards;
    bool follows_ = true;    // whether timestamps go the way of the numbers
    std::uint32_t left_ = 5; // packets of this course
    std::int64_t step_ = 1;
    std::uint32_t depth_ = 1;
};

struct totals {
    std::uint64_t restarts = 0, erased = 0, dropped = 0;
};

bool holds(std::uint32_t seed, totals& sums) {
    sender s(seed);
    buffer_type b(s.options());
    promise_checker<packets> sink;
    for (std::size_t i = 0; i != packets; ++i) {
        const auto now = at(static_cast<std::int64_t>(i));
        sink.inside[i] = true;
        if (!b.insert(s.next(), static_cast<std::uint8_t>(i), now, sink)) return false;
        if (!sink.agrees_with(b)) return false;
        if (s.below(50) == 0) b.flush(sink);
        if (s.below(20) == 0) b.expire(now, sink);
    }
    b.flush(sink);
    const jitter_buffer_stats& stats = b.stats();
    sums.restarts += stats.restarts;
    sums.erased += stats.erased;
    sums.dropped += stats.dropped();
    return sink.right && sink.inside.none() && stats.received == packets;
}

BOOST_AUTO_TEST_CASE(no_hostile_sequence_breaks_a_buffer) {
    int wrong = 0;
    totals sums;
    for (std::uint32_t seed = 1; seed <= sequences; ++seed) {
        if (!holds(seed, sums) && ++wrong <= 10) BOOST_ERROR("seed " << seed);
    }
    BOOST_TEST(wrong == 0);
    BOOST_TEST(sums.restarts > 2U * sequences); // they did mean harm
    BOOST_TEST(sums.erased > 100U * sequences);
    BOOST_TEST(sums.dropped > 2U * sequences);
    BOOST_TEST_MESSAGE(sequences << " sequences: " << sums.restarts << " restarts, " << sums.erased
                                 << " packets erased, " << sums.dropped << " dropped");
}

} // namespace
