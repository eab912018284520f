#include <boost/test/unit_test.hpp>

#include "async_tools.hpp"
#include "socket_shim.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <thread>

using namespace rtpsynth::asio_server;
namespace asio = boost::asio;

namespace {

// A server whose queue is drained on a tick that never comes, and a kernel that takes nothing until
// it is told to.
struct blocked_sender {
    asio::io_context context;
    rtp_server server{context, {.tick = std::chrono::seconds{10}}};
    std::shared_ptr<rtp_channel> receiver = server.create_channel(on_loopback());
    std::shared_ptr<rtp_channel> sender = server.create_channel(on_loopback());
    operation closed;

    blocked_sender() {
        BOOST_REQUIRE(!sender->set_target(receiver->local_endpoint()));
        for (int i = 0; i != 3; ++i) BOOST_REQUIRE(!sender->try_send(bytes("x")));
        shim::on_send.fail(EAGAIN, shim::fault::for_good);
    }
    ~blocked_sender() { shim::on_send.heal(); }
    bool until(const std::function<bool()>& holds) { return run_until(context, holds); }
    bool port_is_free() {
        error_code ec;
        udp::socket other{context, udp::v4()};
        other.bind(sender->local_endpoint(), ec);
        return !ec;
    }
};

} // namespace

BOOST_AUTO_TEST_CASE(what_was_accepted_is_sent_and_the_port_is_free) {
    async_pair p{{.tick = std::chrono::seconds{10}}};
    operation waiting, send, close;
    p.sender->async_receive(waiting.handler());
    for (int i = 0; i != 3; ++i) BOOST_REQUIRE(!p.sender->try_send(bytes("x")));
    p.sender->async_send(bytes("y"), send.handler());
    p.sender->async_close(close.handler());
    BOOST_TEST(!p.sender->is_open());
    BOOST_TEST(!close.done); // not inside the initiating function
    BOOST_TEST(p.sender->try_send(bytes("x")) == error::bad_descriptor);
    BOOST_REQUIRE(p.run_until([&] { return close.done; }));
    BOOST_TEST(!close.ec);
    BOOST_TEST(send.done);
    BOOST_TEST(!send.ec);
    BOOST_TEST(waiting.done);
    BOOST_TEST(waiting.ec == error::operation_aborted);
    BOOST_TEST(p.sender->stats().sent == 4U);
    BOOST_TEST(p.server.stats().open_channels == 1U);
    const auto again = p.server.create_channel({.bind = p.sender->local_endpoint()});
    BOOST_TEST(again->is_open());
}

BOOST_FIXTURE_TEST_CASE(it_waits_for_the_kernel_without_blocking, blocked_sender) {
    sender->async_close(closed.handler());
    BOOST_TEST(!sender->is_open());
    BOOST_TEST(!port_is_free());
    shim::on_send.heal();
    BOOST_REQUIRE(until([&] { return closed.done; }));
    BOOST_TEST((!closed.ec || closed.ec == error::timed_out)); // where this machine took too long
    if (!closed.ec) BOOST_TEST(sender->stats().sent == 3U);
    check_accounts(sender->stats());
    BOOST_TEST(port_is_free());
}

BOOST_FIXTURE_TEST_CASE(it_gives_up_when_the_kernel_takes_nothing, blocked_sender) {
    const auto begin = std::chrono::steady_clock::now();
    sender->async_close(closed.handler());
    BOOST_REQUIRE(until([&] { return closed.done; }));
    BOOST_TEST(closed.ec == error::timed_out);
    BOOST_TEST((std::chrono::steady_clock::now() - begin >= std::chrono::milliseconds{100}));
    BOOST_TEST(sender->stats().send_errors == 3U);
    BOOST_TEST(port_is_free());
}

