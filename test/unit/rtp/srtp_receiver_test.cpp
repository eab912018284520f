#include <boost/test/unit_test.hpp>

#include <rtpsynth/rtp/srtp.hpp>

#include "srtp_packets.hpp"

#include <map>
#include <random>
#include <utility>
#include <vector>

using namespace srtp_test;

namespace {

struct pair {
    explicit pair(srtp_suite suite, srtp_options options = {})
        : sender(make_key(suite), options), receiver(make_key(suite), options) {}

    errc pass(std::uint16_t sequence) {
        return unprotect(receiver, protect(sender, rtp(sequence)), rtp(sequence));
    }
    void lose(std::uint16_t sequence) { protect(sender, rtp(sequence)); }

    srtp_sender sender;
    srtp_receiver receiver;
};

} // namespace

BOOST_AUTO_TEST_CASE(packets_pass_over_the_roll_over_with_loss_and_reordering) {
    for (const srtp_suite suite : all_suites)
        for (unsigned seed = 0; seed < 20; ++seed) {
            std::mt19937 random(seed);
            pair call(suite);
            std::multimap<std::uint32_t, std::pair<bytes, std::uint16_t>> arrivals;
            const auto begin = static_cast<std::uint32_t>(65536 - 150 - random() % 100);
            for (std::uint32_t i = begin; i < begin + 400; ++i) {
                const auto sequence = static_cast<std::uint16_t>(i);
                bytes wire = protect(call.sender, rtp(sequence));
                const auto delay = static_cast<std::uint32_t>(random() % 100);
                if (random() % 5 != 0)
                    arrivals.emplace(i + delay, std::pair(std::move(wire), sequence));
            }
            for (const auto& [time, packet] : arrivals)
                BOOST_REQUIRE(unprotect(call.receiver, packet.first, rtp(packet.second)) == errc{});
            BOOST_TEST(call.receiver.stats().packets == arrivals.size());
        }
}

BOOST_AUTO_TEST_CASE(loss_of_2_15_packets_is_survived_and_of_more_is_not) {
    pair call(all_suites[0]);
    unsigned at = 60000;
    BOOST_TEST(call.pass(static_cast<std::uint16_t>(at)) == errc{});
    for (const unsigned step : {20000U, 30000U, 32767U}) {
        at += step;
        BOOST_TEST(call.pass(static_cast<std::uint16_t>(at)) == errc{});
    }
    for (const unsigned step : {20000U, 20000U}) {
        at += step;
        call.lose(static_cast<std::uint16_t>(at));
    }
    at += 1; // taken for one that is 25535 packets late
    BOOST_TEST(call.pass(static_cast<std::uint16_t>(at)) == errc::replayed);
    at += 30000; // taken for one of the round before
    BOOST_TEST(call.pass(static_cast<std::uint16_t>(at)) == errc::not_authentic);
}

BOOST_AUTO_TEST_CASE(a_replay_is_refused) {
    for (const srtp_suite suite : all_suites) {
        pair call(suite);
        std::vector<bytes> wire;
        for (std::uint16_t i = 0; i < 300; ++i) {
            wire.push_back(protect(call.sender, rtp(i)));
            if (i % 10 != 5) BOOST_REQUIRE(unprotect(call.receiver, wire[i], rtp(i)) == errc{});
        }
        for (std::uint16_t i = 0; i < 300; ++i) { // late ones that the window still has are taken
            const bool taken = i % 10 == 5 && i + 128 > 299;
            const errc expected = taken ? errc{} : errc::replayed;
            BOOST_REQUIRE(unprotect(call.receiver, wire[i], rtp(i)) == expected);
        }
        BOOST_TEST(call.receiver.stats().packets + call.receiver.stats().replayed == 570U);
        const bytes report = protect_rtcp(call.sender, rtcp());
        BOOST_TEST(unprotect_rtcp(call.receiver, report, rtcp()) == errc{});
        BOOST_TEST(unprotect_rtcp(call.receiver, report, rtcp()) == errc::replayed);
        BOOST_TEST(call.receiver.stats().rtcp_packets == 1U);
    }
}

BOOST_AUTO_TEST_CASE(the_replay_window_is_as_large_as_asked) {
    for (const std::size_t window : {std::size_t{64}, std::size_t{1000}}) {
        pair call(all_suites[0], {window, 1});
        const bytes inside = protect(call.sender, rtp(1001 - static_cast<std::uint16_t>(window)));
        BOOST_TEST(call.pass(1000) == errc{});
        BOOST_TEST(unprotect(call.receiver, inside,
                             rtp(1001 - static_cast<std::uint16_t>(window))) == errc{});
    }
    pair call(all_suites[0], {64, 1});
    const bytes outside = protect(call.sender, rtp(900));
    BOOST_TEST(call.pass(1000) == errc{});
    BOOST_TEST(unprotect(call.receiver, outside, rtp(900)) == errc::replayed);
}

