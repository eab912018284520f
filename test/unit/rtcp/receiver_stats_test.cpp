#include "receiver_stats_packets.hpp"

#include <random>
#include <set>
#include <utility>
#include <vector>

using namespace rtpsynth;
using namespace rtpsynth::test;
using namespace std::chrono_literals;
using outcome = receiver_stats::outcome;
namespace tt = boost::test_tools;

namespace {

receiver_stats started(std::uint16_t first, const receiver_stats::options& opts = from_first) {
    receiver_stats stats(8000, opts);
    BOOST_REQUIRE(stats.update(first, 0, t0) == outcome::in_order);
    return stats;
}

// In order, every packet at t0.
void feed(receiver_stats& stats, std::uint16_t first, unsigned count) {
    for (unsigned i = 0; i < count; ++i) {
        stats.update(static_cast<std::uint16_t>(first + i), 0, t0);
    }
}

// RFC 3550 A.1 (init_seq and update_seq), with sets where the library has bits, and with a bad_seq
// that only the next packet to arrive can confirm. All timestamps are 0, so that only numbers
// count.
struct plain_model {
    unsigned min_sequential, max_dropout, max_misorder;
    std::uint16_t max_seq = 0;
    std::uint32_t cycles = 0, base_seq = 0, bad_seq = 65537, received = 0;
    unsigned probation = 0;
    bool any = false;
    std::set<std::int64_t> seen = {};
    std::uint64_t duplicates = 0, reordered = 0, depth = 0, restarts = 0, rejected = 0;
    std::uint64_t expected_before = 0, missing_before = 0, received_before = 0;

    std::int64_t highest() const { return std::int64_t{cycles} + max_seq; }
    std::uint64_t expected() const {
        const std::int64_t now = any && probation == 0 ? highest() - base_seq + 1 : 0;
        return expected_before + static_cast<std::uint64_t>(now);
    }
    std::uint64_t missing() const {
        std::uint64_t n = missing_before;
        for (std::int64_t s = base_seq; any && probation == 0 && s <= highest(); ++s) {
            n += !seen.contains(s);
        }
        return n;
    }
    void init_seq(std::uint16_t seq) {
        base_seq = seq;
        max_seq = seq;
        bad_seq = 65537;
        cycles = 0;
        received_before += received;
        received = 0;
        seen = {seq};
    }
    outcome update_seq(std::uint16_t seq) {
        if (!any) {
            any = true;
            init_seq(seq);
            max_seq = static_cast<std::uint16_t>(seq - 1);
            probation = min_sequential;
        }
        const auto udelta = static_cast<std::uint16_t>(seq - max_seq);
        const std::uint32_t suspected = std::exchange(bad_seq, 65537); // the next packet judges
        outcome result = outcome::in_order;
        if (probation) {
            if (seq == static_cast<std::uint16_t>(max_seq + 1)) {
                max_seq = seq;
                if (--probation == 0) {
                    init_seq(seq);
                    ++received;
                    return result;
                }
            } else {
                probation = min_sequential - 1;
                max_seq = seq;
            }
            ++rejected;
            return outcome::probation;
        }
        if (udelta < max_dropout) {
            if (seq < max_seq) cycles += 65536;
            max_seq = seq;
            if (!seen.insert(highest()).second) {
                ++duplicates;
                result = outcome::duplicate;
            }
        } else if (udelta <= 65536 - max_misorder) {
            if (seq != suspected) {
                bad_seq = (seq + 1) & 0xffff;
                ++rejected;
                return outcome::rejected;
            }
            missing_before = missing();
            expected_before = expected();
            init_seq(seq);
            ++restarts;
            result = outcome::restarted;
        } else {
            const int behind = 65536 - udelta;
            if (!seen.insert(highest() - behind).second) {
                ++duplicates;
                result = outcome::duplicate;
            } else {
                ++reordered;
                depth = std::max<std::uint64_t>(depth, static_cast<unsigned>(behind));
                result = outcome::reordered;
            }
        }
        ++received;
        return result;
    }
};

} // namespace

