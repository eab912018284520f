// Sources, their reports, and ours (RFC 3550 §6.1, §6.2.1, §6.4 to §6.6).
#include "session_tools.hpp"

#include <cmath>

using namespace rtpsynth;
using namespace rtpsynth::test;
using namespace std::chrono_literals;
using outcome = session_outcome;

BOOST_AUTO_TEST_CASE(options_out_of_range_are_refused) {
    const auto refused = [](auto&& change) {
        rtp_session_options o = options_of_us();
        change(o);
        BOOST_CHECK_THROW(rtp_session(o, 1), std::invalid_argument);
    };
    refused([](auto& o) { o.cname.clear(); });
    refused([](auto& o) { o.cname.assign(256, 'x'); });
    refused([](auto& o) { o.clock_rate = 0; });
    refused([](auto& o) { o.bandwidth = -1; });
    refused([](auto& o) { o.bandwidth = std::nan(""); });
    refused([](auto& o) { o.header_size = 65536; });
    refused([](auto& o) { o.max_sources = 0; });
    refused([](auto& o) { o.max_sources = 65536; });
    refused([](auto& o) { o.probation = 65536; });
    refused([](auto& o) { o.source.max_dropout = 1; });
}

BOOST_AUTO_TEST_CASE(ssrcs_are_random) {
    rtp_session_options o = options_of_us();
    o.ssrc.reset();
    BOOST_TEST(rtp_session(o, 1).ssrc() != rtp_session(o, 2).ssrc());
    BOOST_TEST(rtp_session(o, 1).ssrc() == rtp_session(o, 1).ssrc());
}

// A.1
BOOST_AUTO_TEST_CASE(two_packets_in_sequence_make_a_source) {
    rtp_session s(options_of_us(), 1);
    BOOST_TEST(give(s, alice, 7, t0).outcome == outcome::probation);
    BOOST_TEST(give(s, alice, 9, t0).outcome == outcome::probation);
    BOOST_TEST(s.find(alice) == nullptr);
    BOOST_TEST(s.members() == 1U);
    const rtp_reception r = give(s, alice, 10, t0);
    BOOST_TEST(r.outcome == outcome::accepted);
    BOOST_TEST(r.packet == receiver_stats::outcome::in_order);
    BOOST_REQUIRE(r.source != nullptr);
    BOOST_TEST(r.source == s.find(alice));
    BOOST_TEST(r.source->ssrc() == alice);
    BOOST_TEST(r.source->is_sender());
    BOOST_TEST(r.source->reception().received() == 1U);
    BOOST_TEST(s.members() == 2U);
    BOOST_TEST(s.senders() == 1U);
    BOOST_TEST(s.stats().rtp_probation == 2U);
    BOOST_TEST(s.stats().rtp_accepted == 1U);
}

BOOST_AUTO_TEST_CASE(probation_is_an_option) {
    for (const unsigned probation : {0U, 1U, 2U, 5U}) {
        rtp_session_options o = options_of_us();
        o.probation = probation;
        rtp_session s(o, 1);
        unsigned packets = 1;
        while (give(s, alice, packets, t0).outcome == outcome::probation) ++packets;
        BOOST_TEST(packets == std::max(probation, 1U));
    }
}

BOOST_AUTO_TEST_CASE(packets_go_to_the_statistics_of_their_source) {
    rtp_session s(options_of_us(), 1);
    for (unsigned i = 0; i < 100; ++i) {
        const time_point now = t0 + i * 20ms;
        give(s, alice, i, now);
        if (i % 2 == 0) give(s, bob, i, now);
        if (i % 2 == 1) give(s, bob, i / 2 * 2 + 1000 * (i == 99), now);
    }
    BOOST_TEST(s.source_count() == 1U); // bob's are never in sequence
    BOOST_TEST(s.find(alice)->reception().received() == 99U);
    for (unsigned i = 0; i < 50; ++i) give(s, bob, 500 + i, t0 + 2s + i * 20ms);
    BOOST_TEST(s.find(bob)->reception().received() == 49U);
    std::size_t visited = 0;
    s.for_each_source([&](const rtp_source& source) {
        ++visited;
        BOOST_TEST((source.ssrc() == alice || source.ssrc() == bob));
    });
    BOOST_TEST(visited == 2U);
}

