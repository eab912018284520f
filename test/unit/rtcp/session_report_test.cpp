// What rtp_session writes into its reports (RFC 3550 §6.4, RFC 3611).
#include "session_tools.hpp"

#include <algorithm>
#include <cmath>

using namespace rtpsynth;
using namespace rtpsynth::test;
using namespace std::chrono_literals;
using outcome = session_outcome;

// §6.4.1
BOOST_AUTO_TEST_CASE(a_sender_report_has_the_timestamp_of_its_own_time) {
    rtp_session s(options_of_us(), 1);
    std::uint32_t timestamp = 0xffff'ff00;
    time_point now = t0;
    for (int i = 0; i < 10; ++i, timestamp += 160, now += 20ms) s.sent(timestamp, 160, now);
    const time_point last = now - 20ms;
    const auto wall = ntp_time::from_unix(1'800'000'000s);
    now = s.next_rtcp();
    compound_read r = report_of(s, now, wall);
    while (r.size == 0) r = report_of(s, now = s.next_rtcp(), wall);
    BOOST_TEST(r.ssrc == our_ssrc);
    BOOST_TEST(r.cname == "us@example.net");
    BOOST_TEST(r.blocks.empty());
    BOOST_REQUIRE(r.sender.has_value());
    BOOST_TEST((r.sender->ntp == wall));
    BOOST_TEST(r.sender->packet_count == 10U);
    BOOST_TEST(r.sender->octet_count == 1600U);
    const auto since_last = static_cast<double>((now - last).count()) * 8000 / 1e9;
    const std::uint32_t expected =
        timestamp - 160 + static_cast<std::uint32_t>(std::floor(since_last));
    BOOST_TEST(r.sender->rtp_timestamp == expected);
    BOOST_TEST(s.stats().rtcp_sent == 1U);
}

// RFC 4733 §2.5.1.2: all packets of an event have one timestamp, that of its start.
BOOST_AUTO_TEST_CASE(a_sender_report_goes_on_from_the_first_packet_of_a_timestamp) {
    rtp_session s(options_of_us(), 1);
    for (int i = 0; i < 50; ++i)
        s.sent(8000, 4, payload_format{8000, payload_kind::event}, t0 + i * 20ms);
    time_point now = t0 + 1s;
    const compound_read r = next_report(s, now);
    const auto elapsed = static_cast<std::uint32_t>((now - t0).count() * 8 / 1'000'000);
    BOOST_TEST(r.sender->rtp_timestamp == 8000 + elapsed);
}

// RFC 7160
BOOST_AUTO_TEST_CASE(a_sender_report_has_the_clock_of_the_last_payload_type) {
    rtp_session s(options_of_us(), 1);
    s.sent(1000, 160, t0);
    s.sent(5000, 100, payload_format{48000, payload_kind::media}, t0 + 20ms);
    time_point now = t0;
    const compound_read r = next_report(s, now);
    const auto elapsed = static_cast<std::uint32_t>((now - t0 - 20ms).count() * 48 / 1'000'000);
    BOOST_TEST(r.sender->rtp_timestamp == 5000 + elapsed);
    s.sent(5000, 160, now); // the same number of another clock
    const time_point then = now;
    const compound_read next = next_report(s, now);
    const auto since = static_cast<std::uint32_t>((now - then).count() * 8 / 1'000'000);
    BOOST_TEST(next.sender->rtp_timestamp == 5000 + since);
}

// §6.4: SR from those who sent within the last two intervals, else RR.
BOOST_AUTO_TEST_CASE(who_stops_sending_sends_receiver_reports) {
    rtp_session s(options_of_us(), 1);
    s.sent(0, 160, t0);
    time_point now = t0;
    BOOST_TEST(next_report(s, now).sender.has_value());
    while (now < t0 + 11s) next_report(s, now);
    BOOST_TEST(s.senders() == 0U);
    BOOST_TEST(!next_report(s, now).sender.has_value());
    s.sent(160, 160, now);
    BOOST_TEST(s.senders() == 1U);
    BOOST_TEST(next_report(s, now).sender.has_value());
}

// §6.4
BOOST_AUTO_TEST_CASE(a_source_is_in_a_report_if_it_was_heard_since_the_last) {
    rtp_session s(options_of_us(), 1);
    for (unsigned i = 0; i < 20; ++i) {
        if (i != 10) give(s, alice, i, t0 + i * 20ms);
    }
    const auto ntp = ntp_time::from_unix(1'700'000'000s);
    compound_of(alice, sender_info{ntp, 1, 2, 3}).cname("alice").to(s, t0 + 1s);
    time_point now = t0 + 1s;
    compound_read r = next_report(s, now);
    BOOST_TEST(!r.sender.has_value());
    BOOST_REQUIRE(r.blocks.size() == 1U);
    BOOST_TEST(r.blocks[0].ssrc == alice);
    BOOST_TEST(r.blocks[0].cumulative_lost == 1);
    BOOST_TEST(r.blocks[0].fraction_lost == 256 / 19);
    BOOST_TEST(r.blocks[0].extended_highest_seq == 19U);
    BOOST_TEST(r.blocks[0].last_sr == ntp.compact());
    BOOST_TEST(r.blocks[0].delay_since_last_sr ==
               static_cast<std::uint32_t>((now - t0 - 1s).count() * 65536 / 1'000'000'000));
    r = next_report(s, now);
    BOOST_TEST(r.blocks.empty());
}

BOOST_AUTO_TEST_CASE(many_sources_are_reported_on_in_turn) {
    rtp_session_options o = options_of_us();
    o.max_sources = 100;
    for (const std::size_t room : {std::size_t{1500}, std::size_t{200}}) {
        rtp_session s(o, 1);
        std::vector<unsigned> reported(100);
        time_point now = t0;
        std::size_t reports = 0;
        unsigned seq = 1;
        for (; reports < 40; ++reports) {
            for (std::uint32_t i = 0; i < 100; ++i) {
                give(s, 1000 + i, seq, now);
                give(s, 1000 + i, seq + 1, now);
            }
            seq += 2;
            const compound_read r = next_report(s, now, room);
            BOOST_TEST(r.size <= room);
            BOOST_TEST(r.blocks.size() == (room == 1500 ? 31U : (room - 28 - 24) / 24));
            for (const report_block& b : r.blocks) ++reported[b.ssrc - 1000];
        }
        const auto [least, most] = std::minmax_element(reported.begin(), reported.end());
        BOOST_TEST(*least > 0U);
        BOOST_TEST(*most - *least <= 1U);
    }
}

BOOST_AUTO_TEST_CASE(storage_that_is_too_small_changes_nothing) {
    rtp_session s(options_of_us(), 1);
    s.sent(0, 160, t0);
    give_valid(s, alice, t0);
    bytes storage(s.minimum_rtcp_size() - 1);
    const time_point due = s.next_rtcp();
    const auto r = s.make_rtcp(due + 1h, {}, storage);
    BOOST_TEST((r.error() == errc::buffer_too_small));
    BOOST_TEST(s.next_rtcp() == due);
    time_point now = t0;
    const compound_read least = next_report(s, now, s.minimum_rtcp_size());
    BOOST_TEST(least.cname == "us@example.net");
    BOOST_TEST(least.blocks.empty());
}

// RFC 3611
BOOST_AUTO_TEST_CASE(voip_metrics_are_sent_and_received) {
    rtp_session a(options_of_us(), 1);
    rtp_session_options o = options_of_us();
    o.ssrc = alice;
    rtp_session b(o, 2);
    voip_metrics m;
    m.ssrc = alice;
    m.mos_lq = 42;
    give_valid(a, alice, t0);
    bytes storage(1500);
    std::span<const std::uint8_t> report;
    time_point now = t0;
    while (report.empty()) {
        now = a.next_rtcp();
        report = a.make_rtcp(now, {}, storage, {&m, 1}).value();
    }
    BOOST_TEST(b.receive_rtcp(report, now).outcome == outcome::accepted);
    BOOST_REQUIRE(b.find(our_ssrc)->metrics().has_value());
    BOOST_TEST((*b.find(our_ssrc)->metrics() == m));

    m.buffer_rate = 16; // four bits
    const time_point due = a.next_rtcp();
    BOOST_TEST((a.make_rtcp(due + 1h, {}, storage, {&m, 1}).error() == errc::invalid_argument));
    BOOST_TEST(a.next_rtcp() == due);
}
