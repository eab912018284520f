// Reduced-size RTCP (RFC 5506), which phones send whether or not it was agreed on.
#include "session_tools.hpp"

using namespace rtpsynth;
using namespace rtpsynth::test;
using namespace std::chrono_literals;
using outcome = session_outcome;

namespace {

constexpr std::uint64_t here = 1, there = 2;

const bytes bye_of_alice{0x81, 203, 0, 1, 0x11, 0x11, 0x11, 0x11};
// With a reason, as baresip sends it.
const bytes bye_with_reason{0x81, 203, 0, 2, 0x11, 0x11, 0x11, 0x11, 3, 'e', 'n', 'd'};

rtp_session session_with_alice(bool reduced_size = true) {
    rtp_session_options o = options_of_us();
    o.reduced_size = reduced_size;
    rtp_session s(o, 1);
    give_valid(s, alice, t0, here);
    return s;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_lone_bye_is_one) {
    for (const bytes& bye : {bye_of_alice, bye_with_reason}) {
        rtp_session s = session_with_alice();
        const rtcp_reception got = s.receive_rtcp(bye, t0 + 1s, here);
        BOOST_TEST(got.outcome == outcome::accepted);
        BOOST_TEST(got.source == s.find(alice));
        BOOST_TEST(got.left == 1U);
        BOOST_REQUIRE(s.find(alice) != nullptr);
        BOOST_TEST(s.find(alice)->left());
        BOOST_TEST(s.members() == 1U);
        BOOST_TEST(s.stats().rtcp_accepted == 1U);
    }
}

BOOST_AUTO_TEST_CASE(it_is_refused_where_the_option_says_so) {
    rtp_session s = session_with_alice(false);
    BOOST_TEST(s.receive_rtcp(bye_of_alice, t0 + 1s, here).outcome == outcome::malformed);
    BOOST_TEST(!s.find(alice)->left());
    BOOST_TEST(s.stats().rtcp_malformed == 1U);
    BOOST_TEST(compound_of(alice).bye().to(s, t0 + 1s, here).left == 1U);
}

// What a stranger cannot do with a compound packet, it cannot do with a shorter one.
BOOST_AUTO_TEST_CASE(a_strangers_lone_bye_is_ignored) {
    rtp_session s = session_with_alice();
    compound_of(alice).cname("a").to(s, t0, here);
    BOOST_TEST(s.receive_rtcp(bye_of_alice, t0 + 1s, there).outcome == outcome::conflict);
    // Of one never heard, and of us.
    const bytes of_bob{0x81, 203, 0, 1, 0x22, 0x22, 0x22, 0x22};
    BOOST_TEST(s.receive_rtcp(of_bob, t0 + 1s, there).outcome == outcome::probation);
    BOOST_TEST(s.stats().strange_byes == 1U);
    // In bob's name for alice.
    compound_of(bob).cname("b").to(s, t0, there);
    const bytes of_both{0x82, 203, 0, 2, 0x22, 0x22, 0x22, 0x22, 0x11, 0x11, 0x11, 0x11};
    BOOST_TEST(s.receive_rtcp(of_both, t0 + 1s, there).left == 1U);
    BOOST_TEST(s.find(bob)->left());
    BOOST_TEST(!s.find(alice)->left());
}

BOOST_AUTO_TEST_CASE(other_packets_may_be_alone) {
    rtp_session s = session_with_alice();
    bytes storage(200);
    {
        rtcp_builder builder(storage, rtcp_mode::reduced_size);
        builder.add_cname(alice, "alice").value();
        BOOST_TEST(s.receive_rtcp(builder.bytes(), t0, here).outcome == outcome::accepted);
        BOOST_TEST(s.find(alice)->cname() == "alice");
    }
    {
        rtcp_builder builder(storage, rtcp_mode::reduced_size);
        voip_metrics m;
        m.ssrc = our_ssrc;
        builder.add_voip_metrics(alice, {&m, 1}).value();
        BOOST_TEST(s.receive_rtcp(builder.bytes(), t0, here).outcome == outcome::accepted);
        BOOST_TEST(s.find(alice)->metrics().has_value());
    }
    // Picture loss indication, of alice about us (RFC 4585).
    const bytes feedback{0x81, 206, 0, 2, 0x11, 0x11, 0x11, 0x11, 0x0a, 0x0a, 0x0a, 0x0a};
    BOOST_TEST(s.receive_rtcp(feedback, t0, here).outcome == outcome::accepted);
    BOOST_TEST(s.find(alice)->left() == false);
    // Before a report, and one with a type of later RFCs.
    const bytes later{0x80, 213, 0, 1, 0x11, 0x11, 0x11, 0x11,
                      0x80, 201, 0, 1, 0x11, 0x11, 0x11, 0x11};
    BOOST_TEST(s.receive_rtcp(later, t0, here).outcome == outcome::accepted);
    BOOST_TEST(s.stats().rtcp_accepted == 4U);
    BOOST_TEST(s.stats().rtcp_malformed == 0U);
}

BOOST_AUTO_TEST_CASE(what_does_not_name_its_sender_is_malformed) {
    rtp_session s = session_with_alice();
    const bytes cases[] = {
        {0x80, 203, 0, 0},                                     // a BYE of nobody
        {0x82, 203, 0, 1, 0x11, 0x11, 0x11, 0x11},             // of two, with room for one
        {0x80, 202, 0, 0},                                     // no chunk
        {0x81, 202, 0, 1, 0x11, 0x11, 0x11, 0x11},             // no end of its items
        {0x80, 207, 0, 0},                                     // XR without SSRC
        {0x81, 206, 0, 0},                                     // feedback without SSRC
        {0x81, 195, 0, 1, 0x11, 0x11, 0x11, 0x11},             // IJ (RFC 5450) begins with a jitter
        {0x80, 192, 0, 1, 0x11, 0x11, 0x11, 0x11},             // FIR (RFC 2032)
        {0xa1, 203, 0, 2, 0x11, 0x11, 0x11, 0x11, 0, 0, 0, 8}, // nothing but padding
    };
    for (const bytes& b : cases) {
        const rtcp_reception got = s.receive_rtcp(b, t0, here);
        BOOST_TEST(got.outcome == outcome::malformed);
        BOOST_TEST(got.left == 0U);
    }
    BOOST_TEST(s.stats().rtcp_malformed == std::size(cases));
    BOOST_TEST(!s.find(alice)->left());
}