// RFC 7160
BOOST_AUTO_TEST_CASE(jitter_has_the_clock_of_the_payload_type) {
    rtp_session s(options_of_us(), 1);
    for (unsigned i = 0; i < 50; ++i) {
        const rtp_datagram d(alice, static_cast<std::uint16_t>(i), i * 960);
        s.receive_rtp(d.view(), payload_format{48000, payload_kind::media}, t0 + i * 20ms);
    }
    BOOST_TEST(s.find(alice)->reception().jitter_clock_rate() == 48000U);
    BOOST_TEST(s.find(alice)->reception().jitter() < 1e-6);
    // Comfort noise and events of whatever timestamps change nothing.
    for (unsigned i = 50; i < 60; ++i) {
        const rtp_datagram d(alice, static_cast<std::uint16_t>(i), 48'000);
        s.receive_rtp(d.view(), payload_format{48000, payload_kind::event}, t0 + i * 33ms);
    }
    BOOST_TEST(s.find(alice)->reception().jitter() < 1e-6);
    BOOST_TEST(s.find(alice)->reception().received() == 59U);
}

BOOST_AUTO_TEST_CASE(it_is_silent_until_it_has_joined) {
    rtp_session s(options_of_us(), 1);
    BOOST_TEST(s.next_rtcp() == time_point::max());
    BOOST_TEST(report_of(s, t0 + 1h).size == 0U);
    give(s, alice, 1, t0);
    BOOST_TEST(s.next_rtcp() == time_point::max()); // on probation
    give(s, alice, 2, t0);
    BOOST_TEST(s.next_rtcp() != time_point::max());

    rtp_session by_rtcp(options_of_us(), 1);
    compound_of(alice).cname("a").to(by_rtcp, t0);
    BOOST_TEST(by_rtcp.next_rtcp() != time_point::max());
    rtp_session by_sending(options_of_us(), 1);
    by_sending.sent(0, 160, t0);
    BOOST_TEST(by_sending.next_rtcp() != time_point::max());
    rtp_session by_joining(options_of_us(), 1);
    by_joining.join(t0);
    BOOST_TEST(by_joining.next_rtcp() != time_point::max());

    rtp_session_options o = options_of_us();
    o.bandwidth = 0;
    rtp_session never(o, 1);
    never.sent(0, 160, t0);
    give_valid(never, alice, t0);
    BOOST_TEST(never.next_rtcp() == time_point::max());
}

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

BOOST_AUTO_TEST_CASE(metrics_on_another_source_or_by_another_are_not_ours) {
    rtp_session s(options_of_us(), 1);
    voip_metrics m;
    m.ssrc = bob;
    compound_of(alice).cname("a").metrics(m).to(s, t0);
    BOOST_TEST(!s.find(alice)->metrics().has_value());
    m.ssrc = our_ssrc;
    compound_of(alice).cname("a").metrics(m).to(s, t0);
    BOOST_TEST(s.find(alice)->metrics().has_value());
}

// §6.2.1: a CNAME makes a participant valid.
BOOST_AUTO_TEST_CASE(rtcp_with_a_cname_makes_a_source) {
    rtp_session s(options_of_us(), 1);
    BOOST_TEST(compound_of(alice).to(s, t0).outcome == outcome::probation);
    BOOST_TEST(s.members() == 1U);
    const rtcp_reception r = compound_of(bob).cname("bob@example.net").to(s, t0);
    BOOST_TEST(r.outcome == outcome::accepted);
    BOOST_TEST(r.source == s.find(bob));
    BOOST_TEST(!r.reported);
    BOOST_TEST(r.source->cname() == "bob@example.net");
    BOOST_TEST(!r.source->is_sender());
    BOOST_TEST(s.members() == 2U);
    BOOST_TEST(s.senders() == 0U);
    // So does a second packet without.
    BOOST_TEST(compound_of(alice).to(s, t0 + 5s).outcome == outcome::accepted);
    // The first packet of a valid participant counts.
    BOOST_TEST(give(s, bob, 77, t0).outcome == outcome::accepted);
    BOOST_TEST(s.find(bob)->reception().received() == 1U);
}

BOOST_AUTO_TEST_CASE(a_sender_report_is_kept) {
    rtp_session s(options_of_us(), 1);
    give_valid(s, alice, t0);
    BOOST_TEST(!s.find(alice)->sender_report().has_value());
    const sender_info info{ntp_time::from_unix(1'700'000'000s), 100, 2, 320};
    compound_of(alice, info).cname("a").to(s, t0 + 3s);
    BOOST_REQUIRE(s.find(alice)->sender_report().has_value());
    BOOST_TEST((s.find(alice)->sender_report()->info == info));
    BOOST_TEST(s.find(alice)->sender_report()->arrival == t0 + 3s);
}

// §6.2.1, §6.6
BOOST_AUTO_TEST_CASE(who_said_bye_is_not_brought_back_by_late_packets) {
    rtp_session s(options_of_us(), 1);
    give_valid(s, alice, t0);
    const rtcp_reception r = compound_of(alice).cname("a").bye("lunch").to(s, t0 + 1s);
    BOOST_TEST(r.left == 1U);
    BOOST_REQUIRE(s.find(alice) != nullptr);
    BOOST_TEST(s.find(alice)->left());
    BOOST_TEST(!s.find(alice)->is_sender());
    BOOST_TEST(s.find(alice)->reason() == "lunch");
    BOOST_TEST(s.members() == 1U);
    BOOST_TEST(s.senders() == 0U);
    BOOST_TEST(give(s, alice, 3, t0 + 2s).outcome == outcome::left);
    BOOST_TEST(compound_of(alice).cname("a").to(s, t0 + 5s).outcome == outcome::left);
    BOOST_TEST(s.members() == 1U);
    BOOST_TEST(s.stats().rtp_left == 1U);
    BOOST_TEST(s.stats().rtcp_left == 1U);
    // Later it is a newcomer.
    BOOST_TEST(give(s, alice, 4, t0 + 6s).outcome == outcome::probation);
    BOOST_TEST(s.find(alice) == nullptr);
    BOOST_TEST(give(s, alice, 5, t0 + 6s).outcome == outcome::accepted);
    BOOST_TEST(s.find(alice)->reception().received() == 1U);
}

// §6.3.5
BOOST_AUTO_TEST_CASE(silent_sources_and_members_time_out) {
    rtp_session s(options_of_us(), 1);
    s.join(t0);
    give_valid(s, alice, t0);
    compound_of(bob).cname("b").to(s, t0);
    s.receive_rtp(rtp_datagram(alice, 3, 480, {77, 78}).view(), t0);
    BOOST_TEST(s.members() == 5U);
    time_point now = t0;
    while (now < t0 + 12s) next_report(s, now);
    BOOST_TEST(s.members() == 5U);
    BOOST_TEST(s.senders() == 0U); // two intervals of silence
    while (now < t0 + 24s) {
        next_report(s, now);
        compound_of(bob).cname("b").to(s, now);
        if (now < t0 + 25s) BOOST_TEST(s.members() == 5U);
    }
    while (now < t0 + 32s) next_report(s, now);
    BOOST_TEST(s.find(alice) == nullptr);
    BOOST_TEST(s.find(bob) != nullptr);
    BOOST_TEST(s.members() == 2U);
    BOOST_TEST(s.stats().sources_timed_out == 1U);
}

BOOST_AUTO_TEST_CASE(contributing_sources_are_members) {
    rtp_session s(options_of_us(), 1);
    const auto packet = [&](std::uint16_t seq) {
        return s.receive_rtp(rtp_datagram(alice, seq, 0, {5, 6, our_ssrc, bob}).view(), t0);
    };
    packet(1);
    BOOST_TEST(s.members() == 1U); // not of one on probation
    packet(2);
    BOOST_TEST(s.members() == 5U);
    BOOST_TEST(give(s, bob, 1, t0).outcome == outcome::accepted); // it is known already
    BOOST_TEST(s.members() == 5U);
    BOOST_TEST(s.senders() == 2U);
    const std::uint32_t leaver = 5;
    BOOST_TEST(compound_of(alice).cname("a").bye_of(leaver).to(s, t0).left == 1U);
    BOOST_TEST(s.members() == 4U);
}

// §6.3.7
BOOST_AUTO_TEST_CASE(leaving_says_bye) {
    rtp_session s(options_of_us(), 1);
    s.sent(0, 160, t0);
    s.leave(t0 + 1s, "enough");
    BOOST_TEST(s.next_rtcp() == t0 + 1s);
    const compound_read r = report_of(s, t0 + 1s);
    BOOST_TEST(r.cname == "us@example.net");
    BOOST_REQUIRE(r.sender.has_value());
    BOOST_TEST(r.sender->packet_count == 1U);
    BOOST_REQUIRE(r.byes.size() == 1U);
    BOOST_TEST(r.byes[0] == our_ssrc);
    BOOST_TEST(r.reason == "enough");
    BOOST_TEST(s.next_rtcp() == time_point::max());
    s.sent(160, 160, t0 + 2s);
    give_valid(s, alice, t0 + 2s);
    BOOST_TEST(s.next_rtcp() == time_point::max());
}

BOOST_AUTO_TEST_CASE(a_reason_that_has_no_room_is_left_out) {
    rtp_session s(options_of_us(), 1);
    s.sent(0, 160, t0);
    s.leave(t0, std::string(300, 'x'));
    const compound_read r = report_of(s, t0, {}, s.minimum_rtcp_size());
    BOOST_TEST(r.byes.size() == 1U);
    BOOST_TEST(r.reason.empty());

    rtp_session large(options_of_us(), 1);
    large.sent(0, 160, t0);
    large.leave(t0, std::string(300, 'x'));
    BOOST_TEST(report_of(large, t0).reason == std::string(255, 'x'));
}

BOOST_AUTO_TEST_CASE(who_never_said_anything_leaves_in_silence) {
    rtp_session s(options_of_us(), 1);
    give_valid(s, alice, t0);
    s.leave(t0);
    BOOST_TEST(s.next_rtcp() == time_point::max());
    BOOST_TEST(report_of(s, t0 + 1h).size == 0U);
    s.join(t0 + 1h);
    BOOST_TEST(s.next_rtcp() == time_point::max());
}
