#include <boost/test/unit_test.hpp>

#include <rtpsynth/rtp/srtp.hpp>

#include "srtp_packets.hpp"
#include "srtp_vectors.hpp"

using namespace srtp_test;

namespace {

srtp_key key_of(const srtp_vector& vector) {
    srtp_key key =
        srtp_key::from_bytes(find_srtp_suite(vector.suite).value(), from_hex(vector.key)).value();
    if (vector.mki != 0) BOOST_REQUIRE(key.set_mki(srtp_mki{vector.mki, 4}) == errc{});
    return key;
}

std::uint32_t ssrc_of(const bytes& packet) {
    return static_cast<std::uint32_t>(packet[8]) << 24 |
           static_cast<std::uint32_t>(packet[9]) << 16 |
           static_cast<std::uint32_t>(packet[10]) << 8 | packet[11];
}

} // namespace

BOOST_AUTO_TEST_CASE(packets_are_those_of_another_implementation) {
    for (const srtp_vector& vector : srtp_vectors)
        BOOST_TEST_CONTEXT(vector.suite << ' ' << vector.counter << ' ' << vector.mki << ' '
                                        << vector.is_rtcp) {
            const bytes plain = from_hex(vector.plain);
            const bytes wire = from_hex(vector.protected_packet);
            srtp_sender sender(key_of(vector));
            srtp_receiver receiver(key_of(vector));
            if (vector.is_rtcp) {
                BOOST_TEST(protect_rtcp(sender, plain) == wire);
                BOOST_TEST(unprotect_rtcp(receiver, wire, plain) == errc{});
                continue;
            }
            if (vector.counter != 0) {
                const std::uint32_t ssrc = ssrc_of(plain);
                BOOST_TEST(sender.set_roll_over_counter(ssrc, vector.counter) == errc{});
                BOOST_TEST(receiver.set_roll_over_counter(ssrc, vector.counter) == errc{});
            }
            BOOST_TEST(protect(sender, plain) == wire);
            BOOST_TEST(unprotect(receiver, wire, plain) == errc{});
        }
}

BOOST_AUTO_TEST_CASE(nothing_is_written_beyond_the_overhead) {
    for (const srtp_suite suite : all_suites)
        for (const bool has_mki : {false, true}) {
            srtp_key key = make_key(suite);
            if (has_mki) BOOST_TEST(key.set_mki(srtp_mki{5, 128}) == errc{});
            srtp_sender sender(key);
            bytes buffer(400, 0xee);
            const bytes packet = rtp(1);
            std::copy(packet.begin(), packet.end(), buffer.begin());
            BOOST_TEST(sender.protect(buffer, packet.size()).value() ==
                       packet.size() + sender.rtp_overhead());
            const auto end = buffer.begin() + static_cast<std::ptrdiff_t>(packet.size());
            BOOST_TEST(std::all_of(end + static_cast<std::ptrdiff_t>(sender.rtp_overhead()),
                                   buffer.end(), [](std::uint8_t b) { return b == 0xee; }));
            // The smallest buffer will do, and one byte less will not, with nothing changed.
            bytes exact = rtp(2);
            exact.resize(packet.size() + sender.rtp_overhead() - 1);
            const bytes before = exact;
            BOOST_TEST(sender.protect(exact, packet.size()).error() == errc::buffer_too_small);
            BOOST_TEST(exact == before);
            BOOST_TEST(protect(sender, rtp(2)).size() == packet.size() + sender.rtp_overhead());
            BOOST_TEST(protect_rtcp(sender, rtcp()).size() == 8 + sender.rtcp_overhead());
        }
}

BOOST_AUTO_TEST_CASE(a_packet_may_lie_anywhere) {
    for (const srtp_suite suite : all_suites) {
        srtp_sender sender(make_key(suite)), twin(make_key(suite));
        srtp_receiver receiver(make_key(suite));
        for (std::uint16_t offset = 0; offset < 8; ++offset) {
            const bytes plain = rtp(offset);
            bytes storage(400);
            std::copy(plain.begin(), plain.end(), storage.begin() + offset);
            const auto buffer = std::span(storage).subspan(offset);
            const auto size = sender.protect(buffer, plain.size());
            const bytes wire = protect(twin, plain);
            BOOST_TEST_REQUIRE(size.value() == wire.size());
            BOOST_TEST(std::equal(wire.begin(), wire.end(), buffer.begin()));
            BOOST_TEST(receiver.unprotect(buffer.first(*size)).value() == plain.size());
            BOOST_TEST(std::equal(plain.begin(), plain.end(), buffer.begin()));
        }
    }
}

