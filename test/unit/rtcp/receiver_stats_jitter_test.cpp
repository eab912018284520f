#include "receiver_stats_packets.hpp"

#include <cmath>
#include <limits>

using namespace rtpsynth;
using namespace rtpsynth::test;
using namespace std::chrono_literals;
using outcome = receiver_stats::outcome;
namespace tt = boost::test_tools;

namespace {

constexpr payload_format media{8000, payload_kind::media};

receiver_stats started(std::uint16_t first) {
    receiver_stats stats(8000, from_first);
    stats.update(first, 0, t0);
    return stats;
}

} // namespace

BOOST_AUTO_TEST_CASE(jitter_of_a_known_sequence) {
    receiver_stats stats(8000, from_first);
    stats.update(1, 160, t0);
    BOOST_CHECK_EQUAL(stats.jitter(), 0.0);
    BOOST_CHECK_EQUAL(stats.mean_jitter_ms(), 0.0);
    stats.update(2, 320, t0 + 22ms); // D = 176 - 160 = 16
    BOOST_TEST(stats.jitter() == 1.0, tt::tolerance(1e-12));
    stats.update(3, 480, t0 + 38ms); // D = 128 - 160 = -32: 1 + 31/16
    BOOST_TEST(stats.jitter() == 2.9375, tt::tolerance(1e-12));
    stats.update(5, 800, t0 + 78ms); // lost one, D = 0
    BOOST_TEST(stats.jitter() == 2.75390625, tt::tolerance(1e-12));
    stats.update(4, 640, t0 + 80ms); // late: D = 16 + 160 = 176
    BOOST_TEST(stats.jitter() == 13.581787109375, tt::tolerance(1e-12));
    stats.update(4, 640, t0 + 80ms, media); // duplicate: D = 0
    BOOST_TEST(stats.jitter() == 12.7329254150390625, tt::tolerance(1e-12));
    BOOST_TEST(stats.jitter_ms() == 12.7329254150390625 / 8, tt::tolerance(1e-12));
    BOOST_TEST(stats.max_jitter_ms() == 13.581787109375 / 8, tt::tolerance(1e-12));
    const double sum = 1 + 2.9375 + 2.75390625 + 13.581787109375 + 12.7329254150390625;
    BOOST_TEST(stats.mean_jitter_ms() == sum / 5 / 8, tt::tolerance(1e-12));
    BOOST_CHECK_EQUAL(stats.make_report(1, t0).jitter, 12U);
}

