// SSRC collisions, loops and third parties (RFC 3550 §8.2).
#include "session_tools.hpp"

using namespace rtpsynth;
using namespace rtpsynth::test;
using namespace std::chrono_literals;
using outcome = session_outcome;

namespace {

constexpr std::uint64_t here = 1, there = 2, elsewhere = 3;

} // namespace

BOOST_AUTO_TEST_CASE(a_collision_changes_our_ssrc) {
    for (const bool by_rtcp : {false, true}) {
        rtp_session s(options_of_us(), 1);
        for (unsigned i = 0; i < 10; ++i) s.sent(i * 160, 160, t0 + i * 20ms);
        const time_point now = t0 + 1s;
        const auto what = by_rtcp ? compound_of(our_ssrc).cname("them").to(s, now, there).outcome
                                  : give(s, our_ssrc, 1, now, there).outcome;
        BOOST_TEST(what == outcome::collision);
        const std::uint32_t fresh = s.ssrc();
        BOOST_TEST(fresh != our_ssrc);
        BOOST_TEST(s.stats().collisions == 1U);
        // BYE for the old one, at once.
        BOOST_TEST(s.next_rtcp() == now);
        compound_read r = report_of(s, now);
        BOOST_TEST(r.ssrc == our_ssrc);
        BOOST_REQUIRE(r.byes.size() == 1U);
        BOOST_TEST(r.byes[0] == our_ssrc);
        BOOST_TEST(r.cname == "us@example.net");
        BOOST_TEST(s.next_rtcp() > now);
        // §6.4.1: the counters begin again.
        s.sent(5000, 100, now);
        time_point later = now;
        r = next_report(s, later);
        BOOST_TEST(r.ssrc == fresh);
        BOOST_TEST(r.byes.empty());
        BOOST_REQUIRE(r.sender.has_value());
        BOOST_TEST(r.sender->packet_count == 1U);
        BOOST_TEST(r.sender->octet_count == 100U);
        // The other one is a source like any.
        give(s, our_ssrc, 1, now, there);
        BOOST_TEST(give(s, our_ssrc, 2, now, there).outcome == outcome::accepted);
    }
}

BOOST_AUTO_TEST_CASE(who_has_sent_nothing_says_no_bye) {
    rtp_session s(options_of_us(), 1);
    BOOST_TEST(give(s, our_ssrc, 1, t0, there).outcome == outcome::collision);
    BOOST_TEST(s.next_rtcp() == time_point::max());
    BOOST_TEST(s.ssrc() != our_ssrc);
}

BOOST_AUTO_TEST_CASE(without_bandwidth_there_is_no_bye) {
    rtp_session_options o = options_of_us();
    o.bandwidth = 0;
    rtp_session s(o, 1);
    s.sent(0, 160, t0);
    BOOST_TEST(give(s, our_ssrc, 1, t0, there).outcome == outcome::collision);
    BOOST_TEST(s.next_rtcp() == time_point::max());
    BOOST_TEST(report_of(s, t0).size == 0U);
    s.leave(t0);
    BOOST_TEST(s.next_rtcp() == time_point::max());
}

BOOST_AUTO_TEST_CASE(a_new_ssrc_that_was_not_used_says_no_bye) {
    rtp_session s(options_of_us(), 1);
    s.sent(0, 160, t0);
    give(s, our_ssrc, 1, t0, there);
    BOOST_TEST(report_of(s, t0).byes.size() == 1U);
    BOOST_TEST(s.senders() == 0U);
    s.leave(t0);
    BOOST_TEST(s.next_rtcp() == time_point::max());
}

