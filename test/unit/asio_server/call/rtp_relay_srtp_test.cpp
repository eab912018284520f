#include <boost/test/unit_test.hpp>

#include "call/relay_fixture.hpp"

#include <rtpsynth/asio_server/call/srtp_protection.hpp>

#include <algorithm>
#include <memory>
#include <random>

namespace {

using namespace rtpsynth;
using namespace rtpsynth::asio_server;

srtp_key key_of(unsigned seed, srtp_suite suite = srtp_suite::aes_cm_128_hmac_sha1_80) {
    std::mt19937 random{seed};
    return srtp_key::generate(suite, [&] { return static_cast<std::uint32_t>(random()); });
}

// A phone's side of SRTP.
struct secure_phone : phone {
    srtp_sender sender;
    srtp_receiver receiver;

    secure_phone(const srtp_key& sent, const srtp_key& received)
        : sender{sent}, receiver{received} {}
    byte_vector sealed(byte_vector bytes, bool rtcp = false) {
        const std::size_t size = bytes.size();
        bytes.resize(size + 64);
        bytes.resize(rtcp ? sender.protect_rtcp(bytes, size).value()
                          : sender.protect(bytes, size).value());
        return bytes;
    }
    byte_vector opened(byte_vector bytes, bool rtcp = false) {
        bytes.resize(rtcp ? receiver.unprotect_rtcp(bytes).value()
                          : receiver.unprotect(bytes).value());
        return bytes;
    }
};

struct call : served {
    secure_phone alice{key_of(1), key_of(2)};
    phone bob;
    std::unique_ptr<rtp_relay> relay;
    std::uint64_t from_a = 0, from_b = 0;

    call() {
        rtp_relay_options o = relay_on_loopback();
        o.a.peer = alice.endpoint();
        o.b.peer = bob.endpoint();
        o.a.protection = std::make_shared<srtp_protection>(key_of(2), key_of(1));
        relay = std::make_unique<rtp_relay>(server, o);
    }
    void put_a(const byte_vector& bytes) {
        alice.send(relay->local_endpoint(leg_a), bytes);
        arrived(*relay, leg_a, ++from_a);
    }
    void put_b(const byte_vector& bytes) {
        bob.send(relay->local_endpoint(leg_b), bytes);
        arrived(*relay, leg_b, ++from_b);
    }
};

BOOST_AUTO_TEST_CASE(one_side_is_encrypted_and_the_other_is_not) {
    call c;
    for (unsigned i = 0; i != 20; ++i) {
        c.put_a(c.alice.sealed(rtp_of(0xa, i, 0, 160)));
        const byte_vector clear = c.next(c.bob);
        BOOST_TEST(clear.size() == 172U);
        BOOST_TEST(parsed(clear).payload()[0] == i);
        c.put_b(rtp_of(0xb, i, 0, 160));
        const byte_vector sealed = c.next(c.alice);
        BOOST_TEST(sealed.size() == 182U);
        BOOST_TEST(parsed(c.alice.opened(sealed)).payload()[0] == i);
    }
    std::array<std::uint8_t, 64> storage;
    rtcp_builder report{storage};
    report.add_receiver_report(0xa).value();
    c.put_a(c.alice.sealed({report.bytes().begin(), report.bytes().end()}, true));
    BOOST_TEST((c.next(c.bob)[1] == 201));
    rtcp_builder other{storage};
    other.add_receiver_report(0xb).value();
    c.put_b({other.bytes().begin(), other.bytes().end()});
    BOOST_TEST((c.alice.opened(c.next(c.alice), true)[1] == 201));
    for (const relay_leg leg : {leg_a, leg_b}) BOOST_TEST(adds_up(c.relay->stats(leg)));
}

BOOST_AUTO_TEST_CASE(what_is_not_authentic_is_neither_forwarded_nor_latched_to) {
    call c;
    phone mallory;
    secure_phone replays{key_of(1), key_of(2)};
    byte_vector last;
    for (unsigned i = 0; i != 10; ++i) {
        last = c.alice.sealed(rtp_of(0xa, i));
        c.put_a(last);
        c.next(c.bob);
        const auto from_elsewhere = [&](const byte_vector& bytes) {
            mallory.send(c.relay->local_endpoint(leg_a), bytes);
            c.arrived(*c.relay, leg_a, ++c.from_a);
        };
        from_elsewhere(rtp_of(0xa, i + 1));
        from_elsewhere(last); // a replay
        last.back() ^= 1;
        from_elsewhere(last);
    }
    const relay_leg_stats s = c.relay->stats(leg_a);
    BOOST_TEST(s.not_authentic == 30U);
    BOOST_TEST(s.forwarded == 10U);
    BOOST_TEST(adds_up(s));
    BOOST_TEST((c.relay->target(leg_a) == c.alice.endpoint()));
    BOOST_TEST(!c.bob.receive());
}

BOOST_AUTO_TEST_CASE(a_packet_that_came_twice_is_sent_once_to_an_encrypted_side) {
    call c;
    for (const unsigned seq : {1U, 2U, 2U, 3U}) c.put_b(rtp_of(0xb, seq));
    for (int i = 0; i != 3; ++i) c.alice.opened(c.next(c.alice));
    BOOST_TEST(!c.alice.receive());
    BOOST_TEST(c.relay->stats(leg_b).unsent == 1U);
    BOOST_TEST(adds_up(c.relay->stats(leg_b)));
}

BOOST_AUTO_TEST_CASE(keys_may_change_under_way) {
    call c;
    c.put_a(c.alice.sealed(rtp_of(0xa, 1)));
    c.next(c.bob);
    c.relay->set_protection(leg_a, std::make_shared<srtp_protection>(key_of(4), key_of(3)));
    c.put_a(c.alice.sealed(rtp_of(0xa, 2)));
    BOOST_TEST(c.relay->stats(leg_a).not_authentic == 1U);
    c.alice.sender = srtp_sender{key_of(3)};
    c.alice.receiver = srtp_receiver{key_of(4)};
    c.put_a(c.alice.sealed(rtp_of(0xa, 3)));
    BOOST_TEST(parsed(c.next(c.bob)).payload()[0] == 3);
    c.put_b(rtp_of(0xb, 9));
    BOOST_TEST(parsed(c.alice.opened(c.next(c.alice))).payload()[0] == 9);
    c.relay->set_protection(leg_a, nullptr);
    c.put_b(rtp_of(0xb, 10));
    BOOST_TEST(parsed(c.next(c.alice)).payload()[0] == 10);
}

} // namespace