BOOST_AUTO_TEST_CASE(numbers_that_begin_anew_are_refused_until_they_are_ahead) {
    pair call(all_suites[0]);
    BOOST_TEST(call.pass(1000) == errc{});
    srtp_sender restarted(make_key(all_suites[0]));
    BOOST_TEST(unprotect(call.receiver, protect(restarted, rtp(10)), rtp(10)) == errc::replayed);
    BOOST_TEST(unprotect(call.receiver, protect(restarted, rtp(1001)), rtp(1001)) == errc{});
}

BOOST_AUTO_TEST_CASE(each_truncation_is_refused_and_changes_nothing) {
    for (const srtp_suite suite : all_suites) {
        pair call(suite);
        BOOST_TEST(call.pass(1) == errc{});
        const bytes wire = protect(call.sender, rtp(2));
        const bytes report = protect_rtcp(call.sender, rtcp());
        for (std::size_t size = 0; size < wire.size(); ++size) {
            bytes cut(wire.begin(), wire.begin() + static_cast<std::ptrdiff_t>(size));
            BOOST_REQUIRE(!call.receiver.unprotect(cut));
        }
        for (std::size_t size = 0; size < report.size(); ++size) {
            bytes cut(report.begin(), report.begin() + static_cast<std::ptrdiff_t>(size));
            BOOST_REQUIRE(!call.receiver.unprotect_rtcp(cut));
        }
        const srtp_receiver_stats& stats = call.receiver.stats();
        BOOST_TEST(stats.malformed + stats.not_authentic == wire.size() + report.size());
        BOOST_TEST(unprotect(call.receiver, wire, rtp(2)) == errc{});
        BOOST_TEST(unprotect_rtcp(call.receiver, report, rtcp()) == errc{});
    }
}