BOOST_AUTO_TEST_CASE(headers_are_checked) {
    srtp_sender sender(make_key(all_suites[0]));
    bytes buffer(20000);
    const auto error = [&](bytes packet) {
        std::copy(packet.begin(), packet.end(), buffer.begin());
        const auto made = sender.protect(buffer, packet.size());
        return made ? errc{} : made.error();
    };
    BOOST_TEST(error({}) == errc::packet_too_short);
    BOOST_TEST(error(rtp(1, 1, 12)) == errc{});
    BOOST_TEST(error(bytes(11, 0x80)) == errc::packet_too_short);
    bytes packet = rtp(2, 1, 24);
    packet[0] = 0x40;
    BOOST_TEST(error(packet) == errc::bad_version);
    packet[0] = 0x84;
    BOOST_TEST(error(packet) == errc::header_truncated);
    packet[0] = 0x93;
    BOOST_TEST(error(packet) == errc::extension_truncated);
    packet[0] = 0x90;
    packet[14] = 0;
    packet[15] = 3;
    BOOST_TEST(error(packet) == errc::header_truncated);
    packet[15] = 2;
    BOOST_TEST(error(packet) == errc{});
    BOOST_TEST(error(rtp(4, 1, max_srtp_packet)) == errc{});
    BOOST_TEST(error(rtp(5, 1, max_srtp_packet + 1)) == errc::invalid_argument);
    BOOST_TEST(sender.protect(buffer, buffer.size() + 1).error() == errc::invalid_argument);
    BOOST_TEST(sender.protect_rtcp(buffer, 7).error() == errc::packet_too_short);
    BOOST_TEST(sender.stats().packets == 3U);
    BOOST_TEST(sender.stats().refused == 9U);
}

BOOST_AUTO_TEST_CASE(options_are_checked) {
    const srtp_key key = make_key(all_suites[0]);
    for (const srtp_options options : {srtp_options{63, 1}, srtp_options{32768, 1},
                                       srtp_options{128, 0}, srtp_options{128, 1025}}) {
        BOOST_CHECK_THROW(srtp_sender(key, options), std::invalid_argument);
        BOOST_CHECK_THROW(srtp_receiver(key, options), std::invalid_argument);
    }
    srtp_receiver(key, srtp_options{32767, 1024});
    for (const srtp_suite suite : all_suites) BOOST_TEST(is_available(suite));
}

BOOST_AUTO_TEST_CASE(a_sender_obeys_the_lifetime_of_its_key) {
    srtp_key key = make_key(all_suites[0]);
    BOOST_TEST(key.set_lifetime(3) == errc{});
    srtp_sender sender(key);
    protect(sender, rtp(1));
    protect_rtcp(sender, rtcp());
    protect(sender, rtp(2));
    bytes buffer = rtp(3);
    buffer.resize(200);
    BOOST_TEST(sender.protect(buffer, 172).error() == errc::key_exhausted);
    BOOST_TEST(sender.rekey(make_key(all_suites[0], 2)) == errc{});
    BOOST_TEST(sender.protect(buffer, 172).has_value());
}

BOOST_AUTO_TEST_CASE(a_sender_does_not_encrypt_two_packets_alike) {
    for (const srtp_suite suite : all_suites) {
        srtp_sender sender(make_key(suite));
        bytes buffer = rtp(7);
        buffer.resize(200);
        protect(sender, rtp(7));
        const bytes before = buffer;
        BOOST_TEST(sender.protect(buffer, 172).error() == errc::replayed);
        BOOST_TEST(buffer == before);
        // Index 2^48 would be index 0 again.
        BOOST_TEST(sender.set_roll_over_counter(9, 0xffffffff) == errc{});
        protect(sender, rtp(65535, 9));
        bytes next = rtp(0, 9);
        next.resize(200);
        BOOST_TEST(sender.protect(next, 172).error() == errc::key_exhausted);
        protect(sender, rtp(65534, 9));
    }
}

BOOST_AUTO_TEST_CASE(objects_are_moved) {
    srtp_sender sender(make_key(all_suites[0])), other(make_key(all_suites[0], 2));
    srtp_receiver receiver(make_key(all_suites[0]));
    other = std::move(sender);
    srtp_receiver moved(std::move(receiver));
    BOOST_TEST(unprotect(moved, protect(other, rtp(1)), rtp(1)) == errc{});
}
