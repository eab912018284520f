// Sources whose RTP goes on after a BYE, which a stranger has said, and those that have left.
#include "session_tools.hpp"

#include <algorithm>

using namespace rtpsynth;
using namespace rtpsynth::test;
using namespace std::chrono_literals;
using outcome = session_outcome;

namespace {

constexpr std::uint64_t here = 1, there = 2;

rtcp_reception say_bye(rtp_session& s, std::uint32_t ssrc, time_point now, std::uint64_t address) {
    return compound_of(ssrc).cname("mallory").bye("forged").to(s, now, address);
}

// A packet every 20 ms from `begin` on, the first numbered `first`; what came of each.
std::vector<outcome> stream(rtp_session& s, std::uint32_t ssrc, unsigned first, std::size_t count,
                            time_point begin, std::uint64_t address = here) {
    std::vector<outcome> all;
    for (unsigned i = 0; i < count; ++i)
        all.push_back(give(s, ssrc, first + i, begin + i * 20ms, address).outcome);
    return all;
}

bool all_are(const std::vector<outcome>& all, outcome what) {
    return std::all_of(all.begin(), all.end(), [&](outcome o) { return o == what; });
}

} // namespace

BOOST_AUTO_TEST_CASE(a_source_that_goes_on_has_not_left) {
    rtp_session s(options_of_us(), 1);
    give_valid(s, alice, t0, here);
    BOOST_TEST(say_bye(s, alice, t0 + 10ms, there).left == 1U);
    BOOST_TEST(s.members() == 1U);
    BOOST_TEST(s.senders() == 0U);
    // 20 ms .. 500 ms: played, if its application does as receive_rtp() says.
    BOOST_TEST(all_are(stream(s, alice, 3, 25, t0 + 20ms), outcome::left));
    BOOST_TEST(s.find(alice)->left());
    BOOST_TEST(s.stats().sources_returned == 0U);

    const rtp_reception back = give(s, alice, 28, t0 + 520ms, here);
    BOOST_TEST(back.outcome == outcome::accepted);
    BOOST_TEST(back.packet == receiver_stats::outcome::in_order);
    BOOST_TEST(back.source == s.find(alice));
    BOOST_TEST(!back.source->left());
    BOOST_TEST(back.source->is_sender());
    BOOST_TEST(back.source->reason().empty());
    BOOST_TEST(s.members() == 2U);
    BOOST_TEST(s.senders() == 1U);
    BOOST_TEST(s.stats().sources_left == 1U);
    BOOST_TEST(s.stats().sources_returned == 1U);
    BOOST_TEST(s.stats().rtp_left == 25U);
    BOOST_TEST(s.stats().rtp_accepted == 2U);
    // What came in the meantime is not lost.
    BOOST_TEST(back.source->reception().received() == 27U);
    BOOST_TEST(back.source->reception().cumulative_lost() == 0);
    time_point now = t0 + 520ms;
    const compound_read r = next_report(s, now);
    BOOST_REQUIRE(r.blocks.size() == 1U);
    BOOST_TEST(r.blocks[0].ssrc == alice);
    BOOST_TEST(r.blocks[0].cumulative_lost == 0);
}

BOOST_AUTO_TEST_CASE(who_is_back_may_speak_and_leave) {
    rtp_session s(options_of_us(), 1);
    give_valid(s, alice, t0, here);
    say_bye(s, alice, t0, there);
    stream(s, alice, 3, 30, t0);
    BOOST_REQUIRE(!s.find(alice)->left());
    // Its RTCP is that of whoever is next, and no longer the stranger's.
    BOOST_TEST(compound_of(alice).cname("alice").to(s, t0 + 1s, here).outcome == outcome::accepted);
    BOOST_TEST(s.find(alice)->cname() == "alice");
    BOOST_TEST(say_bye(s, alice, t0 + 1s, there).outcome == outcome::conflict);
    BOOST_TEST(!s.find(alice)->left());
    BOOST_TEST(compound_of(alice).cname("alice").bye("lunch").to(s, t0 + 2s, here).left == 1U);
    BOOST_TEST(s.find(alice)->reason() == "lunch");
    BOOST_TEST(s.members() == 1U);
    BOOST_TEST(give(s, alice, 33, t0 + 2100ms, here).outcome == outcome::left);
}

// As often as strangers like, also before the source has sent anything.
BOOST_AUTO_TEST_CASE(byes_of_strangers_silence_nothing) {
    rtp_session s(options_of_us(), 1);
    compound_of(alice).cname("mallory").to(s, t0, there);
    say_bye(s, alice, t0, there);
    for (unsigned i = 0; i < 3000; ++i) { // a minute
        const time_point now = t0 + i * 20ms;
        const outcome what = give(s, alice, i, now, here).outcome;
        BOOST_REQUIRE((what == outcome::accepted || what == outcome::left));
        if (i % 7 == 0) say_bye(s, alice, now, there);
    }
    BOOST_TEST(s.find(alice)->reception().received() == 3000U);
    BOOST_TEST(s.stats().sources_returned >= 50U);
    BOOST_TEST(s.stats().sources_left <= s.stats().sources_returned + 1);
    BOOST_TEST(s.stats().rtp_left + s.stats().rtp_accepted == 3000U);
}

