#include <boost/test/unit_test.hpp>

#include "call/relay_fixture.hpp"

#include <array>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace rtpsynth;
using namespace rtpsynth::asio_server;

using call = two_phones;

BOOST_AUTO_TEST_CASE(packets_go_both_ways_as_streams_of_the_relays_own) {
    call c;
    c.meet();
    std::optional<std::uint32_t> ssrc[2];
    std::optional<std::uint16_t> seq[2];
    for (int i = 0; i != 100; ++i) {
        c.say_a();
        c.say_b();
        phone* const hears[] = {&c.bob, &c.alice};
        const unsigned said[] = {c.seq_a - 1, c.seq_b - 1};
        for (std::size_t n = 0; n != 2; ++n) {
            const byte_vector got = c.next(*hears[n]);
            const rtp_packet_view packet = parsed(got);
            BOOST_TEST((hears[n]->source == (n == 0 ? c.b() : c.a())));
            if (ssrc[n]) BOOST_TEST(packet.ssrc() == *ssrc[n]);
            if (seq[n]) BOOST_TEST(packet.seq() == static_cast<std::uint16_t>(*seq[n] + 1));
            ssrc[n] = packet.ssrc();
            seq[n] = packet.seq();
            BOOST_TEST(packet.payload().size() == 4U);
            BOOST_TEST(packet.payload()[3] == static_cast<std::uint8_t>(said[n]));
        }
    }
    BOOST_TEST(*ssrc[0] != *ssrc[1]);
    for (const relay_leg leg : {leg_a, leg_b}) {
        const relay_leg_stats s = c.relay.stats(leg);
        BOOST_TEST(adds_up(s));
        BOOST_TEST(s.received == 102U);
        BOOST_TEST(s.unsent == (leg == leg_a ? 2U : 0U)); // before b was known
        BOOST_TEST(s.latch.latched == 1U);
        BOOST_TEST(c.relay.source_stats(leg).received() == s.forwarded);
    }
}

BOOST_AUTO_TEST_CASE(replies_go_to_the_signalled_peer_until_a_source_proves_itself) {
    rtp_relay_options o = relay_on_loopback();
    phone announced;
    o.b.peer = announced.endpoint();
    call c{o};
    c.say_a();
    BOOST_TEST(parsed(c.next(announced)).payload()[0] == 100);
    c.say_b(); // Bob is elsewhere
    c.say_b();
    c.say_a();
    BOOST_TEST(parsed(c.next(c.bob)).payload()[0] == 101);
    BOOST_TEST(!announced.receive());
    phone third;
    BOOST_TEST(!c.relay.set_peer(leg_b, announced.endpoint())); // as before
    BOOST_TEST((c.relay.target(leg_b) == c.bob.endpoint()));
    BOOST_TEST(!c.relay.set_peer(leg_b, third.endpoint()));
    c.say_a();
    BOOST_TEST(parsed(c.next(third)).payload()[0] == 102);
    BOOST_TEST((c.relay.set_peer(leg_b, {own_loopback(), 0}) == error::invalid_argument));
    BOOST_TEST((c.relay.set_peer(leg_b, at("::1", 5)) == error::address_family_not_supported));
    BOOST_TEST((c.relay.target(leg_b) == third.endpoint()));
}

BOOST_AUTO_TEST_CASE(payload_types_are_mapped_and_what_is_not_mapped_is_dropped) {
    rtp_relay_options o = relay_on_loopback();
    o.a.stream.payload_types.drop_all();
    o.a.stream.payload_types.set(0, 0);
    o.a.stream.payload_types.set(101, 96); // telephone events
    o.a.stream.formats.set(101, {8000, payload_kind::event});
    call c{o};
    c.meet();
    c.say_a(101);
    BOOST_TEST(int{parsed(c.next(c.bob)).payload_type()} == 96);
    c.say_a(13);
    c.say_a(0);
    BOOST_TEST(int{parsed(c.next(c.bob)).payload_type()} == 0);
    c.say_b(101);
    BOOST_TEST(int{parsed(c.next(c.alice)).payload_type()} == 101);
    BOOST_TEST(c.relay.stats(leg_a).dropped == 1U);
    BOOST_TEST(c.relay.stats(leg_a).stream.unmapped == 1U);
    BOOST_TEST(adds_up(c.relay.stats(leg_a)));
}

