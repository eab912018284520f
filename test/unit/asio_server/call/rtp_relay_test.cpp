#include <boost/test/unit_test.hpp>

#include "call/relay_fixture.hpp"

#include <rtpsynth/asio_server/channel/port_range.hpp>

#include <array>
#include <atomic>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace rtpsynth;
using namespace rtpsynth::asio_server;

// Two phones that have sent two packets each, so that the relay knows them.
struct call : served {
    phone alice, bob;
    rtp_relay relay;
    unsigned seq_a = 100, seq_b = 5000;
    std::uint64_t from_a = 0, from_b = 0;

    explicit call(const rtp_relay_options& o = relay_on_loopback()) : relay{server, o} {}

    udp::endpoint a() const { return relay.local_endpoint(leg_a); }
    udp::endpoint b() const { return relay.local_endpoint(leg_b); }
    void say_a(std::uint8_t type = 0) {
        alice.send(a(), rtp_of(0xa, seq_a++, type));
        arrived(relay, leg_a, ++from_a);
    }
    void say_b(std::uint8_t type = 0) {
        bob.send(b(), rtp_of(0xb, seq_b++, type));
        arrived(relay, leg_b, ++from_b);
    }
    void meet() {
        for (int i = 0; i != 2; ++i) say_a();
        for (int i = 0; i != 2; ++i) say_b();
        while (alice.receive()) {
        }
        BOOST_REQUIRE((relay.target(leg_a) == alice.endpoint()));
        BOOST_REQUIRE((relay.target(leg_b) == bob.endpoint()));
    }
};

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

BOOST_AUTO_TEST_CASE(a_silent_side_is_told_of_once_and_again_after_it_has_spoken) {
    rtp_relay_options o = relay_on_loopback();
    o.media_timeout = 100ms;
    std::vector<relay_leg> told;
    o.on_media_timeout = [&](rtp_relay& r, relay_leg leg) {
        BOOST_TEST(r.stats(leg).timeouts >= 1U);
        told.push_back(leg);
    };
    call c{o};
    BOOST_REQUIRE(c.until([&] { return told.size() == 2; })); // nothing came at all
    BOOST_TEST((told[0] != told[1]));
    const auto later = std::chrono::steady_clock::now() + 300ms;
    c.until([&] { return std::chrono::steady_clock::now() > later; });
    BOOST_TEST(told.size() == 2U);
    c.say_a(); // on probation: not believed
    c.until([&, last = std::chrono::steady_clock::now() + 150ms] {
        return std::chrono::steady_clock::now() > last;
    });
    BOOST_TEST(told.size() == 2U);
    c.say_a();
    BOOST_REQUIRE(c.until([&] { return told.size() == 3; }));
    BOOST_TEST((told[2] == leg_a));
    BOOST_TEST(c.relay.stats(leg_a).timeouts == 2U);
    BOOST_TEST(c.relay.stats(leg_b).timeouts == 1U);
}

BOOST_AUTO_TEST_CASE(close_frees_the_ports_and_is_heard_once) {
    call c;
    c.meet();
    const udp::endpoint a = c.a(), b = c.b();
    BOOST_TEST(c.relay.close());
    BOOST_TEST(!c.relay.close());
    BOOST_TEST(!c.relay.channel(leg_a).is_open());
    BOOST_TEST((c.a() == a));
    BOOST_TEST((c.relay.set_peer(leg_a, b) == error::bad_descriptor));
    phone on_a{a.port()}, on_b{b.port()};
    BOOST_TEST(c.relay.stats(leg_a).received == 2U);
}

BOOST_AUTO_TEST_CASE(a_relay_may_be_destroyed_by_its_own_handlers) {
    for (const bool by_timeout : {false, true}) {
        served s;
        std::optional<rtp_relay> relay;
        rtp_relay_options o = relay_on_loopback();
        o.media_timeout = 100ms;
        int calls = 0;
        const auto end = [&](rtp_relay& handle) {
            ++calls;
            relay.reset();
            BOOST_TEST(!handle.channel(leg_a).is_open());
        };
        if (by_timeout)
            o.on_media_timeout = [&](rtp_relay& r, relay_leg) { end(r); };
        else
            o.on_source_changed = [&](rtp_relay& r, relay_leg, const udp::endpoint&) { end(r); };
        relay.emplace(s.server, o);
        phone alice;
        const udp::endpoint to = relay->local_endpoint(leg_a);
        if (!by_timeout)
            for (unsigned i = 0; i != 3; ++i) alice.send(to, rtp_of(1, i));
        if (by_timeout) std::this_thread::sleep_for(150ms); // then both sides are due at once
        BOOST_TEST(s.until([&] { return calls != 0; }));
        for (int i = 0; i != 10; ++i) s.server.poll();
        BOOST_TEST(calls == 1);
    }
}