BOOST_AUTO_TEST_CASE(packets_under_way_bring_nobody_back) {
    rtp_session s(options_of_us(), 1);
    give_valid(s, alice, t0, here);
    compound_of(alice).cname("alice").bye().to(s, t0, here);
    // The last of them, which span less than 0.5 s, have been held up for a second.
    BOOST_TEST(all_are(stream(s, alice, 3, 25, t0 + 1s), outcome::left));
    // Late and repeated ones, even later.
    BOOST_TEST(give(s, alice, 27, t0 + 2s, here).outcome == outcome::left);
    BOOST_TEST(give(s, alice, 20, t0 + 2s, here).outcome == outcome::left);
    BOOST_TEST(s.find(alice)->left());
    BOOST_TEST(s.members() == 1U);
    BOOST_TEST(s.stats().sources_returned == 0U);
    // It is removed as if they had not come.
    time_point now = t0 + 5s;
    next_report(s, now);
    BOOST_TEST(s.find(alice) == nullptr);
}

// §8.2: RTP from elsewhere is not the source's, and does not bring it back.
BOOST_AUTO_TEST_CASE(a_stranger_brings_nobody_back) {
    rtp_session s(options_of_us(), 1);
    give_valid(s, alice, t0, here);
    compound_of(alice).cname("alice").bye().to(s, t0, here);
    BOOST_TEST(all_are(stream(s, alice, 3, 100, t0, there), outcome::conflict));
    BOOST_TEST(s.find(alice)->left());
}

BOOST_AUTO_TEST_CASE(each_bye_is_waited_for_anew) {
    rtp_session s(options_of_us(), 1);
    give_valid(s, alice, t0, here);
    say_bye(s, alice, t0, there);
    stream(s, alice, 3, 27, t0);
    BOOST_REQUIRE(!s.find(alice)->left());
    say_bye(s, alice, t0 + 530ms, there);
    BOOST_TEST(all_are(stream(s, alice, 30, 25, t0 + 540ms), outcome::left));
    BOOST_TEST(give(s, alice, 55, t0 + 1040ms, here).outcome == outcome::accepted);
    BOOST_TEST(s.stats().sources_returned == 2U);
}

// Its numbering restarts between the BYE and its return.
BOOST_AUTO_TEST_CASE(a_restart_goes_on) {
    rtp_session s(options_of_us(), 1);
    give_valid(s, alice, t0, here);
    say_bye(s, alice, t0, there);
    const std::vector<outcome> all = stream(s, alice, 30'000, 30, t0);
    BOOST_TEST(all.back() == outcome::accepted);
    BOOST_TEST(!s.find(alice)->left());
}

// Nobody takes the place of one that may not have left.
BOOST_AUTO_TEST_CASE(who_goes_on_keeps_its_place) {
    rtp_session_options o = options_of_us();
    o.max_sources = 1;
    rtp_session s(o, 1);
    give_valid(s, alice, t0, here);
    say_bye(s, alice, t0 + 10ms, there);
    give(s, bob, 1, t0 + 10ms, there);
    BOOST_TEST(give(s, bob, 2, t0 + 10ms, there).outcome == outcome::refused);
    BOOST_TEST(give(s, alice, 3, t0 + 20ms, here).outcome == outcome::left);
    // Half a second of silence is enough where the place is needed.
    give(s, bob, 3, t0 + 519ms, there);
    BOOST_TEST(give(s, bob, 4, t0 + 519ms, there).outcome == outcome::refused);
    give(s, bob, 5, t0 + 520ms, there);
    BOOST_TEST(give(s, bob, 6, t0 + 520ms, there).outcome == outcome::accepted);
    BOOST_TEST(s.find(alice) == nullptr);
}

// §6.3.4: a BYE brings our report forward once, however often it is said and taken back.
BOOST_AUTO_TEST_CASE(byes_taken_back_do_not_hurry_reports) {
    rtp_session s(options_of_us(), 1);
    s.sent(0, 160, t0);
    give_valid(s, alice, t0, here);
    unsigned seq = 3;
    std::uint64_t sent = 0;
    for (time_point now = t0; now < t0 + 120s; now += 20ms) {
        give(s, alice, seq++, now, here);
        if (seq % 10 == 0) say_bye(s, alice, now, there);
        sent += report_of(s, now).size != 0;
    }
    BOOST_TEST(s.stats().sources_returned > 100U);
    BOOST_TEST(sent >= 12U); // about 24 at 5 s each
    BOOST_TEST(sent <= 48U);
}
