// Sources and members: how they come, report and leave (RFC 3550 §6.2.1, §6.3.5, §6.6).
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
    refused([](auto& o) { o.bandwidth = 1.01e12; });
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
