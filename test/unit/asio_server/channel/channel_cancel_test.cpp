// How operations end early, and what happens to those that wait for room.
#include <boost/test/unit_test.hpp>

#include "../effort.hpp"
#include "async_tools.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <atomic>
#include <deque>

using namespace rtpsynth::asio_server;
namespace asio = boost::asio;
using asio::cancellation_type;

namespace {

const server_options seldom{.tick = std::chrono::seconds{10}};
constexpr auto all_types = {cancellation_type::total, cancellation_type::partial,
                            cancellation_type::terminal};

} // namespace

BOOST_AUTO_TEST_CASE(a_slot_cancels_one_receive_and_no_datagram_is_lost) {
    async_pair p;
    for (const auto type : all_types) {
        asio::cancellation_signal signal;
        int turns = 0;
        operation first, second, third;
        p.receiver->async_receive(first.handler(&turns));
        p.receiver->async_receive(
            asio::bind_cancellation_slot(signal.slot(), second.handler(&turns)));
        p.receiver->async_receive(third.handler(&turns));
        signal.emit(cancellation_type::none);
        settle(p.context);
        BOOST_TEST(!second.done);
        signal.emit(type);
        BOOST_TEST(!second.done); // not inside emit
        BOOST_REQUIRE(p.run_until([&] { return second.done; }));
        BOOST_TEST(second.ec == error::operation_aborted);
        BOOST_TEST(turns == 1);
        p.send(1, 3);
        BOOST_REQUIRE(p.run_until([&] { return third.done; }));
        BOOST_TEST(text(first.got.data()) == "1");
        BOOST_TEST(text(third.got.data()) == "2");
        signal.emit(type); // of what has completed: nothing
        BOOST_TEST(p.receive() == "3");
    }
    // A completed operation cannot be cancelled, even while its handler has not run.
    asio::cancellation_signal signal;
    operation late;
    p.send(4, 1);
    settle(p.context);
    p.receiver->async_receive(asio::bind_cancellation_slot(signal.slot(), late.handler()));
    signal.emit(cancellation_type::terminal);
    BOOST_REQUIRE(p.run_until([&] { return late.done; }));
    BOOST_TEST((late.ec == error::operation_aborted || text(late.got.data()) == "4"));
    if (late.ec) BOOST_TEST(p.receive() == "4");
    check_accounts(p.receiver->stats(), 10);
}

BOOST_AUTO_TEST_CASE(a_slot_cancels_one_send_which_then_is_not_sent) {
    for (const auto type : all_types) {
        async_pair p{seldom, 3};
        std::deque<asio::cancellation_signal> signals(5);
        std::deque<operation> ops(5);
        for (std::size_t i = 0; i != 5; ++i) // the last two wait for room
            p.sender->async_send(bytes(std::string_view{"01234"}.substr(i, 1)),
                                 asio::bind_cancellation_slot(signals[i].slot(), ops[i].handler()));
        BOOST_TEST(p.sender->stats().accepted == 3);
        signals[1].emit(type);
        signals[3].emit(type);
        BOOST_REQUIRE(p.run_until([&] { return ops[1].done && ops[3].done; }));
        BOOST_TEST(ops[1].ec == error::operation_aborted);
        BOOST_TEST(ops[3].ec == error::operation_aborted);
        BOOST_TEST(p.sender->stats().cancelled == 1); // the other was never accepted
        BOOST_TEST(p.sender->try_send(bytes("5")) == error::would_block); // behind one that waits
        BOOST_TEST(p.sender->close());
        settle(p.context);
        for (const std::size_t i : {0U, 2U, 4U}) {
            BOOST_TEST(ops[i].done);
            BOOST_TEST(!ops[i].ec);
        }
        for (const auto* s : {"0", "2", "4"}) BOOST_TEST(p.receive() == s);
        check_accounts(p.sender->stats());
        check_accounts(p.receiver->stats(), 3);
        BOOST_TEST(p.server.stats().ticks == 0);
    }
}

