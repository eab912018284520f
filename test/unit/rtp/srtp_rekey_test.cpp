#include <boost/test/unit_test.hpp>

#include <rtpsynth/rtp/srtp.hpp>

#include "srtp_packets.hpp"

using namespace srtp_test;

namespace {

srtp_key key_with_mki(srtp_suite suite, unsigned number, bool has_mki) {
    srtp_key key = make_key(suite, number);
    if (has_mki) BOOST_REQUIRE(key.set_mki(srtp_mki{number, 2}) == errc{});
    return key;
}

} // namespace

BOOST_AUTO_TEST_CASE(late_packets_of_the_previous_key_are_taken) {
    for (const srtp_suite suite : all_suites)
        for (const bool has_mki : {false, true}) {
            const srtp_key first = key_with_mki(suite, 1, has_mki);
            const srtp_key second = key_with_mki(suite, 2, has_mki);
            srtp_sender sender(first);
            srtp_receiver receiver(first);
            BOOST_TEST(unprotect(receiver, protect(sender, rtp(65530)), rtp(65530)) == errc{});
            const bytes late = protect(sender, rtp(65531));
            bytes later = protect(sender, rtp(65532));
            const bytes late_report = protect_rtcp(sender, rtcp());
            BOOST_TEST(receiver.rekey(second) == errc{});
            BOOST_TEST(sender.rekey(second) == errc{});
            const bytes next = protect(sender, rtp(2)); // the roll-over counter is 1
            bytes forged = next;
            forged[20] ^= 1;
            BOOST_TEST(receiver.unprotect(forged).error() == errc::not_authentic);
            BOOST_TEST(unprotect(receiver, late, rtp(65531)) == errc{});
            BOOST_TEST(unprotect(receiver, next, rtp(2)) == errc{});
            BOOST_TEST(unprotect(receiver, late, rtp(65531)) == errc::replayed);
            BOOST_TEST(unprotect(receiver, next, rtp(2)) == errc::replayed);
            BOOST_TEST(unprotect_rtcp(receiver, late_report, rtcp()) == errc{});
            BOOST_TEST(unprotect_rtcp(receiver, protect_rtcp(sender, rtcp()), rtcp()) == errc{});
            BOOST_TEST(receiver.stats().previous_key == 2U);
            receiver.drop_previous_key();
            BOOST_TEST(receiver.unprotect(later).error() == errc::not_authentic);
            BOOST_TEST(unprotect(receiver, protect(sender, rtp(3)), rtp(3)) == errc{});
            BOOST_TEST(receiver.sources() == 1U);
        }
}

BOOST_AUTO_TEST_CASE(the_roll_over_counter_goes_on_under_the_new_key_or_is_0_again) {
    for (const bool goes_on : {true, false}) {
        const srtp_key first = make_key(all_suites[2], 1), second = make_key(all_suites[2], 2);
        srtp_sender sender(first);
        srtp_receiver receiver(first);
        for (const std::uint16_t i : std::array<std::uint16_t, 4>{60000, 20000, 50000, 10000})
            BOOST_TEST(unprotect(receiver, protect(sender, rtp(i)), rtp(i)) == errc{});
        BOOST_TEST(receiver.rekey(second) == errc{});
        if (goes_on)
            BOOST_TEST(sender.rekey(second) == errc{});
        else
            sender = srtp_sender(second);
        for (const std::uint16_t i : std::array<std::uint16_t, 4>{10001, 40000, 1, 2})
            BOOST_TEST(unprotect(receiver, protect(sender, rtp(i)), rtp(i)) == errc{});
    }
}

BOOST_AUTO_TEST_CASE(a_sender_keeps_the_index_of_rtcp) {
    const srtp_key first = make_key(all_suites[0], 1), second = make_key(all_suites[0], 2);
    srtp_sender sender(first);
    protect_rtcp(sender, rtcp());
    protect_rtcp(sender, rtcp());
    BOOST_TEST(sender.rekey(second) == errc{});
    const bytes report = protect_rtcp(sender, rtcp());
    BOOST_TEST(report[8] == 0x80);
    BOOST_TEST(report[11] == 3);
}