BOOST_AUTO_TEST_CASE(what_a_handler_throws_goes_to_the_server_and_the_relay_lives_on) {
    unsigned thrown = 0;
    rtp_server server{
        caller_runs, {.tick = std::nullopt, .on_exception = [&](std::exception_ptr) { ++thrown; }}};
    rtp_relay_options o = relay_on_loopback();
    o.on_source_changed = [](rtp_relay&, relay_leg, const udp::endpoint&) {
        throw std::runtime_error{"application"};
    };
    rtp_relay relay{server, o};
    phone alice;
    for (unsigned i = 0; i != 2; ++i) alice.send(relay.local_endpoint(leg_a), rtp_of(1, i));
    const auto limit = std::chrono::steady_clock::now() + patience;
    while (thrown == 0 && std::chrono::steady_clock::now() < limit)
        server.run_one_until(std::chrono::steady_clock::now() + 2ms);
    BOOST_TEST(thrown == 1U);
    BOOST_TEST((relay.target(leg_a) == alice.endpoint()));
}

BOOST_AUTO_TEST_CASE(a_relay_may_outlive_its_server) {
    std::optional<served> s{std::in_place};
    rtp_relay_options o = relay_on_loopback();
    o.media_timeout = 100ms;
    o.on_media_timeout = [](rtp_relay&, relay_leg) { BOOST_ERROR("called"); };
    rtp_relay relay{s->server, o};
    s.reset();
    BOOST_TEST(!relay.channel(leg_a).is_open());
    BOOST_TEST((relay.set_peer(leg_a, at("127.0.0.1", 5)) == error::bad_descriptor));
    BOOST_TEST(relay.stats(leg_a).received == 0U);
    BOOST_TEST(!relay.close());
}

BOOST_AUTO_TEST_CASE(its_context_may_be_destroyed_first) {
    std::optional<boost::asio::io_context> context{std::in_place};
    rtp_server server{*context, immediate()};
    rtp_relay_options o = relay_on_loopback();
    o.media_timeout = 100ms;
    rtp_relay relay{server, o}, closed{server, o};
    closed.close();
    context.reset();
    BOOST_TEST(!relay.channel(leg_b).is_open());
}

BOOST_AUTO_TEST_CASE(any_thread_may_call_anything_while_packets_are_forwarded) {
    rtp_server server{immediate()};
    rtp_relay_options o = relay_on_loopback();
    o.media_timeout = 100ms;
    std::atomic<unsigned> told{0};
    o.on_source_changed = [&](rtp_relay& r, relay_leg leg, const udp::endpoint&) {
        told += static_cast<unsigned>(r.stats(leg).latch.latched);
    };
    for (int round = 0; round != 20; ++round) {
        std::optional<rtp_relay> relay{std::in_place, server, o};
        const udp::endpoint to[] = {relay->local_endpoint(leg_a), relay->local_endpoint(leg_b)};
        std::vector<std::thread> threads;
        for (const unsigned side : {0U, 1U})
            threads.emplace_back([&, side] {
                phone p;
                for (unsigned i = 0; i != 200; ++i) p.send(to[side], rtp_of(side, i));
            });
        threads.emplace_back([&] {
            phone other;
            for (int i = 0; i != 50; ++i) {
                static_cast<void>(relay->set_peer(leg_a, other.endpoint()));
                relay->set_protection(leg_b, nullptr);
                BOOST_REQUIRE(adds_up(relay->stats(leg_a)));
                static_cast<void>(relay->source_stats(leg_b));
                static_cast<void>(relay->target(leg_b));
            }
        });
        if (round % 2) relay->close();
        for (auto& t : threads) t.join();
        relay.reset();
    }
}

BOOST_AUTO_TEST_CASE(options_have_ranges_and_nothing_is_left_of_what_fails) {
    served s;
    const auto refused = [&](const rtp_relay_options& o, const std::string& why) {
        BOOST_CHECK_EXCEPTION((rtp_relay{s.server, o}), std::invalid_argument,
                              [&](const auto& e) { return std::string{e.what()} == why; });
        BOOST_TEST(s.server.stats().open_channels == 0U);
    };
    for (const duration d : {-1ns, 0ns, 100ms - 1ns, 24h + 1ns}) {
        rtp_relay_options o = relay_on_loopback();
        o.media_timeout = d;
        refused(o, "rtp_relay: media_timeout must be 100 ms..24 h");
    }
    rtp_relay_options o = relay_on_loopback();
    o.b.latch.probation = 0;
    refused(o, "source_latch: probation must be 1..64 packets");
    o = relay_on_loopback();
    o.b.channel.queue_size = 0; // after the first leg was made
    refused(o, "queue_size must be 1..1048576");
    o = relay_on_loopback();
    o.b.peer = at("::1", 5);
    BOOST_CHECK_THROW((rtp_relay{s.server, o}), boost::system::system_error);
    BOOST_TEST(s.server.stats().open_channels == 0U);
    s.server.shutdown();
    BOOST_CHECK_THROW((rtp_relay{s.server, relay_on_loopback()}), boost::system::system_error);
}

} // namespace
