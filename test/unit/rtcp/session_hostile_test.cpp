// What strangers send: bounds, lies and forgeries.
#include "session_tools.hpp"

using namespace rtpsynth;
using namespace rtpsynth::test;
using namespace std::chrono_literals;
using outcome = session_outcome;

namespace {

constexpr std::uint64_t here = 1, there = 2;

// Reports on us that a peer would send.
struct reported_session {
    rtp_session s{options_of_us(), 1};
    time_point sent_at = t0;
    std::uint32_t ntp = 0;

    reported_session() {
        for (unsigned i = 0; i < 100; ++i) s.sent(i * 160, 160, t0);
        const auto wall = ntp_time::from_unix(1'800'000'000s);
        ntp = wall.compact();
        compound_read r;
        while (r.size == 0) r = report_of(s, sent_at = s.next_rtcp(), wall);
    }
    rtcp_reception report(const report_block& block, time_point now) {
        return compound_of(alice, {block}).cname("a").to(s, now);
    }
};

} // namespace

// §6.4.1: A - LSR - DLSR, by our monotonic clock.
BOOST_AUTO_TEST_CASE(a_report_tells_the_round_trip_time) {
    reported_session r;
    report_block b;
    b.ssrc = our_ssrc;
    b.last_sr = r.ntp;
    b.delay_since_last_sr = 65536; // a second
    b.cumulative_lost = 3;
    const rtcp_reception got = r.report(b, r.sent_at + 1080ms);
    BOOST_TEST(got.reported);
    BOOST_REQUIRE(got.source->report().has_value());
    BOOST_TEST((got.source->report()->block == b));
    BOOST_TEST(got.source->report()->arrival == r.sent_at + 1080ms);
    BOOST_TEST(got.source->report()->round_trip_time.value() == duration{80ms});
}

BOOST_AUTO_TEST_CASE(a_report_without_a_sender_report_of_ours_has_no_round_trip_time) {
    reported_session r;
    report_block b;
    b.ssrc = our_ssrc;
    for (const std::uint32_t last_sr : {0U, 12345U, r.ntp + 1}) {
        b.last_sr = last_sr;
        BOOST_TEST(r.report(b, r.sent_at + 1s).reported);
        BOOST_TEST(!r.s.find(alice)->report()->round_trip_time.has_value());
    }
}

BOOST_AUTO_TEST_CASE(reports_that_cannot_be_true_are_not_believed) {
    reported_session r;
    report_block b;
    b.ssrc = our_ssrc;
    b.last_sr = r.ntp;
    b.delay_since_last_sr = 2 * 65536;
    BOOST_TEST(!r.report(b, r.sent_at + 1s).reported); // kept longer than it is ago
    BOOST_TEST(!r.s.find(alice)->report().has_value());
    b.delay_since_last_sr = 0xffff'ffff;
    BOOST_TEST(!r.report(b, r.sent_at + 1s).reported);
    b.delay_since_last_sr = 0;
    b.cumulative_lost = 101; // of 100
    BOOST_TEST(!r.report(b, r.sent_at + 1s).reported);
    BOOST_TEST(r.s.stats().unbelieved_reports == 3U);
    b.cumulative_lost = 100;
    BOOST_TEST(r.report(b, r.sent_at + 1s).reported);
    // Rounding by less than a millisecond.
    b.delay_since_last_sr = 65536 + 50;
    BOOST_TEST(r.report(b, r.sent_at + 1s).reported);
    BOOST_TEST(r.s.find(alice)->report()->round_trip_time.value() == duration::zero());
    // On somebody else.
    b.ssrc = bob;
    BOOST_TEST(!r.report(b, r.sent_at + 1s).reported);
    BOOST_TEST(r.s.stats().unbelieved_reports == 3U);
}

BOOST_AUTO_TEST_CASE(a_report_may_be_on_a_sender_report_before_the_last) {
    reported_session r;
    time_point now = r.sent_at;
    for (int i = 0; i < 7; ++i) {
        r.s.sent(0, 160, now);
        const auto wall = ntp_time::from_unix(1'900'000'000s + i * 5s);
        while (report_of(r.s, now = r.s.next_rtcp(), wall).size == 0) continue;
    }
    report_block b;
    b.ssrc = our_ssrc;
    b.last_sr = r.ntp;
    BOOST_TEST(r.report(b, now).reported);
    BOOST_TEST(r.s.find(alice)->report()->round_trip_time.value() == now - r.sent_at);
}

BOOST_AUTO_TEST_CASE(a_strangers_bye_is_ignored) {
    rtp_session s(options_of_us(), 1);
    give_valid(s, alice, t0, here);
    // Of one never heard.
    BOOST_TEST(compound_of(bob).cname("b").bye().to(s, t0, there).outcome == outcome::probation);
    BOOST_TEST(s.find(bob) == nullptr);
    BOOST_TEST(s.members() == 2U);
    BOOST_TEST(s.stats().strange_byes == 1U);
    // By a participant, for another.
    compound_of(bob).cname("b").to(s, t0, there);
    BOOST_TEST(compound_of(bob).cname("b").bye_of(alice).to(s, t0, there).left == 0U);
    BOOST_TEST(!s.find(alice)->left());
    BOOST_TEST(compound_of(bob).cname("b").bye_of(our_ssrc).to(s, t0, there).left == 0U);
    BOOST_TEST(compound_of(bob).cname("b").bye_of(4711).to(s, t0, there).left == 0U);
    BOOST_TEST(s.stats().strange_byes == 4U);
    // By a mixer, for one of its own.
    BOOST_TEST(compound_of(bob).cname("b").bye_of(alice).to(s, t0, there).left == 0U);
    s.source_moved(alice, there);
    BOOST_TEST(compound_of(bob).cname("b").bye_of(alice).to(s, t0, there).left == 1U);
    BOOST_TEST(s.find(alice)->left());
}

BOOST_AUTO_TEST_CASE(without_addresses_a_bye_is_believed_of_its_sender_only) {
    rtp_session s(options_of_us(), 1);
    give_valid(s, alice, t0);
    BOOST_TEST(compound_of(bob).cname("b").to(s, t0).outcome == outcome::accepted);
    BOOST_TEST(compound_of(bob).cname("b").bye_of(alice).to(s, t0).left == 0U);
    BOOST_TEST(compound_of(bob).cname("b").bye().to(s, t0).left == 1U);
    BOOST_TEST(!s.find(alice)->left());
}

BOOST_AUTO_TEST_CASE(a_cname_is_believed_of_its_owner_only) {
    rtp_session s(options_of_us(), 1);
    compound_of(alice).cname("alice").to(s, t0, here);
    compound_of(bob).cname("bob").cname_of(alice, "mallory").to(s, t0, there);
    BOOST_TEST(s.find(alice)->cname() == "alice");
    BOOST_TEST(s.find(bob)->cname() == "bob");
}

BOOST_AUTO_TEST_CASE(a_flood_of_ssrcs_pushes_out_nobody) {
    rtp_session s(options_of_us(), 1);
    give_valid(s, alice, t0, here);
    unsigned seq = 3;
    for (std::uint32_t i = 0; i < 1'000'000; ++i) {
        const time_point now = t0 + i * 10us;
        give(s, 0x4000'0000 + i, 1, now, there);
        if (i % 2000 == 0)
            BOOST_REQUIRE(give(s, alice, seq++, now, here).outcome == outcome::accepted);
        // Another valid source begins meanwhile.
        if (i == 500'000) give(s, bob, 1, now, here);
        if (i == 502'000) BOOST_TEST(give(s, bob, 2, now, here).outcome == outcome::accepted);
    }
    BOOST_TEST(s.source_count() == 2U);
    BOOST_TEST(s.members() == 3U);
    BOOST_TEST(s.stats().rtp_probation == 1'000'002U);
}

// More newcomers than there is room for on probation, with stale ones before them, and no
// addresses.
BOOST_AUTO_TEST_CASE(newcomers_who_take_turns_become_valid) {
    rtp_session s(options_of_us(), 1);
    for (std::uint32_t i = 0; i < 1000; ++i) give(s, 0x4000'0000 + i, 1, t0);
    unsigned seq = 1;
    for (; s.source_count() < 20 && seq < 1000; ++seq) {
        for (std::uint32_t i = 0; i < 20; ++i) give(s, 1 + i, seq, t0 + seq * 20ms);
    }
    BOOST_TEST(s.source_count() == 20U);
    BOOST_TEST(seq < 150U); // 3 s
}

BOOST_AUTO_TEST_CASE(who_makes_room_is_still_a_member) {
    rtp_session_options o = options_of_us();
    o.max_sources = 1;
    rtp_session s(o, 1);
    compound_of(bob).cname("bob").to(s, t0);
    give_valid(s, alice, t0);
    BOOST_TEST(s.find(bob) == nullptr);
    BOOST_TEST(s.members() == 3U);
}

BOOST_AUTO_TEST_CASE(a_flood_of_valid_sources_is_bounded) {
    rtp_session s(options_of_us(), 1);
    give_valid(s, alice, t0, here);
    unsigned refused = 0;
    for (std::uint32_t i = 0; i < 100'000; ++i) {
        give(s, 0x4000'0000 + i, 1, t0, there);
        refused += give(s, 0x4000'0000 + i, 2, t0, there).outcome == outcome::refused;
    }
    BOOST_TEST(s.source_count() == 32U);
    BOOST_TEST(refused == 100'000U - 31);
    BOOST_TEST(s.stats().rtp_refused == refused);
    BOOST_TEST(give(s, alice, 3, t0, here).outcome == outcome::accepted);
    // When they fall silent, there is room again.
    BOOST_TEST(give(s, alice, 4, t0 + 50s, here).outcome == outcome::accepted);
    give(s, bob, 1, t0 + 60s, here);
    BOOST_TEST(give(s, bob, 2, t0 + 60s, here).outcome == outcome::accepted);
    BOOST_TEST(s.source_count() == 2U);
}

BOOST_AUTO_TEST_CASE(a_flood_of_reports_is_bounded) {
    rtp_session s(options_of_us(), 1);
    for (std::uint32_t i = 0; i < 100'000; ++i)
        compound_of(0x4000'0000 + i).cname("x").to(s, t0, there);
    BOOST_TEST(s.source_count() == 32U);
    BOOST_TEST(s.members() == 1 + 32 + 64U);
    BOOST_TEST(s.stats().rtcp_refused == 100'000U - 32);
    BOOST_TEST(s.stats().members_refused == 100'000U - 32 - 64);
    // Who sends RTP takes the place of one who only reports.
    give(s, alice, 1, t0, here);
    BOOST_TEST(give(s, alice, 2, t0, here).outcome == outcome::accepted);
    BOOST_TEST(s.source_count() == 32U);
    // What they send does not put reports off for long: 97 packets of about 40 bytes at 300 a
    // second.
    time_point now = t0;
    next_report(s, now);
    BOOST_TEST((now - t0 < 60s));
}

BOOST_AUTO_TEST_CASE(packets_of_strangers_do_not_change_the_intervals) {
    rtp_session a(options_of_us(), 1), b(options_of_us(), 1);
    a.join(t0);
    b.join(t0);
    compound_of(alice).cname("alice").to(a, t0, here);
    compound_of(alice).cname("alice").to(b, t0, here);
    for (int i = 0; i < 1000; ++i) { // of alice's SSRC, from elsewhere
        const std::string large(255, 'x');
        compound_of(alice).cname(large).cname(large).cname(large).to(b, t0, there);
    }
    for (int i = 0; i < 20; ++i) {
        time_point at_a = a.next_rtcp(), at_b = b.next_rtcp();
        BOOST_TEST(at_a == at_b);
        next_report(a, at_a);
        next_report(b, at_b);
    }
}

BOOST_AUTO_TEST_CASE(malformed_rtcp_is_counted) {
    rtp_session s(options_of_us(), 1);
    give_valid(s, alice, t0);
    const bytes cases[] = {
        {},
        {0x80, 201},
        {0x80, 201, 0, 1},             // shorter than it says
        {0x80, 201, 0, 0},             // no SSRC
        {0x81, 201, 0, 1, 1, 2, 3, 4}, // no block
        {0x80, 203, 0, 0},             // BYE first
        {0x40, 201, 0, 1, 1, 2, 3, 4}, // version 1
    };
    for (const bytes& b : cases) BOOST_TEST(s.receive_rtcp(b, t0).outcome == outcome::malformed);
    BOOST_TEST(s.stats().rtcp_malformed == std::size(cases));
}