BOOST_AUTO_TEST_CASE(a_source_whose_counter_was_set_gets_the_new_key) {
    const srtp_key first = make_key(all_suites[0], 1), second = make_key(all_suites[0], 2);
    srtp_sender sender(first);
    srtp_receiver receiver(second);
    BOOST_TEST(sender.set_roll_over_counter(0x01020304, 5) == errc{});
    BOOST_TEST(receiver.set_roll_over_counter(0x01020304, 5) == errc{});
    protect(sender, rtp(65535));
    BOOST_TEST(sender.rekey(second) == errc{});
    BOOST_TEST(receiver.set_roll_over_counter(0x01020304, 6) == errc{});
    BOOST_TEST(unprotect(receiver, protect(sender, rtp(0)), rtp(0)) == errc{});
}

BOOST_AUTO_TEST_CASE(the_suite_may_change) {
    for (const srtp_suite from : all_suites)
        for (const srtp_suite to : all_suites) {
            srtp_sender sender(make_key(from, 1));
            srtp_receiver receiver(make_key(from, 1));
            BOOST_TEST(unprotect(receiver, protect(sender, rtp(1)), rtp(1)) == errc{});
            const bytes late = protect(sender, rtp(2, 0x01020304, 12));
            BOOST_TEST(receiver.rekey(make_key(to, 2)) == errc{});
            BOOST_TEST(sender.rekey(make_key(to, 2)) == errc{});
            BOOST_TEST(sender.rtp_overhead() == profile_of(to).rtp_tag_size);
            BOOST_TEST(unprotect(receiver, protect(sender, rtp(3)), rtp(3)) == errc{});
            BOOST_TEST(unprotect(receiver, late, rtp(2, 0x01020304, 12)) == errc{});
        }
}

BOOST_AUTO_TEST_CASE(the_key_before_the_previous_one_is_gone) {
    srtp_sender sender(make_key(all_suites[0], 1));
    srtp_receiver receiver(make_key(all_suites[0], 1));
    bytes oldest = protect(sender, rtp(1));
    BOOST_TEST(receiver.rekey(make_key(all_suites[0], 2)) == errc{});
    BOOST_TEST(receiver.rekey(make_key(all_suites[0], 3)) == errc{});
    BOOST_TEST(receiver.unprotect(oldest).error() == errc::not_authentic);
    BOOST_TEST(receiver.stats().not_authentic == 1U);
}

BOOST_AUTO_TEST_CASE(a_packet_that_names_another_key_is_refused) {
    for (const srtp_suite suite : all_suites)
        for (const bool is_rtcp : {false, true}) {
            srtp_sender sender(key_with_mki(suite, 1, true));
            srtp_key named = key_with_mki(suite, 1, true); // the same key by another name
            BOOST_TEST(named.set_mki(srtp_mki{2, 2}) == errc{});
            srtp_receiver receiver(named), right(key_with_mki(suite, 1, true));
            if (is_rtcp) {
                const bytes report = protect_rtcp(sender, rtcp());
                BOOST_TEST(unprotect_rtcp(receiver, report, rtcp()) == errc::not_authentic);
                BOOST_TEST(unprotect_rtcp(right, report, rtcp()) == errc{});
            } else {
                const bytes wire = protect(sender, rtp(1));
                BOOST_TEST(unprotect(receiver, wire, rtp(1)) == errc::not_authentic);
                BOOST_TEST(unprotect(right, wire, rtp(1)) == errc{});
            }
        }
}

BOOST_AUTO_TEST_CASE(the_first_packet_under_the_new_key_may_be_late_or_far_ahead) {
    struct step {
        std::vector<std::uint16_t> before;
        std::uint16_t after;
    };
    // Late, over a roll-over; and 30000 ahead, after one that was 20000 late.
    for (const step& s : {step{{65533, 0}, 65534}, step{{40000, 20000}, 4464}}) {
        const srtp_options options{32767, 1};
        srtp_sender sender(make_key(all_suites[0], 1), options);
        srtp_receiver receiver(make_key(all_suites[0], 1), options);
        BOOST_TEST(sender.set_roll_over_counter(0x01020304, 5) == errc{});
        BOOST_TEST(receiver.set_roll_over_counter(0x01020304, 5) == errc{});
        for (const std::uint16_t i : s.before)
            BOOST_TEST(unprotect(receiver, protect(sender, rtp(i)), rtp(i)) == errc{});
        BOOST_TEST(sender.rekey(make_key(all_suites[0], 2)) == errc{});
        BOOST_TEST(receiver.rekey(make_key(all_suites[0], 2)) == errc{});
        BOOST_TEST(unprotect(receiver, protect(sender, rtp(s.after)), rtp(s.after)) == errc{});
    }
}