BOOST_AUTO_TEST_CASE(each_side_hears_its_own_codec) {
    rtp_relay_options o = relay_on_loopback();
    o.a.transcode = {{{"PCMU/8000", 0, {}}, {"G722/8000", 9, {}}}};
    o.b.transcode = {{{"G722/8000", 9, {}}, {"PCMU/8000", 0, {}}}};
    call c{o};
    c.meet();
    for (int i = 0; i != 10; ++i) {
        c.alice.send(c.a(), rtp_of(0xa, c.seq_a++, 0, 160));
        const byte_vector to_bob = c.next(c.bob);
        BOOST_TEST(int{parsed(to_bob).payload_type()} == 9);
        BOOST_TEST(parsed(to_bob).payload().size() == 160U);
        c.bob.send(c.b(), rtp_of(0xb, c.seq_b++, 9, 160));
        const byte_vector to_alice = c.next(c.alice);
        BOOST_TEST(int{parsed(to_alice).payload_type()} == 0);
        BOOST_TEST(parsed(to_alice).payload().size() == 160U);
    }
    // What was said before they met was of no use to the other side.
    BOOST_TEST(c.relay.stats(leg_a).transcoded == 10U);
    BOOST_TEST(c.relay.stats(leg_b).transcoded == 10U);
    BOOST_TEST(adds_up(c.relay.stats(leg_a)));
    BOOST_TEST(adds_up(c.relay.stats(leg_b)));
}

BOOST_AUTO_TEST_CASE(strangers_are_not_heard_and_are_counted) {
    call c;
    c.meet();
    phone mallory;
    std::uint64_t others = 0;
    for (unsigned i = 0; i != 50; ++i) {
        mallory.send(c.a(), rtp_of(0xa, 40000 + i)); // the true SSRC, numbers far away
        mallory.send(c.a(), rtp_of(i, i));
        std::array<std::uint8_t, 64> storage;
        rtcp_builder bye{storage};
        bye.add_receiver_report(0xa).value();
        bye.add_bye(std::array{0xaU}).value();
        mallory.send(c.a(), {bye.bytes().begin(), bye.bytes().end()});
        mallory.send(c.a(), {0, 1, 0, 0}); // STUN, or so
        c.arrived(c.relay, leg_a, c.from_a += 4);
        ++others;
    }
    const relay_leg_stats s = c.relay.stats(leg_a);
    BOOST_TEST(s.rejected == 2 * others);
    BOOST_TEST(s.rtcp_rejected == others);
    BOOST_TEST(s.other == others);
    BOOST_TEST(adds_up(s));
    BOOST_TEST(!c.bob.receive());
    c.say_b();
    BOOST_TEST(parsed(c.next(c.alice)).ssrc() != 0xbU);
    BOOST_TEST(!mallory.receive());
}

BOOST_AUTO_TEST_CASE(made_up_sources_neither_end_a_call_nor_are_heard_in_it) {
    call c;
    c.meet();
    phone mallory;
    std::uint32_t ssrc = 1;
    std::uint64_t heard = 0;
    for (int round = 0; round != 200; ++round) {
        for (int i = 0; i != 20; ++i, ++ssrc)
            mallory.send(c.a(), rtp_of(ssrc, static_cast<unsigned>(7 * i)));
        c.say_a();
        c.arrived(c.relay, leg_a, c.from_a += 20);
        while (c.bob.receive()) ++heard;
    }
    const relay_leg_stats s = c.relay.stats(leg_a);
    BOOST_TEST(s.rejected == 4000U);
    BOOST_TEST(s.forwarded == 200U);
    BOOST_TEST(s.stream.switches == 1U);
    BOOST_TEST(heard == 200U);
    BOOST_TEST(adds_up(s));
}