BOOST_AUTO_TEST_CASE(constructor_refuses_bad_arguments) {
    BOOST_CHECK_THROW(receiver_stats(0), std::invalid_argument);
    BOOST_CHECK_THROW(receiver_stats(8000, {.max_dropout = 1}), std::invalid_argument);
    BOOST_CHECK_NO_THROW(receiver_stats(1, {.max_dropout = 2, .max_misorder = 0}));
    BOOST_CHECK_NO_THROW(receiver_stats(~0U, {~0U, ~0U, ~0U}));
    BOOST_CHECK_LT(sizeof(receiver_stats), 512U);
}

BOOST_AUTO_TEST_CASE(probation_counts_from_the_packet_that_ends_it) {
    receiver_stats stats(8000, {.min_sequential = 3});
    BOOST_CHECK(stats.update(10, 0, t0) == outcome::probation);
    BOOST_CHECK(stats.update(11, 0, t0) == outcome::probation);
    BOOST_CHECK(stats.update(13, 0, t0) == outcome::probation); // begins again
    BOOST_CHECK(stats.update(14, 0, t0) == outcome::probation);
    BOOST_CHECK(!stats.valid());
    BOOST_CHECK_EQUAL(stats.expected(), 0U);
    BOOST_CHECK_EQUAL(stats.extended_highest_seq(), 0U);
    BOOST_CHECK(stats.make_report(1, t0) == report_block{.ssrc = 1});
    BOOST_CHECK(stats.update(15, 0, t0) == outcome::in_order);
    BOOST_CHECK(stats.valid());
    BOOST_CHECK_EQUAL(stats.received(), 1U);
    BOOST_CHECK_EQUAL(stats.expected(), 1U);
    BOOST_CHECK_EQUAL(stats.rejected(), 4U);
    BOOST_CHECK_EQUAL(stats.extended_highest_seq(), 15U);
}