BOOST_FIXTURE_TEST_CASE(it_is_cancelled, blocked_sender) {
    asio::cancellation_signal signal;
    sender->async_close(asio::bind_cancellation_slot(signal.slot(), closed.handler()));
    signal.emit(asio::cancellation_type::total);
    BOOST_TEST(port_is_free()); // at once
    BOOST_REQUIRE(until([&] { return closed.done; }));
    BOOST_TEST(closed.ec == error::operation_aborted);
    signal.emit(asio::cancellation_type::total); // is too late
}

BOOST_FIXTURE_TEST_CASE(cancel_of_the_channel_cancels_it, blocked_sender) {
    sender->async_close(closed.handler());
    sender->cancel();
    BOOST_TEST(port_is_free());
    BOOST_REQUIRE(until([&] { return closed.done; }));
    BOOST_TEST(closed.ec == error::operation_aborted);
}

BOOST_FIXTURE_TEST_CASE(close_and_shutdown_do_not_wait_for_it, blocked_sender) {
    shim::in_place_of_poll = [](int) { return 0; }; // no time is left
    sender->async_close(closed.handler());
    BOOST_TEST(!sender->close()); // it was closed before, and now the port is free
    BOOST_TEST(port_is_free());
    BOOST_REQUIRE(until([&] { return closed.done; }));
    BOOST_TEST(closed.ec == error::timed_out);

    operation other;
    BOOST_REQUIRE(!receiver->try_send_to(bytes("x"), sender->local_endpoint()));
    receiver->async_close(other.handler());
    server.shutdown();
    BOOST_REQUIRE(until([&] { return other.done; }));
    BOOST_TEST(other.ec == error::timed_out);
    shim::in_place_of_poll = nullptr;
}

BOOST_FIXTURE_TEST_CASE(a_second_one_is_an_error_and_the_first_keeps_the_channel, blocked_sender) {
    operation second;
    sender->async_close(closed.handler());
    sender->async_close(second.handler());
    const std::weak_ptr<rtp_channel> channel = sender;
    sender.reset();
    BOOST_REQUIRE(until([&] { return second.done; }));
    BOOST_TEST(second.ec == error::bad_descriptor);
    BOOST_TEST(!channel.expired());
    shim::on_send.heal();
    BOOST_REQUIRE(until([&] { return closed.done; }));
    settle(context);
    BOOST_TEST(channel.expired());
}

// No call of the handler begins any more, and the handler is destroyed.
BOOST_AUTO_TEST_CASE(the_receive_handler_is_destroyed) {
    async_pair p;
    const auto held = std::make_shared<int>();
    int calls = 0;
    const auto channel = p.server.create_channel(
        on_loopback(), [&calls, held](rtp_channel&, const datagram_view&) { ++calls; });
    BOOST_REQUIRE(!p.sender->try_send_to(bytes("x"), channel->local_endpoint()));
    BOOST_REQUIRE(p.run_until([&] { return calls == 1; }));
    BOOST_REQUIRE(!p.sender->try_send_to(bytes("x"), channel->local_endpoint()));
    operation close;
    channel->async_close(close.handler());
    BOOST_TEST(held.use_count() == 1);
    BOOST_REQUIRE(p.run_until([&] { return close.done; }));
    BOOST_TEST(!close.ec);
    BOOST_TEST(calls == 1);
}

// Several threads compete: one of them closes it.
BOOST_AUTO_TEST_CASE(one_of_several_threads_closes_it) {
    rtp_server server{immediate()};
    for (int round = 0; round != 200; ++round) {
        std::atomic<int> done{0}, first{0};
        const auto channel = server.create_channel(on_loopback());
        BOOST_REQUIRE(!channel->try_send_to(bytes("x"), channel->local_endpoint()));
        const auto close = [&] {
            channel->async_close([&](error_code ec) {
                first += !ec;
                ++done;
            });
        };
        std::thread one{close}, other{close};
        const bool closed = round % 2 == 0 && channel->close();
        one.join();
        other.join();
        BOOST_REQUIRE(eventually([&] { return done == 2; }));
        BOOST_TEST(first + closed == 1);
        BOOST_TEST(channel->stats().sent == 1U);
    }
    BOOST_TEST(server.stats().open_channels == 0U);
}