BOOST_AUTO_TEST_CASE(cancel_completes_everything_and_leaves_try_sends) {
    async_pair p{seldom, 4};
    int turns = 0;
    std::deque<operation> ops(8);
    BOOST_TEST(!p.sender->try_send(bytes("t0")));
    for (std::size_t i = 0; i != 2; ++i) p.sender->async_send(bytes("a"), ops[i].handler(&turns));
    BOOST_TEST(!p.sender->try_send(bytes("t1")));
    for (std::size_t i = 2; i != 4; ++i) p.sender->async_send(bytes("w"), ops[i].handler(&turns));
    for (std::size_t i = 4; i != 8; ++i) p.sender->async_receive(ops[i].handler(&turns));
    p.sender->cancel();
    BOOST_TEST(turns == 0);
    settle(p.context);
    BOOST_TEST(turns == 8);
    for (std::size_t i = 0; i != 8; ++i) {
        BOOST_TEST(ops[i].ec == error::operation_aborted);
        BOOST_TEST(ops[i].turn == static_cast<int>(i));
    }
    p.sender->cancel();                           // of nothing
    BOOST_TEST(!p.sender->try_send(bytes("t2"))); // there is room again
    BOOST_TEST(!p.sender->try_send(bytes("t3")));
    BOOST_TEST(p.sender->try_send(bytes("t4")) == error::would_block);
    p.sender->close();
    for (const auto* s : {"t0", "t1", "t2", "t3"}) BOOST_TEST(p.receive() == s);
    BOOST_TEST(p.sender->stats().cancelled == 2);
    BOOST_TEST(p.sender->stats().sent == 4);
    check_accounts(p.sender->stats());
}

BOOST_AUTO_TEST_CASE(sends_wait_for_room_and_keep_their_order) {
    for (const std::size_t queue_size : {1U, 3U}) {
        async_pair p{{.tick = std::chrono::milliseconds{1}}, queue_size};
        int turns = 0;
        std::deque<operation> ops(100);
        std::deque<std::string> texts;
        for (int i = 0; i != 100; ++i) {
            texts.push_back(std::to_string(i));
            p.sender->async_send(bytes(texts.back()),
                                 ops[static_cast<std::size_t>(i)].handler(&turns));
            BOOST_TEST((i < 3 || p.sender->try_send(bytes("no")) == error::would_block));
        }
        BOOST_TEST(p.sender->stats().accepted == queue_size);
        for (int i = 0; i != 100; ++i) BOOST_TEST(p.receive() == std::to_string(i));
        BOOST_REQUIRE(p.run_until([&] { return turns == 100; }));
        for (int i = 0; i != 100; ++i) {
            BOOST_TEST(!ops[static_cast<std::size_t>(i)].ec);
            BOOST_TEST(ops[static_cast<std::size_t>(i)].turn == i);
        }
        BOOST_TEST(p.sender->stats().queue_full == 97);
        BOOST_TEST(p.sender->stats().accepted == 100);
        check_accounts(p.sender->stats());
        BOOST_TEST(!p.sender->try_send(bytes("yes"))); // and there is room again
        BOOST_TEST(p.receive() == "yes");
    }
}

BOOST_AUTO_TEST_CASE(a_cancelled_send_makes_room_for_waiting_ones) {
    async_pair p{{.tick = std::chrono::milliseconds{200}}, 1};
    asio::cancellation_signal signal;
    operation first, second;
    p.sender->async_send(bytes("1"), asio::bind_cancellation_slot(signal.slot(), first.handler()));
    p.sender->async_send(bytes("2"), second.handler());
    signal.emit(cancellation_type::total);
    BOOST_TEST(p.receive() == "2");
    BOOST_REQUIRE(p.run_until([&] { return second.done; }));
    BOOST_TEST(!second.ec);
    BOOST_TEST(first.ec == error::operation_aborted);
    check_accounts(p.sender->stats());
}

