#include <boost/test/unit_test.hpp>

#include "call/relay_fixture.hpp"

#include <atomic>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace rtpsynth;
using namespace rtpsynth::asio_server;
using call = two_phones;

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
    o.b.rtcp_mux = false;
    o.b.channel.bind.port(65535);
    refused(o, "rtp_relay: channel.bind: no port is after 65535");
    o = relay_on_loopback();
    o.b.peer = at("::1", 5);
    BOOST_CHECK_THROW((rtp_relay{s.server, o}), boost::system::system_error);
    BOOST_TEST(s.server.stats().open_channels == 0U);
    s.server.shutdown();
    BOOST_CHECK_THROW((rtp_relay{s.server, relay_on_loopback()}), boost::system::system_error);
}

} // namespace