BOOST_AUTO_TEST_CASE(jitter_is_exact_over_weeks_and_timestamp_wraps) {
    // 90 kHz, a packet a second, alternately 1/90000 s early and late: |D| is always 2 units.
    receiver_stats stats(90'000, from_first);
    std::uint32_t timestamp = 0xffff'0000U;
    for (std::int64_t i = 0; i < 3'000'000; ++i) { // 34 days, 62 wraps
        const std::int64_t units = i * 90'000 + (i % 2);
        const auto split = std::chrono::seconds{units / 90'000} +
                           std::chrono::nanoseconds{(units % 90'000) * 100'000 / 9};
        stats.update(static_cast<std::uint16_t>(i), timestamp, t0 + split);
        timestamp += i % 2 ? 90'001 : 89'999;
    }
    BOOST_TEST(stats.jitter() == 2.0, tt::tolerance(1e-4)); // arrivals are whole nanoseconds
}

BOOST_AUTO_TEST_CASE(restarts_and_strays_do_not_change_jitter) {
    receiver_stats stats = started(1);
    BOOST_CHECK(stats.update(20000, 123456789, t0 + 1h) == outcome::rejected);
    stats.update(2, 160, t0 + 20ms);
    BOOST_CHECK_SMALL(stats.jitter(), 1e-9);
    BOOST_CHECK(stats.update(20001, 987654321, t0 + 2h) == outcome::rejected);
    BOOST_CHECK(stats.update(20002, 987654321, t0 + 2h) == outcome::restarted);
    BOOST_CHECK_SMALL(stats.jitter(), 1e-9);
    stats.update(20003, 987654321 + 160, t0 + 2h + 30ms); // D = 80
    BOOST_TEST(stats.jitter() == 5.0, tt::tolerance(1e-9));
}

BOOST_AUTO_TEST_CASE(extreme_times_keep_jitter_finite) {
    receiver_stats stats(~0U, from_first);
    std::uint16_t seq = 0;
    for (const time_point t : {time_point::min(), time_point::max(), t0, time_point::min()}) {
        stats.update(seq, seq * 0x7fff'ffffU, t);
        ++seq;
        BOOST_CHECK(std::isfinite(stats.jitter()));
        stats.sender_report_received(ntp_time{~0ULL}, t);
        BOOST_CHECK_EQUAL(stats.make_report(1, t).delay_since_last_sr, 0U);
    }
    BOOST_CHECK_EQUAL(stats.make_report(1, t0).jitter, std::numeric_limits<std::uint32_t>::max());
}

BOOST_AUTO_TEST_CASE(events_do_not_change_jitter) {
    for (const payload_kind kind : {payload_kind::event, payload_kind::unknown}) {
        receiver_stats stats(8000, from_first);
        paced_sender sender;
        sender.send(stats, 100);
        const std::uint32_t pressed = sender.timestamp;
        for (unsigned i = 0; i < 20; ++i) { // the timestamp stands still; the end comes three times
            stats.update(sender.seq, pressed, sender.now, {8000, kind});
            sender.lose(1);
        }
        sender.send(stats, 100);
        BOOST_CHECK_SMALL(stats.max_jitter_ms(), 1e-9);
        BOOST_CHECK_EQUAL(stats.missing(), 0U);
        BOOST_CHECK_EQUAL(stats.rejected(), 0U);
    }
}

BOOST_AUTO_TEST_CASE(media_with_the_same_timestamp_jitters_as_rfc_3550_says) {
    receiver_stats stats(8000, from_first);
    stats.update(1, 0, t0, media);
    stats.update(2, 0, t0 + 2ms, media); // of one frame of video: D = 16
    BOOST_TEST(stats.jitter() == 1.0, tt::tolerance(1e-12));
    stats.update(3, 0, t0 + 4ms); // not told to be media
    BOOST_TEST(stats.jitter() == 1.0, tt::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(events_of_another_clock_rate_do_not_change_the_clock) {
    receiver_stats stats(48000, from_first);
    paced_sender sender;
    sender.format = {48000, payload_kind::media};
    sender.send(stats, 50);
    for (unsigned i = 0; i < 10; ++i) {
        stats.update(sender.seq, 12345, sender.now, {8000, payload_kind::event});
        sender.lose(1);
    }
    sender.now += 2ms; // D = 96
    sender.send(stats);
    BOOST_TEST(stats.jitter() == 6.0, tt::tolerance(1e-9));
    BOOST_CHECK_EQUAL(stats.jitter_clock_rate(), 48000U);
}

BOOST_AUTO_TEST_CASE(comfort_noise_does_not_change_jitter) {
    receiver_stats stats(8000, from_first);
    paced_sender sender;
    sender.send(stats, 50);
    for (unsigned i = 0; i < 5; ++i) {
        stats.update(sender.seq++, sender.timestamp, sender.now + i * 7ms, static_format(13));
        sender.pause(300ms);
    }
    sender.send(stats, 50);
    BOOST_CHECK_SMALL(stats.max_jitter_ms(), 1e-9);
}

BOOST_AUTO_TEST_CASE(each_payload_type_has_its_own_clock) {
    receiver_stats stats(8000, from_first);
    paced_sender sender;
    for (const std::uint32_t rate : {8000U, 16000U, 8000U, 48000U, 90000U, 8000U}) {
        sender.format.clock_rate = rate;
        sender.send(stats, 50);
        BOOST_CHECK_EQUAL(stats.jitter_clock_rate(), rate);
        sender.timestamp += 123456789; // a clock of its own may have an origin of its own
        sender.format.clock_rate = 0;
    }
    BOOST_CHECK_SMALL(stats.max_jitter_ms(), 1e-9);
    BOOST_CHECK_EQUAL(stats.jitter_packets(), 6 * 49U);
}

BOOST_AUTO_TEST_CASE(jitter_keeps_its_value_in_seconds_when_the_clock_rate_changes) {
    receiver_stats stats(8000, from_first);
    stats.update(1, 0, t0, media);
    stats.update(2, 160, t0 + 22ms, media); // D = 16, 2 ms
    BOOST_TEST(stats.jitter_ms() == 0.125, tt::tolerance(1e-12));
    stats.update(3, 99, t0 + 40ms, {48000, payload_kind::media});
    BOOST_TEST(stats.jitter() == 6.0, tt::tolerance(1e-12));
    BOOST_TEST(stats.jitter_ms() == 0.125, tt::tolerance(1e-12));
    BOOST_TEST(stats.max_jitter_ms() == 0.125, tt::tolerance(1e-12));
    BOOST_TEST(stats.mean_jitter_ms() == 0.125, tt::tolerance(1e-12));
    BOOST_CHECK_EQUAL(stats.make_report(1, t0).jitter, 6U);
}

BOOST_AUTO_TEST_CASE(a_jump_of_the_timestamp_is_no_jitter) {
    // Music on hold or a transfer: another source, whose timestamps begin at any number. Some of
    // its packets may be lost.
    for (const std::uint32_t jump : {40'160U, 80'000U, 3'000'000'000U, 0U - 80'000U, 1U << 31}) {
        for (const unsigned lost : {0U, 1U, 2400U}) {
            receiver_stats stats(8000, from_first);
            paced_sender sender;
            sender.send(stats, 250);
            sender.lose(lost);
            sender.timestamp += jump;
            sender.send(stats);
            sender.now += 2ms; // D = 16
            sender.send(stats);
            BOOST_TEST(stats.max_jitter_ms() == 0.125, tt::tolerance(1e-9));
            BOOST_CHECK_EQUAL(stats.jitter_packets(), 250U);
            BOOST_CHECK_EQUAL(stats.missing(), lost);
            BOOST_CHECK_EQUAL(stats.restarts() + stats.rejected(), 0U);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_long_gap_or_delay_is_no_jump) {
    receiver_stats stats(8000, from_first);
    paced_sender sender;
    sender.send(stats, 10);
    sender.pause(1min); // and the timestamp goes on
    sender.now += 2ms;
    sender.send(stats); // D = 16
    BOOST_TEST(stats.jitter() == 1.0, tt::tolerance(1e-9));
    sender.timestamp += 8000;
    sender.send(stats); // 1 s: D = -8000
    BOOST_TEST(stats.jitter() == 1 + 7999. / 16, tt::tolerance(1e-9));
    sender.now += 10s;
    sender.send(stats); // held back on the way: D = 80000
    BOOST_CHECK_GT(stats.jitter(), 5000.0);
    BOOST_CHECK_EQUAL(stats.jitter_packets(), 12U);
}

BOOST_AUTO_TEST_CASE(an_unknown_clock_rate_does_not_change_jitter) {
    receiver_stats stats(8000, from_first);
    paced_sender sender;
    sender.send(stats, 10);
    for (unsigned i = 0; i < 10; ++i) {
        stats.update(sender.seq, i * 999'999'999, sender.now, {});
        sender.lose(1);
    }
    sender.timestamp += 77777; // nobody knows what became of the clock meanwhile
    sender.send(stats, 10);
    BOOST_CHECK_SMALL(stats.max_jitter_ms(), 1e-9);
    BOOST_CHECK_EQUAL(stats.received(), 30U);
    BOOST_CHECK_EQUAL(stats.missing(), 0U);
}

BOOST_AUTO_TEST_CASE(a_view_has_the_clock_of_its_static_type) {
    std::uint8_t datagram[12] = {0x80, 9};
    receiver_stats stats(48000, from_first);
    for (unsigned i = 0; i < 20; ++i) {
        datagram[3] = static_cast<std::uint8_t>(i);
        const std::uint32_t timestamp = 160 * i;
        datagram[6] = static_cast<std::uint8_t>(timestamp >> 8);
        datagram[7] = static_cast<std::uint8_t>(timestamp);
        stats.update(rtp_packet_view::parse(datagram).value(), t0 + i * 20ms);
    }
    BOOST_CHECK_SMALL(stats.max_jitter_ms(), 1e-9);
    BOOST_CHECK_EQUAL(stats.jitter_clock_rate(), 8000U);
    datagram[1] = 96; // of which the constructor's clock is told
    datagram[3] = 20;
    stats.update(rtp_packet_view::parse(datagram).value(), t0);
    BOOST_CHECK_EQUAL(stats.jitter_clock_rate(), 48000U);
}