BOOST_AUTO_TEST_CASE(each_flipped_bit_is_refused_and_changes_nothing) {
    for (const srtp_suite suite : all_suites) {
        pair call(suite);
        BOOST_TEST(call.pass(65534) == errc{});
        const bytes wire = protect(call.sender, rtp(65535));
        const bytes report = protect_rtcp(call.sender, rtcp());
        for (std::size_t bit = 0; bit < 8 * wire.size(); ++bit) {
            bytes forged = wire;
            forged[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
            BOOST_REQUIRE(!call.receiver.unprotect(forged));
        }
        for (std::size_t bit = 0; bit < 8 * report.size(); ++bit) {
            bytes forged = report;
            forged[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
            BOOST_REQUIRE(!call.receiver.unprotect_rtcp(forged));
        }
        const srtp_receiver_stats& stats = call.receiver.stats();
        BOOST_TEST(stats.malformed + stats.not_authentic + stats.replayed ==
                   8 * (wire.size() + report.size()));
        BOOST_TEST(call.receiver.sources() == 1U);
        BOOST_TEST(unprotect(call.receiver, wire, rtp(65535)) == errc{});
        BOOST_TEST(unprotect_rtcp(call.receiver, report, rtcp()) == errc{});
        BOOST_TEST(call.pass(0) == errc{});
    }
}

BOOST_AUTO_TEST_CASE(a_wrong_key_moves_no_roll_over_counter) {
    for (const srtp_suite suite : all_suites) {
        pair call(suite);
        srtp_sender attacker(make_key(suite, 99));
        BOOST_TEST(call.pass(65000) == errc{});
        for (std::uint32_t i = 0; i < 70000; i += 97) { // through a roll-over, twice
            const auto sequence = static_cast<std::uint16_t>(65000 + i);
            bytes forged = protect(attacker, rtp(sequence));
            BOOST_REQUIRE(call.receiver.unprotect(forged).error() != errc{});
        }
        BOOST_TEST(call.pass(65001) == errc{});
        BOOST_TEST(call.pass(0) == errc{});
    }
}

BOOST_AUTO_TEST_CASE(sources_of_an_attacker_take_no_room) {
    pair call(all_suites[0], {128, 2});
    srtp_sender attacker(make_key(all_suites[0], 99), {128, 2});
    BOOST_TEST(call.pass(1) == errc{});
    const bytes forged = protect(attacker, rtp(1, 7));
    for (std::uint32_t ssrc = 0; ssrc < 1000; ++ssrc) {
        bytes packet = forged;
        packet[8] = static_cast<std::uint8_t>(ssrc >> 8);
        packet[9] = static_cast<std::uint8_t>(ssrc);
        BOOST_REQUIRE(call.receiver.unprotect(packet).error() == errc::not_authentic);
    }
    BOOST_TEST(call.receiver.sources() == 1U);
    BOOST_TEST(unprotect(call.receiver, protect(call.sender, rtp(1, 8)), rtp(1, 8)) == errc{});
}

BOOST_AUTO_TEST_CASE(authentic_sources_are_limited_and_can_be_removed) {
    pair call(all_suites[0], {128, 3});
    srtp_sender sender(make_key(all_suites[0]), {128, 10});
    for (std::uint32_t ssrc = 0; ssrc < 2; ++ssrc)
        BOOST_TEST(unprotect(call.receiver, protect(sender, rtp(1, ssrc)), rtp(1, ssrc)) == errc{});
    BOOST_TEST(unprotect_rtcp(call.receiver, protect_rtcp(sender, rtcp(2)), rtcp(2)) == errc{});
    BOOST_TEST(call.receiver.sources() == 3U);
    BOOST_TEST(unprotect(call.receiver, protect(sender, rtp(1, 2)), rtp(1, 2)) == errc{});
    const bytes fourth = protect(sender, rtp(1, 3));
    BOOST_TEST(unprotect(call.receiver, fourth, rtp(1, 3)) == errc::too_many_sources);
    BOOST_TEST(call.receiver.set_roll_over_counter(3, 1) == errc::too_many_sources);
    BOOST_TEST(!call.receiver.remove_source(3));
    BOOST_TEST(call.receiver.remove_source(0));
    BOOST_TEST(unprotect(call.receiver, fourth, rtp(1, 3)) == errc{});
    BOOST_TEST(unprotect(call.receiver, protect(sender, rtp(2, 2)), rtp(2, 2)) == errc{});
    BOOST_TEST(call.receiver.stats().refused == 1U);

    srtp_sender few(make_key(all_suites[0]), {128, 1});
    protect(few, rtp(1, 1));
    bytes buffer = rtp(1, 2);
    buffer.resize(200);
    BOOST_TEST(few.protect(buffer, 172).error() == errc::too_many_sources);
    BOOST_TEST(few.set_roll_over_counter(2, 1) == errc::too_many_sources);
}

BOOST_AUTO_TEST_CASE(who_joins_late_says_the_roll_over_counter) {
    for (const srtp_suite suite : all_suites) {
        pair call(suite);
        call.lose(65535);
        call.lose(0);
        BOOST_TEST(call.pass(1) == errc::not_authentic);
        BOOST_TEST(call.receiver.set_roll_over_counter(0x01020304, 1) == errc{});
        const bytes first = protect(call.sender, rtp(2));
        bytes forged = first;
        forged.back() ^= 1;
        BOOST_TEST(unprotect(call.receiver, forged, rtp(2)) == errc::not_authentic);
        BOOST_TEST(unprotect(call.receiver, first, rtp(2)) == errc{});
        BOOST_TEST(unprotect(call.receiver, first, rtp(2)) == errc::replayed);
        for (unsigned i = 3; i < 140000; i += 30000)
            BOOST_TEST(call.pass(static_cast<std::uint16_t>(i)) == errc{});
    }
}

BOOST_AUTO_TEST_CASE(an_rtcp_packet_that_is_not_encrypted_is_refused) {
    pair call(all_suites[0]);
    bytes report = protect_rtcp(call.sender, rtcp());
    report[8] &= 0x7f; // the E bit
    BOOST_TEST(call.receiver.unprotect_rtcp(report).error() == errc::not_authentic);
}

BOOST_AUTO_TEST_CASE(a_source_that_was_removed_is_forgotten) {
    for (const bool has_new_key : {false, true}) {
        pair call(all_suites[0]);
        const bytes wire = protect(call.sender, rtp(1));
        BOOST_TEST(unprotect(call.receiver, wire, rtp(1)) == errc{});
        if (has_new_key) BOOST_TEST(call.receiver.rekey(make_key(all_suites[0], 2)) == errc{});
        BOOST_TEST(unprotect(call.receiver, wire, rtp(1)) == errc::replayed);
        BOOST_TEST(call.receiver.remove_source(0x01020304));
        BOOST_TEST(unprotect(call.receiver, wire, rtp(1)) == errc{}); // as the header warns
        BOOST_TEST(unprotect(call.receiver, wire, rtp(1)) == errc::replayed);
    }
}