BOOST_AUTO_TEST_CASE(a_hijacker_who_was_there_first_loses_the_call_to_the_signalled_phone) {
    phone alice;
    rtp_relay_options o = relay_on_loopback();
    o.a.peer = alice.endpoint();
    call c{o};
    for (unsigned i = 0; i != 20; ++i) { // the same address here, but another port
        c.alice.send(c.a(), rtp_of(9, i));
        c.arrived(c.relay, leg_a, ++c.from_a);
    }
    BOOST_TEST((c.relay.target(leg_a) == c.alice.endpoint()));
    for (unsigned i = 0; i != 2; ++i) {
        alice.send(c.a(), rtp_of(0xa, i));
        c.arrived(c.relay, leg_a, ++c.from_a);
    }
    BOOST_TEST((c.relay.target(leg_a) == alice.endpoint()));
    BOOST_TEST(c.relay.stats(leg_a).latch.latched == 2U);
}

BOOST_AUTO_TEST_CASE(a_phone_behind_a_nat_that_moves_is_followed_and_the_application_told) {
    rtp_relay_options o = relay_on_loopback();
    std::vector<std::pair<relay_leg, udp::endpoint>> told;
    o.on_source_changed = [&](rtp_relay& r, relay_leg leg, const udp::endpoint& to) {
        BOOST_TEST((r.target(leg) == to));
        told.emplace_back(leg, to);
    };
    call c{o};
    c.meet();
    phone moved;
    unsigned heard = 0;
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (told.size() != 3 && std::chrono::steady_clock::now() < deadline) {
        moved.send(c.a(), rtp_of(0xa, c.seq_a++));
        c.arrived(c.relay, leg_a, ++c.from_a);
        c.next(c.bob);
        ++heard;
        std::this_thread::sleep_for(5ms); // 16 numbers, and one for each 5 ms
    }
    BOOST_REQUIRE(told.size() == 3U);
    BOOST_TEST((told[0] == std::pair{leg_a, c.alice.endpoint()}));
    BOOST_TEST((told[1] == std::pair{leg_b, c.bob.endpoint()}));
    BOOST_TEST((told[2] == std::pair{leg_a, moved.endpoint()}));
    BOOST_TEST(heard >= 2U);
    BOOST_TEST(c.relay.stats(leg_a).rejected == 0U);
    c.say_b();
    c.next(moved);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_forwarded_is_counted) {
    call c;
    c.meet();
    const auto put = [&](const byte_vector& bytes) {
        c.alice.send(c.a(), bytes);
        c.arrived(c.relay, leg_a, ++c.from_a);
    };
    byte_vector longest = rtp_of(0xa, c.seq_a++, 0, rtp_relay::max_packet_size - rtp_header_size);
    put(longest);
    BOOST_TEST(c.next(c.bob).size() == rtp_relay::max_packet_size);
    longest.push_back(0);
    put(longest);
    BOOST_TEST(c.relay.stats(leg_a).oversized == 1U);
    put({0x80, 0, 1, 2});
    put({0x9f, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
    BOOST_TEST(c.relay.stats(leg_a).malformed == 2U);
    put({0x80, 201, 7, 7});
    BOOST_TEST(c.relay.stats(leg_a).rtcp_malformed == 1U);
    put({});
    BOOST_TEST(c.relay.stats(leg_a).other == 1U);
    c.relay.channel(leg_b).close();
    c.say_a();
    BOOST_TEST(c.relay.stats(leg_a).unsent == 3U); // two before Bob was there
    BOOST_TEST(adds_up(c.relay.stats(leg_a)));
}

} // namespace
