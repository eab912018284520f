#include "receiver_stats_packets.hpp"

#include <vector>

using namespace rtpsynth;
using namespace rtpsynth::test;
using namespace std::chrono_literals;
using outcome = receiver_stats::outcome;

namespace {

receiver_stats started(std::uint16_t first, const receiver_stats::options& opts = from_first) {
    receiver_stats stats(8000, opts);
    BOOST_REQUIRE(stats.update(first, 0, t0) == outcome::in_order);
    return stats;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_jump_needs_the_next_in_sequence_to_count_as_a_restart) {
    receiver_stats stats = started(100);
    BOOST_CHECK(stats.update(3099, 0, t0) == outcome::in_order);  // 2999 ahead
    BOOST_CHECK(stats.update(6099, 0, t0) == outcome::rejected);  // 3000 ahead
    BOOST_CHECK(stats.update(3000, 0, t0) == outcome::reordered); // 99 behind
    BOOST_CHECK(stats.update(2999, 0, t0) == outcome::rejected);  // 100 behind
    BOOST_CHECK(stats.update(6100, 0, t0) == outcome::rejected);  // the suspect is now 2999
    BOOST_CHECK_EQUAL(stats.expected(), 3000U);
    BOOST_CHECK_EQUAL(stats.received(), 3U);
    BOOST_CHECK(stats.update(6101, 0, t0) == outcome::restarted);
    BOOST_CHECK_EQUAL(stats.restarts(), 1U);
    BOOST_CHECK_EQUAL(stats.rejected(), 3U);
    BOOST_CHECK_EQUAL(stats.expected(), 3001U); // the gap is not lost
    BOOST_CHECK_EQUAL(stats.cumulative_lost(), 2997);
    BOOST_CHECK_EQUAL(stats.missing(), 2997U);
    BOOST_CHECK_EQUAL(stats.extended_highest_seq(), 6101U);
    BOOST_CHECK(stats.update(6101, 0, t0) == outcome::duplicate);
    BOOST_CHECK(stats.update(6100, 0, t0) == outcome::reordered); // of before the new beginning
    BOOST_CHECK_EQUAL(stats.missing(), 2997U);
}

BOOST_AUTO_TEST_CASE(without_limits_nothing_is_rejected) {
    receiver_stats stats = started(0, {0, 32768, 32769});
    BOOST_CHECK(stats.update(32767, 0, t0) == outcome::in_order);
    BOOST_CHECK(stats.update(65535, 0, t0) == outcome::reordered); // half the circle: behind
    BOOST_CHECK_EQUAL(stats.max_reorder_depth(), 32768U);
    BOOST_CHECK_EQUAL(stats.rejected(), 0U);
    BOOST_CHECK_EQUAL(stats.missing(), 32766U);
}

BOOST_AUTO_TEST_CASE(only_the_next_in_sequence_confirms_a_suspect) {
    receiver_stats stats = started(100);
    BOOST_CHECK(stats.update(20000, 0, t0) == outcome::rejected);
    BOOST_CHECK(stats.update(101, 0, t0) == outcome::in_order);
    BOOST_CHECK(stats.update(20001, 0, t0) == outcome::rejected);
    BOOST_CHECK(stats.update(20002, 0, t0) == outcome::restarted);
    BOOST_CHECK_EQUAL(stats.collisions(), 0U); // a straggler about a restart
}

BOOST_AUTO_TEST_CASE(timestamps_tell_a_restart_behind) {
    for (const unsigned behind : {1U, 50U, 99U, 100U, 101U, 400U}) {
        receiver_stats stats(8000, from_first);
        paced_sender sender{.seq = 1000};
        sender.send(stats, 500);
        sender.seq = static_cast<std::uint16_t>(sender.seq - behind);
        sender.timestamp += 7'000'000;
        BOOST_CHECK(sender.send(stats) == outcome::rejected);
        BOOST_CHECK(sender.send(stats) == outcome::restarted);
        sender.send(stats, 400);
        BOOST_CHECK_EQUAL(stats.restarts(), 1U);
        BOOST_CHECK_EQUAL(stats.duplicates() + stats.reordered() + stats.missing(), 0U);
        BOOST_CHECK_EQUAL(stats.collisions(), 0U);
        BOOST_CHECK_SMALL(stats.max_jitter_ms(), 1e-9);
    }
}

BOOST_AUTO_TEST_CASE(a_late_packet_is_no_restart) {
    receiver_stats stats(8000, from_first);
    paced_sender sender{.seq = 65000};
    sender.send(stats, 500);
    paced_sender late = sender;
    sender.lose(60);
    sender.send(stats);
    late.now = sender.now;
    for (unsigned i = 0; i < 60; ++i) BOOST_CHECK(late.send(stats) == outcome::reordered);
    for (unsigned i = 0; i < 60; ++i) sender.send(stats);
    BOOST_CHECK_EQUAL(stats.rejected() + stats.missing(), 0U);
    BOOST_CHECK_EQUAL(stats.received(), 500U + 121);
}

BOOST_AUTO_TEST_CASE(a_late_packet_may_be_ahead_in_time_as_those_of_video_are) {
    receiver_stats stats(90000, from_first);
    paced_sender sender{.format = {90000, payload_kind::media}, .ptime = 40ms};
    sender.send(stats, 50);
    // Sent in the order of decoding: the packet before this B-frame's is of a later picture.
    stats.update(static_cast<std::uint16_t>(sender.seq + 1), sender.timestamp, sender.now);
    BOOST_CHECK(stats.update(sender.seq, sender.timestamp + 3 * 3600, sender.now + 1ms) ==
                outcome::reordered);
}

BOOST_AUTO_TEST_CASE(a_long_outage_is_loss_where_numbers_and_times_agree) {
    // Behind modulo 2^16; more than a cycle; an ordinary gap plus cycles; two cycles and more.
    for (const unsigned lost : {2999U, 3050U, 40000U, 65436U, 65535U, 66000U, 68000U, 140000U}) {
        receiver_stats stats(8000, from_first);
        paced_sender sender{.seq = 1000, .timestamp = 0xffff'0000U};
        sender.send(stats, 250);
        sender.lose(lost);
        sender.send(stats, 250);
        BOOST_TEST_CONTEXT(lost << " lost") {
            BOOST_CHECK_EQUAL(stats.missing(), lost);
            BOOST_CHECK_EQUAL(stats.cumulative_lost(), lost);
            BOOST_CHECK_EQUAL(stats.expected(), 500U + lost);
            BOOST_CHECK_EQUAL(stats.received(), 500U);
            BOOST_CHECK_EQUAL(stats.restarts() + stats.rejected() + stats.duplicates(), 0U);
            BOOST_CHECK_EQUAL(stats.extended_highest_seq(), 1000U + 499 + lost);
            BOOST_CHECK_SMALL(stats.max_jitter_ms(), 1e-6);
        }
    }
}

BOOST_AUTO_TEST_CASE(the_first_packets_after_an_outage_may_be_lost_or_out_of_order) {
    for (const unsigned lost : {3050U, 40000U, 66000U, 140000U}) {
        for (const std::vector<unsigned>& order :
             {std::vector{1U, 0U}, {2U, 0U, 1U}, {4U, 3U, 2U, 1U, 0U}, {0U, 2U, 1U}, {0U, 9U}}) {
            receiver_stats stats(8000, from_first);
            paced_sender sender{.seq = 1000};
            sender.send(stats, 250);
            sender.lose(lost);
            for (const unsigned i : order) {
                paced_sender one = sender;
                one.lose(i);
                one.now = sender.now + 5ms;
                one.send(stats);
            }
            sender.lose(10);
            sender.send(stats, 250);
            const auto came = 500 + order.size();
            BOOST_CHECK_EQUAL(stats.missing(), lost + 10 - order.size());
            BOOST_CHECK_EQUAL(stats.received(), came);
            BOOST_CHECK_EQUAL(stats.restarts() + stats.rejected() + stats.duplicates(), 0U);
            BOOST_CHECK_EQUAL(stats.extended_highest_seq(), 1000U + 509 + lost);
            BOOST_CHECK_EQUAL(stats.collisions(), 0U);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_restart_needs_the_very_next_number) {
    receiver_stats stats(8000, from_first);
    paced_sender sender{.seq = 1000};
    sender.send(stats, 250);
    sender.seq = 30000;
    sender.timestamp += 7'000'000;
    BOOST_CHECK(sender.send(stats) == outcome::rejected);
    sender.lose(1);
    BOOST_CHECK(sender.send(stats) == outcome::rejected);
    BOOST_CHECK(sender.send(stats) == outcome::restarted);
    BOOST_CHECK_EQUAL(stats.rejected(), 2U);
}

BOOST_AUTO_TEST_CASE(a_timestamp_may_wrap_in_an_outage) {
    receiver_stats stats(90000, from_first);
    paced_sender sender{.format = {90000, payload_kind::media}, .ptime = 10s};
    sender.send(stats, 10);
    sender.lose(5000); // 13.9 hours; the timestamp wraps after 13.3
    sender.send(stats, 10);
    BOOST_CHECK_EQUAL(stats.missing(), 5000U);
}

BOOST_AUTO_TEST_CASE(an_endless_outage_is_a_restart) {
    // A thousand packets a second by a clock of 1 Hz.
    for (const std::int64_t lost : {1'000'000'000LL, 9'000'000'000LL}) {
        receiver_stats stats(1, from_first);
        for (std::int64_t i = 0; i < 5000; ++i) {
            const std::int64_t sent = i < 2500 ? i : i + lost;
            stats.update(static_cast<std::uint16_t>(sent), static_cast<std::uint32_t>(sent / 1000),
                         t0 + std::chrono::milliseconds{sent});
        }
        const bool too_long = lost > 0xffff'ffffLL;
        BOOST_CHECK_EQUAL(stats.restarts(), too_long ? 1U : 0U);
        BOOST_CHECK_EQUAL(stats.missing() == 0, too_long);
    }
}

BOOST_AUTO_TEST_CASE(a_jump_that_does_not_fit_is_no_outage) {
    const auto jump = [](auto change) {
        receiver_stats stats(8000, from_first);
        paced_sender sender{.seq = 1000};
        sender.send(stats, 250);
        sender.lose(4000);
        change(sender);
        sender.send(stats, 250);
        BOOST_CHECK_EQUAL(stats.received() + stats.rejected(), 500U);
        return stats.missing();
    };
    BOOST_CHECK_EQUAL(jump([](auto&) {}), 4000U);
    BOOST_CHECK_EQUAL(jump([](auto& s) { s.seq += 3900; }), 7900U);
    BOOST_CHECK_EQUAL(jump([](auto& s) { s.seq += 4100; }), 0U); // twice the pace
    BOOST_CHECK_EQUAL(jump([](auto& s) { s.now += 4200ms; }), 4000U);
    BOOST_CHECK_EQUAL(jump([](auto& s) { s.now += 5s; }), 0U); // 85 s against 80: 4.5 s
    BOOST_CHECK_EQUAL(jump([](auto& s) { s.timestamp += 1'000'000; }), 0U);
    BOOST_CHECK_EQUAL(jump([](auto& s) { s.format.clock_rate = 16000; }), 0U);
    BOOST_CHECK_EQUAL(jump([](auto& s) { s.now -= 80s; }), 0U);
}

BOOST_AUTO_TEST_CASE(a_long_silence_is_no_outage) {
    // Nothing was sent on hold, and the number after it may be lost.
    for (const unsigned lost : {0U, 1U, 20U}) {
        for (const duration d : {1min, 15min, 30min, 120min}) {
            receiver_stats stats(8000, from_first);
            paced_sender sender{.seq = 1000};
            sender.send(stats, 250);
            sender.pause(d);
            sender.lose(lost);
            sender.send(stats, 250);
            BOOST_CHECK_EQUAL(stats.missing(), lost);
            BOOST_CHECK_EQUAL(stats.received(), 500U);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_pause_does_not_change_the_pace) {
    receiver_stats stats(8000, from_first);
    paced_sender sender{.seq = 1000};
    sender.send(stats, 250);
    sender.pause(10min);
    sender.send(stats, 250);
    sender.lose(5000);
    sender.send(stats, 250);
    BOOST_CHECK_EQUAL(stats.missing(), 5000U);
}

BOOST_AUTO_TEST_CASE(packets_of_a_second_sender_are_collisions) {
    receiver_stats stats(8000, from_first);
    paced_sender a{.seq = 100}, b{.seq = 30000, .timestamp = 999'999};
    for (unsigned i = 0; i < 200; ++i) {
        a.send(stats);
        if (i != 50)
            b.send(stats); // one of them is lost
        else
            b.lose(1);
    }
    BOOST_CHECK_EQUAL(stats.collisions(), 199U);
    BOOST_CHECK_EQUAL(stats.rejected(), 199U);
    BOOST_CHECK_EQUAL(stats.restarts() + stats.missing(), 0U);
    BOOST_CHECK_EQUAL(stats.received(), 200U);
}

BOOST_AUTO_TEST_CASE(two_alternating_senders_are_collisions) {
    receiver_stats stats(8000, from_first);
    paced_sender a{.seq = 100}, b{.seq = 30000, .timestamp = 999'999};
    for (unsigned i = 0; i < 10; ++i) {
        a.send(stats, 5);
        b.lose(5);
        b.send(stats, 5);
        a.lose(5);
    }
    BOOST_CHECK_EQUAL(stats.restarts(), 19U);
    BOOST_CHECK_EQUAL(stats.collisions(), 18U);
}

BOOST_AUTO_TEST_CASE(restarts_and_strays_are_no_collision) {
    receiver_stats stats(8000, from_first);
    paced_sender sender{.seq = 100};
    for (unsigned i = 0; i < 20; ++i) {
        sender.send(stats, 50);
        stats.update(static_cast<std::uint16_t>(sender.seq + 20000), 0, sender.now);
        sender.send(stats, 50);
        sender.seq = static_cast<std::uint16_t>(sender.seq + 11111);
        sender.timestamp += 123'456'789;
    }
    BOOST_CHECK_EQUAL(stats.restarts(), 19U);
    BOOST_CHECK_EQUAL(stats.collisions(), 0U);
}