BOOST_AUTO_TEST_CASE(a_loop_changes_our_ssrc_once) {
    rtp_session s(options_of_us(), 1);
    time_point now = t0;
    unsigned changes = 0;
    for (unsigned i = 0; i < 100'000; ++i, now += 20ms) { // half an hour
        s.sent(i * 160, 160, now);
        const rtp_reception r = give(s, s.ssrc(), i, now, there); // each comes back
        changes += r.outcome == outcome::collision;
        BOOST_REQUIRE((r.outcome == outcome::collision || r.outcome == outcome::looped));
        if (now >= s.next_rtcp()) report_of(s, now);
    }
    BOOST_TEST(changes == 1U);
    BOOST_TEST(s.stats().looped == 99'999U);
    BOOST_TEST(s.source_count() == 0U);
}

BOOST_AUTO_TEST_CASE(without_addresses_a_loop_changes_our_ssrc_once) {
    rtp_session s(options_of_us(), 1);
    BOOST_TEST(give(s, s.ssrc(), 1, t0).outcome == outcome::collision);
    for (unsigned i = 0; i < 1000; ++i)
        BOOST_REQUIRE(give(s, s.ssrc(), i, t0 + i * 20ms).outcome == outcome::looped);
}

BOOST_AUTO_TEST_CASE(an_address_is_forgotten_after_ten_intervals) {
    rtp_session s(options_of_us(), 1);
    BOOST_TEST(give(s, s.ssrc(), 1, t0, there).outcome == outcome::collision);
    BOOST_TEST(give(s, s.ssrc(), 1, t0 + 49s, there).outcome == outcome::looped);
    BOOST_TEST(give(s, s.ssrc(), 1, t0 + 98s, there).outcome == outcome::looped);
    BOOST_TEST(give(s, s.ssrc(), 1, t0 + 149s, there).outcome == outcome::collision);
}

// Who sends our SSRC from ever new addresses cannot make us change it with every packet.
BOOST_AUTO_TEST_CASE(our_ssrc_changes_once_in_five_seconds) {
    rtp_session s(options_of_us(), 1);
    s.sent(0, 160, t0);
    for (unsigned i = 0; i < 10'000; ++i) give(s, s.ssrc(), i, t0 + i * 1ms, 100 + i);
    BOOST_TEST(s.stats().collisions == 2U);
    BOOST_TEST(s.stats().looped == 9'998U);
}

BOOST_AUTO_TEST_CASE(a_new_ssrc_is_no_known_sources) {
    rtp_session_options o = options_of_us();
    rtp_session probe(o, 5);
    compound_of(bob).cname("bob").to(probe, t0, here);
    give(probe, our_ssrc, 1, t0, there);
    const std::uint32_t would_be = probe.ssrc();
    rtp_session s(o, 5);
    compound_of(would_be).cname("bob").to(s, t0, here);
    give(s, our_ssrc, 1, t0, there);
    BOOST_TEST(s.ssrc() != would_be);
    BOOST_TEST(s.ssrc() != our_ssrc);
}

BOOST_AUTO_TEST_CASE(packets_of_a_third_party_are_ignored) {
    rtp_session s(options_of_us(), 1);
    give_valid(s, alice, t0, here);
    const rtp_reception r = give(s, alice, 9000, t0, there);
    BOOST_TEST(r.outcome == outcome::conflict);
    BOOST_TEST(r.source == s.find(alice));
    BOOST_TEST(s.find(alice)->reception().received() == 1U);
    BOOST_TEST(s.find(alice)->reception().rejected() == 0U);
    BOOST_TEST(give(s, alice, 3, t0, here).outcome == outcome::accepted);
    BOOST_TEST(give(s, alice, 4, t0).outcome == outcome::accepted); // not known where from
    BOOST_TEST(s.stats().rtp_conflicts == 1U);
}

BOOST_AUTO_TEST_CASE(reports_of_a_third_party_are_ignored) {
    rtp_session s(options_of_us(), 1);
    give_valid(s, alice, t0, here);
    // RTCP may come from another port.
    BOOST_TEST(compound_of(alice).cname("alice").to(s, t0, elsewhere).outcome == outcome::accepted);
    BOOST_TEST(compound_of(alice).cname("mallory").bye().to(s, t0, there).outcome ==
               outcome::conflict);
    BOOST_TEST(s.find(alice)->cname() == "alice");
    BOOST_TEST(!s.find(alice)->left());
    BOOST_TEST(s.stats().rtcp_conflicts == 1U);
}

BOOST_AUTO_TEST_CASE(a_source_may_move) {
    rtp_session s(options_of_us(), 1);
    give_valid(s, alice, t0, here);
    compound_of(alice).cname("alice").to(s, t0, here);
    BOOST_TEST(give(s, alice, 3, t0, there).outcome == outcome::conflict);
    s.source_moved(alice, there);
    s.source_moved(bob, there); // nobody
    BOOST_TEST(give(s, alice, 3, t0, there).outcome == outcome::accepted);
    BOOST_TEST(give(s, alice, 4, t0, here).outcome == outcome::conflict);
    BOOST_TEST(compound_of(alice).cname("alice").to(s, t0, there).outcome == outcome::accepted);
    BOOST_TEST(s.find(alice)->rtp_address() == there);
    BOOST_TEST(s.find(alice)->rtcp_address() == there);
}
