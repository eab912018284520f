#include "receiver_stats_packets.hpp"

#include <vector>

using namespace rtpsynth;
using namespace rtpsynth::test;
using namespace std::chrono_literals;
using outcome = receiver_stats::outcome;

namespace {

// Video: 40 packets a frame, 30 frames a second.
void send_video(receiver_stats& stats, unsigned i, duration late = 0s,
                payload_format format = {90000, payload_kind::media}) {
    stats.update(static_cast<std::uint16_t>(i), 3000 * (i / 40), t0 + i * 833us + late, format);
}

// Every packet comes a second time, so many packets later.
receiver_stats twice(unsigned packets, unsigned behind) {
    receiver_stats stats(8000, from_first);
    paced_sender sender, copy;
    copy.now += behind * 20ms + 500us;
    for (unsigned i = 0; i < packets + behind; ++i) {
        if (i < packets) sender.send(stats);
        if (i >= behind) copy.send(stats);
    }
    return stats;
}

} // namespace

BOOST_AUTO_TEST_CASE(retransmissions_are_late_packets_however_many_come_in_a_row) {
    for (const std::uint32_t rate : {90000U, 0U}) {
        for (const unsigned burst : {1U, 2U, 3U, 30U}) {
            receiver_stats stats(90000, from_first);
            const payload_format format{rate, payload_kind::media};
            for (unsigned i = 0; i < 3000; ++i) {
                const bool lost = i >= 300 && i % 300 < burst && i < 2700;
                if (!lost) send_video(stats, i, 0s, format);
                const unsigned sent = i - 900;
                if (i < 1200 || sent % 300 != 0 || sent >= 1800) continue;
                for (unsigned k = 0; k < burst; ++k)
                    send_video(stats, sent + k, 900 * 833us, format);
            }
            BOOST_TEST_CONTEXT(burst << " at " << rate << " Hz") {
                BOOST_CHECK_EQUAL(stats.reordered(), 5 * burst);
                BOOST_CHECK_EQUAL(stats.missing(), 3 * burst); // of 8 * burst
                BOOST_CHECK_EQUAL(stats.rejected() + stats.restarts() + stats.collisions(), 0U);
                BOOST_CHECK_EQUAL(stats.duplicates(), 0U);
                BOOST_CHECK_EQUAL(stats.received() + 3 * burst, 3000U);
                BOOST_CHECK_LT(stats.max_jitter_ms(), 10.0);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(needless_retransmissions_are_duplicates) {
    for (const unsigned burst : {1U, 2U, 9U, 40U}) {
        receiver_stats stats(90000, from_first);
        for (unsigned i = 0; i < 3000; ++i) {
            send_video(stats, i);
            if (i < 600 || i % 300 != 0) continue;
            for (unsigned k = 0; k < burst; ++k) send_video(stats, i - 300 + k, 300 * 833us);
        }
        BOOST_CHECK_EQUAL(stats.duplicates(), 8 * burst);
        BOOST_CHECK_EQUAL(stats.received(), 3000U + 8 * burst);
        BOOST_CHECK_EQUAL(stats.missing() + stats.rejected() + stats.restarts(), 0U);
        BOOST_CHECK_EQUAL(stats.reordered() + stats.collisions(), 0U);
    }
}

BOOST_AUTO_TEST_CASE(single_stragglers_are_not_lost) {
    receiver_stats stats(8000, from_first);
    paced_sender sender;
    sender.send(stats, 10);
    std::vector<paced_sender> held;
    for (unsigned i = 0; i < 400; ++i) {
        if (i % 10 == 0) {
            held.push_back(sender);
            sender.lose(1);
        } else {
            sender.send(stats);
        }
        if (i % 10 == 5 && i > 130) {
            paced_sender& late = held[i / 10 - 12];
            late.now = sender.now;
            BOOST_CHECK(late.send(stats) == outcome::reordered);
        }
    }
    BOOST_CHECK_EQUAL(stats.reordered(), 27U);
    BOOST_CHECK_EQUAL(stats.missing(), 13U);
    BOOST_CHECK_EQUAL(stats.rejected() + stats.collisions() + stats.restarts(), 0U);
    BOOST_CHECK_EQUAL(stats.max_reorder_depth(), 125U);
}

BOOST_AUTO_TEST_CASE(audio_that_an_event_has_overtaken_is_late) {
    receiver_stats stats(8000, from_first);
    paced_sender sender;
    sender.send(stats, 20);
    sender.pause(680ms); // DTX
    const paced_sender before = sender;
    sender.lose(1);
    const payload_format event{8000, payload_kind::event};
    BOOST_TEST(
        (stats.update(sender.seq, sender.timestamp, sender.now, event) == outcome::in_order));
    BOOST_TEST((stats.update(before.seq, before.timestamp, sender.now, before.format) ==
                outcome::reordered));
    BOOST_TEST(stats.rejected() == 0U);
}

BOOST_AUTO_TEST_CASE(a_stream_captured_twice_has_duplicates) {
    for (const unsigned behind : {50U, 99U, 100U, 105U, 250U, 1000U}) {
        const receiver_stats stats = twice(1500, behind);
        BOOST_TEST_CONTEXT(behind << " packets apart") {
            BOOST_CHECK_EQUAL(stats.duplicates(), 1500U);
            BOOST_CHECK_EQUAL(stats.received(), 3000U);
            BOOST_CHECK_EQUAL(stats.missing() + stats.rejected() + stats.reordered(), 0U);
            BOOST_CHECK_EQUAL(stats.restarts() + stats.collisions(), 0U);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_recording_that_begins_again_is_a_restart) {
    for (const unsigned lost_of_each_16 : {0U, 1U, 3U}) {
        receiver_stats stats(8000, from_first);
        time_point now = t0;
        unsigned sent = 0, lost = 0;
        for (const unsigned length : {150U, 300U}) {
            paced_sender sender{.seq = 65500, .now = now};
            for (unsigned i = 0; i < length; ++i) {
                if (i % 16 >= 16 - lost_of_each_16) {
                    sender.lose(1);
                    ++lost;
                    continue;
                }
                ++sent;
                sender.send(stats);
            }
            now = sender.now;
        }
        BOOST_CHECK_EQUAL(stats.restarts(), 1U);
        BOOST_CHECK_EQUAL(stats.received(), sent - 1);
        BOOST_CHECK_EQUAL(stats.rejected(), 1U); // its first packet
        BOOST_CHECK_EQUAL(stats.missing(), lost);
        BOOST_CHECK_EQUAL(stats.duplicates() + stats.reordered(), 0U);
        BOOST_CHECK_EQUAL(stats.collisions(), 0U);
        BOOST_CHECK_EQUAL(stats.extended_highest_seq(), 65500U + 299);
        BOOST_CHECK_SMALL(stats.max_jitter_ms(), 1e-9);
    }
}

BOOST_AUTO_TEST_CASE(a_restart_behind_whose_timestamps_go_on_is_no_late_packet) {
    receiver_stats stats(8000, from_first);
    paced_sender sender{.seq = 1000};
    sender.send(stats, 500);
    sender.lose(1);
    sender.seq = static_cast<std::uint16_t>(sender.seq - 400);
    BOOST_CHECK(sender.send(stats) == outcome::rejected);
    BOOST_CHECK(sender.send(stats) == outcome::restarted);
    sender.send(stats, 500);
    BOOST_CHECK_EQUAL(stats.restarts(), 1U);
    BOOST_CHECK_EQUAL(stats.missing() + stats.duplicates() + stats.reordered(), 0U);
}

BOOST_AUTO_TEST_CASE(a_report_during_such_a_restart_clamps_its_fraction) {
    receiver_stats stats(8000, from_first);
    paced_sender sender;
    sender.send(stats, 150);
    paced_sender again{.now = sender.now};
    again.send(stats, 13);
    stats.make_report(1, again.now);
    again.lose(5);
    BOOST_CHECK(again.send(stats) == outcome::restarted);
    const report_block report = stats.make_report(1, again.now);
    BOOST_CHECK_EQUAL(report.fraction_lost, 255U); // not 256, which is 0
    BOOST_CHECK_EQUAL(report.cumulative_lost, 5);
}
