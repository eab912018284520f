#include <boost/test/unit_test.hpp>

#include "../counted_heap.hpp"

#include <rtpsynth/rtp/srtp.hpp>

#include "../effort.hpp"
#include "srtp_packets.hpp"

#include <cstddef>

#ifdef __GLIBC__
#    include <malloc.h>
#endif

// What a packet allocates: nothing by us, and nothing that stays by libsrtp2.

namespace {

// Bytes in use by malloc(), which is what libsrtp2 calls; 0 where that cannot be told.
std::size_t heap_in_use() noexcept {
#if defined(__GLIBC__) && !RTPSYNTH_SANITIZED
    return ::mallinfo2().uordblks;
#else
    return 0;
#endif
}

} // namespace

using namespace srtp_test;

BOOST_AUTO_TEST_CASE(packets_allocate_nothing) {
    for (const srtp_suite suite : all_suites) {
        srtp_sender sender(make_key(suite));
        srtp_receiver receiver(make_key(suite));
        BOOST_TEST(receiver.rekey(make_key(suite)) == errc{});
        bytes buffer = rtp(0);
        buffer.resize(200);
        const auto pass = [&](unsigned i) {
            buffer[2] = static_cast<std::uint8_t>(i >> 8);
            buffer[3] = static_cast<std::uint8_t>(i);
            const auto size = sender.protect(buffer, 172);
            return size && receiver.unprotect(std::span(buffer).first(*size)).has_value();
        };
        BOOST_TEST(pass(0));
        const std::size_t before = heap::allocations, in_use = heap_in_use();
        bool all = true;
        for (unsigned i = 1; i < 2000; ++i) {
            all &= pass(i);
            if (i == 1000) receiver.drop_previous_key();
        }
        const std::size_t after = heap::allocations, in_use_after = heap_in_use();
        BOOST_TEST(all);
        BOOST_TEST(after == before);
        BOOST_TEST(in_use_after <= in_use);
    }
}

BOOST_AUTO_TEST_CASE(a_million_forged_sources_leave_nothing_behind) {
    for (const srtp_suite suite : {all_suites[0], all_suites[2]}) {
        srtp_sender sender(make_key(suite)), attacker(make_key(suite, 99));
        srtp_receiver receiver(make_key(suite));
        BOOST_TEST(unprotect(receiver, protect(sender, rtp(1)), rtp(1)) == errc{});
        const bytes forged = protect(attacker, rtp(65000, 7, 32));
        const bytes forged_report = protect_rtcp(attacker, rtcp(7));
        bytes packet = forged, report = forged_report;
        const auto refused = [&](std::uint32_t ssrc) {
            std::copy(forged.begin(), forged.end(), packet.begin());
            std::copy(forged_report.begin(), forged_report.end(), report.begin());
            for (std::size_t i = 0; i < 4; ++i) {
                packet[8 + i] = static_cast<std::uint8_t>(ssrc >> 8 * i);
                report[4 + i] = packet[8 + i];
            }
            const auto made = receiver.unprotect(packet);
            const auto made_of_report = receiver.unprotect_rtcp(report);
            return !made && made.error() == errc::not_authentic && !made_of_report &&
                   made_of_report.error() == errc::not_authentic;
        };
        BOOST_TEST(refused(0xffffffff));
        const std::size_t before = heap::allocations, in_use = heap_in_use();
        bool all = true;
        for (std::uint32_t i = 0; i < effort(1000000U); ++i) all &= refused(i * 2654435761U);
        const std::size_t after = heap::allocations, in_use_after = heap_in_use();
        BOOST_TEST(all);
        BOOST_TEST(after == before);
        BOOST_TEST(in_use_after <= in_use + 4096);
        BOOST_TEST(receiver.sources() == 1U);
        BOOST_TEST(receiver.stats().not_authentic == 2U * effort(1000000U) + 2U);
        BOOST_TEST(unprotect(receiver, protect(sender, rtp(2)), rtp(2)) == errc{});
    }
}