namespace {

/// Two queued, two that wait for room, two receives; \p end closes the channel.
void ends(const std::function<void(async_pair&)>& end) {
    async_pair p{seldom, 2};
    std::deque<operation> ops(6);
    int turns = 0;
    for (std::size_t i = 0; i != 4; ++i)
        p.sender->async_send(bytes(std::string_view{"0123"}.substr(i, 1)), ops[i].handler(&turns));
    for (std::size_t i = 4; i != 6; ++i) p.sender->async_receive(ops[i].handler(&turns));
    end(p);
    BOOST_TEST(turns == 0);
    settle(p.context);
    BOOST_TEST(turns == 6);
    for (std::size_t i = 0; i != 4; ++i) BOOST_TEST(!ops[i].ec);
    for (std::size_t i = 4; i != 6; ++i) BOOST_TEST(ops[i].ec == error::operation_aborted);
    const channel_stats s = p.server.stats().channels;
    BOOST_TEST(s.accepted == 4);
    BOOST_TEST(s.sent == 4);
    check_accounts(s);
}

} // namespace

BOOST_AUTO_TEST_CASE(close_sends_the_queue_and_aborts_receives) {
    ends([](async_pair& p) { BOOST_TEST(p.sender->close()); });
    ends([](async_pair& p) { p.sender.reset(); });
    ends([](async_pair& p) { p.server.shutdown(); });
    ends([](async_pair& p) {
        p.server.shutdown();
        p.sender.reset();
        p.receiver.reset();
    });
}

BOOST_AUTO_TEST_CASE(operations_of_a_closed_channel) {
    async_pair p;
    p.receiver->close();
    operation send, send_to, receive;
    p.receiver->async_send(bytes("x"), send.handler());
    p.receiver->async_send_to(bytes("x"), p.sender->local_endpoint(), send_to.handler());
    p.receiver->async_receive(receive.handler());
    p.receiver->cancel();
    settle(p.context);
    BOOST_TEST(send.ec == error::bad_descriptor);
    BOOST_TEST(send_to.ec == error::bad_descriptor);
    BOOST_TEST(receive.ec == error::bad_descriptor);
}

// On a thread of Asio's, if they have no executor of their own.
BOOST_AUTO_TEST_CASE(operations_after_the_servers_thread_has_ended) {
    for (const bool destroyed : {false, true}) {
        std::optional<rtp_server> server{std::in_place, immediate()};
        const auto channel = server->create_channel(on_loopback());
        auto pending = channel->async_receive(to_future);
        server->shutdown();
        BOOST_TEST(std::get<0>(get(std::move(pending))) == error::operation_aborted);
        if (destroyed) server.reset();
        for (int i = 0; i != 20; ++i) {
            BOOST_TEST(std::get<0>(get(channel->async_receive(to_future))) ==
                       error::bad_descriptor);
            BOOST_TEST(std::get<0>(get(channel->async_send(bytes("x"), to_future))) ==
                       error::bad_descriptor);
        }
        asio::io_context other;
        operation bound;
        channel->async_receive(asio::bind_executor(other, bound.handler()));
        BOOST_REQUIRE(run_out(other));
        BOOST_TEST(bound.ec == error::bad_descriptor);
    }
}

// A completion handler that runs while the thread ends may shut down what is being shut down.
BOOST_AUTO_TEST_CASE(operations_are_started_while_the_thread_ends) {
    for (int round = 0; round != effort(300); ++round) {
        rtp_server server{immediate()};
        const auto channel = server.create_channel(on_loopback());
        std::atomic<int> done{0};
        std::atomic<bool> stop{false};
        int started = 0;
        std::thread asks{[&] {
            // Not for good, for as long as there is something to do the thread does not end.
            while (started < 10 || (!stop && started < 500)) {
                ++started;
                channel->async_receive([&](error_code, const datagram&) {
                    server.shutdown();
                    ++done;
                });
                if (round % 2) std::this_thread::yield();
            }
        }};
        server.shutdown();
        stop = true;
        asks.join();
        BOOST_REQUIRE(eventually([&] { return done == started; }));
    }
}