BOOST_AUTO_TEST_CASE(a_packet_view_counts_by_its_seq_and_timestamp) {
    const std::uint8_t datagram[] = {0x80, 8, 0x12, 0x34, 0, 0, 0, 200, 1, 2, 3, 4};
    receiver_stats stats = started(0x1233);
    stats.update(rtp_packet_view::parse(datagram).value(), t0 + 20ms); // D = 160 - 200
    BOOST_CHECK_EQUAL(stats.extended_highest_seq(), 0x1234U);
    BOOST_TEST(stats.jitter() == 2.5, tt::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(the_first_packet_numbered_0_has_no_predecessor) {
    receiver_stats stats(8000);
    BOOST_CHECK(stats.update(0, 0, t0) == outcome::probation);
    BOOST_CHECK(stats.update(1, 0, t0) == outcome::in_order);
}

BOOST_AUTO_TEST_CASE(sequence_numbers_extend_over_two_wraps) {
    receiver_stats stats = started(65530);
    feed(stats, 65531, 2 * 65536);
    BOOST_CHECK_EQUAL(stats.extended_highest_seq(), 65530U + 2 * 65536);
    BOOST_CHECK_EQUAL(stats.expected(), 2 * 65536U + 1);
    BOOST_CHECK_EQUAL(stats.cumulative_lost(), 0);
    BOOST_CHECK_EQUAL(stats.make_report(1, t0).extended_highest_seq, 0x2'fffaU);
    // Late across the wrap: no new cycle.
    stats.update(3, 0, t0);
    BOOST_CHECK(stats.update(65531, 0, t0) == outcome::reordered);
    BOOST_CHECK_EQUAL(stats.extended_highest_seq(), 0x3'0003U);
    BOOST_CHECK_EQUAL(stats.max_reorder_depth(), 8U);
}

BOOST_AUTO_TEST_CASE(duplicates_are_exact_within_the_window) {
    constexpr auto window = static_cast<std::uint16_t>(receiver_stats::duplicate_window);
    receiver_stats stats = started(0, {0, 3000, 3000});
    feed(stats, 1, 65535 + window); // highest: window - 1 of the second cycle
    BOOST_CHECK(stats.update(0, 0, t0) == outcome::duplicate);
    feed(stats, window, 1);
    BOOST_CHECK(stats.update(0, 0, t0) == outcome::reordered); // outside: not known
    BOOST_CHECK_EQUAL(stats.duplicates(), 1U);
    BOOST_CHECK_EQUAL(stats.reordered(), 1U);
    // Numbers that were jumped over have not been seen, however long the jump.
    for (const unsigned jump : {2U, 64U, 65U, 1023U, 1024U, 1025U, 2500U}) {
        const auto to = static_cast<std::uint16_t>(stats.extended_highest_seq() + jump);
        BOOST_CHECK(stats.update(to, 0, t0) == outcome::in_order);
        const auto late = static_cast<std::uint16_t>(to - 1);
        BOOST_CHECK(stats.update(late, 0, t0) == outcome::reordered);
        BOOST_CHECK(stats.update(late, 0, t0) == outcome::duplicate);
        BOOST_CHECK(stats.update(to, 0, t0) == outcome::duplicate);
    }
}

BOOST_AUTO_TEST_CASE(loss_may_be_negative_and_then_the_fraction_is_0) {
    receiver_stats stats = started(1);
    feed(stats, 2, 3);
    feed(stats, 3, 2); // 3 and 4 again
    BOOST_CHECK_EQUAL(stats.cumulative_lost(), -2);
    BOOST_CHECK_EQUAL(stats.missing(), 0U);
    BOOST_CHECK_EQUAL(stats.unique(), 4U);
    const report_block report = stats.make_report(7, t0);
    BOOST_CHECK_EQUAL(report.cumulative_lost, -2);
    BOOST_CHECK_EQUAL(report.fraction_lost, 0);
    BOOST_CHECK_EQUAL(report.ssrc, 7U);
}

BOOST_AUTO_TEST_CASE(fraction_is_of_the_interval_and_rounded_down) {
    receiver_stats stats = started(0);
    stats.update(3, 0, t0); // 2 of 4
    BOOST_CHECK_EQUAL(stats.make_report(1, t0).fraction_lost, 128);
    BOOST_CHECK_EQUAL(stats.received_since_report(), 0U);
    BOOST_CHECK_EQUAL(stats.make_report(1, t0).fraction_lost, 0); // nothing expected
    stats.update(6, 0, t0);                                       // 2 of 3: 170.67
    BOOST_CHECK_EQUAL(stats.received_since_report(), 1U);
    BOOST_CHECK_EQUAL(stats.make_report(1, t0).fraction_lost, 170);
    stats.update(6 + 2999, 0, t0); // 2998 of 2999: 255.91
    const report_block report = stats.make_report(1, t0);
    BOOST_CHECK_EQUAL(report.fraction_lost, 255);
    BOOST_CHECK_EQUAL(report.cumulative_lost, 2 + 2 + 2998);
    stats.update(3004, 0, t0); // late: the interval has more received than expected
    BOOST_CHECK_EQUAL(stats.make_report(1, t0).fraction_lost, 0);
    BOOST_CHECK_EQUAL(stats.cumulative_lost(), 3001);
}

BOOST_AUTO_TEST_CASE(cumulative_loss_is_clamped_to_24_bits_in_reports_only) {
    receiver_stats lossy = started(0, {0, 65536, 65536});
    for (unsigned i = 1; i <= 300; ++i) lossy.update(static_cast<std::uint16_t>(30000 * i), 0, t0);
    BOOST_CHECK_EQUAL(lossy.cumulative_lost(), 300 * 29999);
    BOOST_CHECK_EQUAL(lossy.make_report(1, t0).cumulative_lost, 0x7f'ffff);

    receiver_stats doubled = started(0);
    for (unsigned i = 0; i < 8'400'000; ++i) doubled.update(0, 0, t0);
    BOOST_CHECK_EQUAL(doubled.cumulative_lost(), -8'400'000);
    BOOST_CHECK_EQUAL(doubled.make_report(1, t0).cumulative_lost, -0x80'0000);
}

BOOST_AUTO_TEST_CASE(sender_reports_give_lsr_and_dlsr) {
    receiver_stats stats = started(1);
    BOOST_CHECK_EQUAL(stats.make_report(1, t0 + 5s).delay_since_last_sr, 0U);
    stats.sender_report_received(ntp_time{0xb44d'b705'2000'0000}, t0 + 1s);
    const report_block report = stats.make_report(1, t0 + 6s + 250ms);
    BOOST_CHECK_EQUAL(report.last_sr, 0xb705'2000U);
    BOOST_CHECK_EQUAL(report.delay_since_last_sr, 0x0005'4000U);
    BOOST_CHECK_EQUAL(stats.make_report(1, t0).delay_since_last_sr, 0U); // clock went back
    BOOST_CHECK_EQUAL(stats.make_report(1, t0 + 65537s - 1ns).delay_since_last_sr, 0xffff'ffffU);
    BOOST_CHECK_EQUAL(stats.make_report(1, t0 + 65537s).delay_since_last_sr, 0xffff'ffffU);
    BOOST_CHECK_EQUAL(stats.make_report(1, t0 + 1s + 15259ns).delay_since_last_sr, 1U);
}

BOOST_AUTO_TEST_CASE(random_streams_agree_with_the_plain_model) {
    std::mt19937 random(20240607);
    const auto below = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
    for (unsigned round = 0; round < 120; ++round) {
        const receiver_stats::options opts{.min_sequential = 1 + round % 4,
                                           .max_dropout = round % 3 ? 3000U : 40U,
                                           .max_misorder = round % 5 ? 100U : 1000U};
        receiver_stats stats(8000, opts);
        plain_model model{opts.min_sequential, opts.max_dropout, opts.max_misorder};
        auto seq = static_cast<std::uint16_t>(random());
        std::vector<std::uint64_t> by_outcome(6);
        for (unsigned i = 0; i < 3000; ++i) {
            std::uint16_t out = ++seq;
            switch (below(40)) {
            case 0:
                out = static_cast<std::uint16_t>(seq - below(opts.max_misorder + 20));
                break;
            case 1:
                out = --seq;
                break;
            case 2:
                out = seq = static_cast<std::uint16_t>(seq + below(60));
                break;
            case 3:
                out = static_cast<std::uint16_t>(seq + below(5));
                break;
            case 4:
                if (below(4) == 0) out = seq = static_cast<std::uint16_t>(random());
                break;
            default:
                break;
            }
            const outcome got = stats.update(out, 0, t0);
            BOOST_REQUIRE(got == model.update_seq(out));
            ++by_outcome[static_cast<std::size_t>(got)];
            BOOST_REQUIRE_EQUAL(stats.expected(), model.expected());
        }
        BOOST_CHECK_EQUAL(stats.received(), model.received_before + model.received);
        BOOST_CHECK_EQUAL(stats.duplicates(), model.duplicates);
        BOOST_CHECK_EQUAL(stats.reordered(), model.reordered);
        BOOST_CHECK_EQUAL(stats.max_reorder_depth(), model.depth);
        BOOST_CHECK_EQUAL(stats.restarts(), model.restarts);
        BOOST_CHECK_EQUAL(stats.rejected(), model.rejected);
        BOOST_CHECK_EQUAL(stats.missing(), model.missing());
        BOOST_CHECK_EQUAL(stats.extended_highest_seq(),
                          static_cast<std::uint64_t>(model.highest()));
        for (const outcome o : {outcome::in_order, outcome::reordered, outcome::duplicate,
                                outcome::restarted, outcome::rejected}) {
            BOOST_CHECK_GT(by_outcome[static_cast<std::size_t>(o)], 0U); // the streams do reach it
        }
    }
}
