// Closing a relay without blocking.
#include <boost/test/unit_test.hpp>

#include "async_tools.hpp"
#include "call/relay_fixture.hpp"
#include "socket_shim.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <atomic>
#include <cerrno>
#include <functional>
#include <memory>
#include <optional>
#include <thread>

namespace {

using namespace rtpsynth::asio_server;
namespace asio = boost::asio;

bool is_free(const udp::endpoint& where) {
    asio::io_context context;
    error_code e;
    udp::socket other{context, udp::v4()};
    other.bind(where, e);
    return !e;
}

// The relay's queues are drained on a tick that never comes, and the kernel takes nothing until it
// is told to: one packet waits for each side.
struct blocked_relay {
    asio::io_context context;
    rtp_server server{context, {.tick = std::chrono::seconds{10}}};
    phone alice, bob;
    std::optional<rtp_relay> relay;
    udp::endpoint a, b;
    operation closed;

    blocked_relay() {
        rtp_relay_options o = relay_on_loopback();
        o.a.peer = alice.endpoint();
        o.b.peer = bob.endpoint();
        o.b.rtcp_mux = false;
        relay.emplace(server, o);
        a = relay->local_endpoint(leg_a);
        b = relay->local_endpoint(leg_b);
        alice.send(a, rtp_of(1, 1));
        bob.send(b, rtp_of(2, 1));
        BOOST_REQUIRE(until([&] {
            return relay->stats(leg_a).forwarded == 1 && relay->stats(leg_b).forwarded == 1;
        }));
        shim::on_send.fail(EAGAIN, shim::fault::for_good);
    }
    ~blocked_relay() { shim::on_send.heal(); }
    bool until(const std::function<bool()>& holds) { return run_until(context, holds); }
    bool ports_are_free() const { return is_free(a) && is_free(b); }
};

BOOST_AUTO_TEST_CASE(what_was_accepted_is_sent_and_the_ports_are_free) {
    blocked_relay r;
    shim::on_send.heal();
    r.relay->async_close(r.closed.handler());
    BOOST_TEST(!r.closed.done); // not inside the initiating function
    for (const relay_leg leg : {leg_a, leg_b}) {
        BOOST_TEST(!r.relay->channel(leg).is_open());
        BOOST_TEST(!r.relay->rtcp_channel(leg).is_open());
    }
    BOOST_REQUIRE(r.until([&] { return r.closed.done; }));
    BOOST_TEST(!r.closed.ec);
    BOOST_TEST(r.ports_are_free());
    BOOST_TEST(r.alice.receive().has_value());
    BOOST_TEST(r.bob.receive().has_value());
    BOOST_TEST(r.server.stats().open_channels == 0U);
    BOOST_TEST(!r.relay->close());
    BOOST_TEST((r.relay->local_endpoint(leg_a) == r.a));
}

BOOST_FIXTURE_TEST_CASE(it_waits_for_the_kernel_without_blocking, blocked_relay) {
    relay->async_close(closed.handler());
    BOOST_TEST(!is_free(a));
    BOOST_TEST(!is_free(b));
    shim::on_send.heal();
    BOOST_REQUIRE(until([&] { return closed.done; }));
    BOOST_TEST((!closed.ec || closed.ec == error::timed_out)); // where this machine took too long
    BOOST_TEST(ports_are_free());
}

BOOST_FIXTURE_TEST_CASE(it_gives_up_when_the_kernel_takes_nothing, blocked_relay) {
    relay->async_close(closed.handler());
    BOOST_REQUIRE(until([&] { return closed.done; }));
    BOOST_TEST(closed.ec == error::timed_out);
    BOOST_TEST(ports_are_free());
    BOOST_TEST(relay->channel(leg_a).stats().send_errors == 1U);
}

BOOST_FIXTURE_TEST_CASE(it_is_cancelled, blocked_relay) {
    asio::cancellation_signal signal;
    relay->async_close(asio::bind_cancellation_slot(signal.slot(), closed.handler()));
    signal.emit(asio::cancellation_type::total);
    BOOST_TEST(ports_are_free()); // at once
    BOOST_REQUIRE(until([&] { return closed.done; }));
    BOOST_TEST(closed.ec == error::operation_aborted);
    signal.emit(asio::cancellation_type::total); // is too late
}

BOOST_FIXTURE_TEST_CASE(a_second_one_is_an_error_and_cancelling_that_cancels_nothing,
                        blocked_relay) {
    operation second;
    asio::cancellation_signal signal;
    relay->async_close(closed.handler());
    relay->async_close(asio::bind_cancellation_slot(signal.slot(), second.handler()));
    signal.emit(asio::cancellation_type::terminal);
    BOOST_TEST(!is_free(a));
    BOOST_TEST(!is_free(b));
    BOOST_REQUIRE(until([&] { return second.done; }));
    BOOST_TEST(second.ec == error::bad_descriptor);
    shim::on_send.heal();
    BOOST_REQUIRE(until([&] { return closed.done; }));
    BOOST_TEST((!closed.ec || closed.ec == error::timed_out));
    operation third;
    relay->async_close(third.handler());
    BOOST_REQUIRE(until([&] { return third.done; }));
    BOOST_TEST(third.ec == error::bad_descriptor);
}

BOOST_FIXTURE_TEST_CASE(the_relay_may_be_destroyed_meanwhile, blocked_relay) {
    relay->async_close(closed.handler());
    relay.reset();
    BOOST_TEST(!is_free(a)); // it did not block, and did not give up
    BOOST_TEST(!is_free(b));
    shim::on_send.heal();
    BOOST_REQUIRE(until([&] { return closed.done; }));
    BOOST_TEST((!closed.ec || closed.ec == error::timed_out));
    BOOST_TEST(ports_are_free());
}

BOOST_FIXTURE_TEST_CASE(close_and_shutdown_do_not_wait_for_it, blocked_relay) {
    shim::in_place_of_poll = [](int) { return 0; }; // no time is left
    relay->async_close(closed.handler());
    BOOST_TEST(!relay->close()); // it was closed before, and now the ports are free
    BOOST_TEST(ports_are_free());
    BOOST_REQUIRE(until([&] { return closed.done; }));
    BOOST_TEST(closed.ec == error::timed_out);

    rtp_relay other{server, relay_on_loopback()};
    operation others;
    other.async_close(others.handler());
    server.shutdown();
    BOOST_REQUIRE(until([&] { return others.done; }));
    BOOST_TEST(!others.ec);
    shim::in_place_of_poll = nullptr;
}

BOOST_AUTO_TEST_CASE(its_handlers_may_close_it) {
    for (const bool destroys : {false, true}) {
        served s;
        std::optional<rtp_relay> relay;
        rtp_relay_options o = relay_on_loopback();
        operation closed;
        o.on_source_changed = [&](rtp_relay& r, relay_leg, const udp::endpoint&) {
            r.async_close(closed.handler());
            BOOST_TEST(!closed.done);
            if (destroys) relay.reset();
        };
        relay.emplace(s.server, o);
        const udp::endpoint to = relay->local_endpoint(leg_a);
        phone alice;
        for (unsigned i = 0; i != 2; ++i) alice.send(to, rtp_of(1, i));
        BOOST_REQUIRE(s.until([&] { return closed.done; }));
        BOOST_TEST(!closed.ec);
        BOOST_TEST(is_free(to));
    }
}

BOOST_AUTO_TEST_CASE(its_completion_may_destroy_the_relay) {
    served s;
    auto relay = std::make_unique<rtp_relay>(s.server, relay_on_loopback());
    bool done = false;
    relay->async_close([&](error_code e) {
        BOOST_TEST(!e);
        relay.reset();
        done = true;
    });
    BOOST_TEST(s.until([&] { return done; }));
}

BOOST_AUTO_TEST_CASE(one_that_its_server_closed_was_closed_before) {
    served s;
    rtp_relay relay{s.server, relay_on_loopback()};
    s.server.shutdown();
    operation closed;
    relay.async_close(closed.handler());
    BOOST_REQUIRE(s.until([&] { return closed.done; }));
    BOOST_TEST(closed.ec == error::bad_descriptor);
}

BOOST_AUTO_TEST_CASE(the_context_may_be_destroyed_meanwhile) {
    const auto held = std::make_shared<int>();
    std::optional<asio::io_context> context{std::in_place};
    rtp_server server{*context, immediate()};
    std::optional<rtp_relay> relay{std::in_place, server, relay_on_loopback()};
    relay->async_close([held](error_code) { BOOST_ERROR("called"); });
    context.reset();
    BOOST_TEST(held.use_count() == 1);
    std::atomic<bool> done{false};
    relay->async_close([&](error_code e) { // on the system executor
        BOOST_TEST(e == error::bad_descriptor);
        done = true;
    });
    BOOST_TEST(eventually([&] { return done.load(); }));
}

// Several threads compete: one of them closes it.
BOOST_AUTO_TEST_CASE(one_of_several_threads_closes_it) {
    rtp_server server{immediate()};
    for (int round = 0; round != 100; ++round) {
        std::atomic<int> done{0}, first{0};
        rtp_relay relay{server, relay_on_loopback()};
        const auto close = [&] {
            relay.async_close([&](error_code e) {
                first += e != error::bad_descriptor;
                ++done;
            });
        };
        std::thread one{close}, other{close};
        const bool closed = round % 2 == 0 && relay.close();
        one.join();
        other.join();
        BOOST_REQUIRE(eventually([&] { return done == 2; }));
        BOOST_TEST(first + closed == 1);
    }
    BOOST_TEST(server.stats().open_channels == 0U);
}

} // namespace
