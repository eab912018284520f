// A server that has no thread: whoever calls poll() or run_one() serves it.
#include <boost/test/unit_test.hpp>

#include "async_tools.hpp"
#include "backend.hpp"

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <stdexcept>
#include <thread>

using namespace rtpsynth::asio_server;
namespace asio = boost::asio;
using rtpsynth::time_point;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

/// Runs \p server until it holds.
bool run_until(rtp_server& server, const std::function<bool()>& holds) {
    const auto until = steady_clock::now() + patience;
    while (!holds()) {
        if (steady_clock::now() > until) return false;
        server.run_one_until(until);
    }
    return true;
}

/// What another program's event loop does: waits for the descriptor and the deadline, then polls.
struct other_loop {
    rtp_server& server;
    int polls = 0;

    bool run_until(const std::function<bool()>& holds) {
        const auto until = steady_clock::now() + patience;
        while (!holds()) {
            if (steady_clock::now() > until) return false;
            wait(until);
            server.poll();
            ++polls;
        }
        return true;
    }
    void wait(time_point until) {
        if (const auto next = server.next_deadline()) until = std::min(until, *next);
        const auto left = std::chrono::ceil<milliseconds>(until - steady_clock::now());
        is_readable(std::max(milliseconds{0}, left));
    }
    bool is_readable(milliseconds longest = milliseconds{0}) {
        return this_process::wait_readable(server.native_handle(), longest);
    }
    /// Polls while there is something to do.
    void settle() {
        while (is_readable()) server.poll();
    }
};

auto echo() {
    return [](rtp_channel& c, const datagram_view& d) {
        std::ignore = c.try_send_to(d.data, d.source);
    };
}

} // namespace

BOOST_AUTO_TEST_CASE(whoever_calls_run_one_serves_it) {
    for (const auto& options : {immediate(), server_options{}}) {
        rtp_server server{caller_runs, options};
        int received = 0;
        std::thread::id served_by;
        const auto a = server.create_channel(on_loopback(), echo());
        const auto b =
            server.create_channel(on_loopback(), [&](rtp_channel&, const datagram_view&) {
                ++received;
                served_by = std::this_thread::get_id();
            });
        for (int i = 1; i != 4; ++i) {
            BOOST_REQUIRE(!b->try_send_to(bytes("to and fro"), a->local_endpoint()));
            BOOST_TEST(run_until(server, [&] { return received == i; }));
        }
        BOOST_TEST((served_by == std::this_thread::get_id()));
        BOOST_TEST(server.stats().channels.received == 6U);
        BOOST_TEST((server.stats().ticks == 0) == !options.tick);
    }
}

BOOST_AUTO_TEST_CASE(nothing_is_served_by_itself) {
    rtp_server server{caller_runs, immediate()};
    const long before = threads();
    std::atomic<int> called{0};
    const auto c =
        server.create_channel(on_loopback(), [&](rtp_channel&, const datagram_view&) { ++called; });
    BOOST_REQUIRE(!c->try_send_to(bytes("to itself"), c->local_endpoint()));
    asio::post(server.get_executor(), [&] { ++called; });
    BOOST_TEST(threads() <= before);
    BOOST_TEST(called == 0);
    BOOST_TEST(run_until(server, [&] { return called == 2; }));
}

BOOST_AUTO_TEST_CASE(poll_does_not_wait) {
    rtp_server server{caller_runs};
    server.poll();
    server.run_one_until(steady_clock::now() - milliseconds{1});
    server.run_one_until(time_point::min());
    BOOST_TEST(!server.next_deadline().has_value());
}

BOOST_AUTO_TEST_CASE(run_one_waits_until_its_deadline) {
    rtp_server server{caller_runs};
    const auto until = steady_clock::now() + milliseconds{30};
    int calls = 0;
    for (; steady_clock::now() < until; ++calls) server.run_one_until(until);
    BOOST_TEST(calls < 20);
}

BOOST_AUTO_TEST_CASE(wake_has_run_one_return_now_or_later) {
    rtp_server server{caller_runs};
    server.wake();
    server.run_one();
    for (int i = 0; i != 200; ++i) {
        std::thread waker{[&] { server.wake(); }};
        server.run_one();
        waker.join();
    }
}

BOOST_AUTO_TEST_CASE(what_others_post_wakes_who_waits) {
    rtp_server server{caller_runs, immediate()};
    constexpr int rounds = 2000;
    std::atomic<int> called{0};
    std::thread poster{[&] {
        for (int i = 0; i != rounds; ++i) {
            asio::post(server.get_executor(), [&] { ++called; });
            while (called != i + 1) std::this_thread::yield();
        }
    }};
    while (called != rounds) server.run_one();
    poster.join();
}

BOOST_AUTO_TEST_CASE(its_executor_knows_when_it_is_running) {
    rtp_server server{caller_runs, immediate()};
    int called = 0;
    bool at_once = false;
    const auto executor = server.get_executor();
    const auto c = server.create_channel(on_loopback(), [&](rtp_channel&, const datagram_view&) {
        asio::dispatch(executor, [&] { ++called; });
        at_once = called == 1;
    });
    asio::dispatch(executor, [&] { called = 0; });
    BOOST_REQUIRE(!c->try_send_to(bytes("to itself"), c->local_endpoint()));
    BOOST_TEST(run_until(server, [&] { return called != 0; }));
    BOOST_TEST(at_once);
}

BOOST_AUTO_TEST_CASE(what_handlers_throw_is_told_and_the_server_goes_on) {
    int told = 0;
    server_options options = immediate();
    options.on_exception = [&](const std::exception_ptr&) { ++told; };
    rtp_server server{caller_runs, options};
    int received = 0;
    const auto c = server.create_channel(on_loopback(), [&](rtp_channel&, const datagram_view&) {
        asio::dispatch(server.get_executor(), [] { throw std::runtime_error{"dispatched"}; });
        ++received;
        throw std::runtime_error{"received"};
    });
    asio::post(server.get_executor(), [] { throw std::runtime_error{"posted"}; });
    BOOST_TEST(run_until(server, [&] { return told == 1; }));
    for (int i = 1; i != 3; ++i) {
        BOOST_REQUIRE(!c->try_send_to(bytes("to itself"), c->local_endpoint()));
        BOOST_TEST(run_until(server, [&] { return received == i && told == 1 + 2 * i; }));
    }
}

BOOST_AUTO_TEST_CASE(threads_take_turns) {
    rtp_server server{caller_runs, immediate()};
    constexpr int rounds = 300;
    int received = 0; // by one thread at a time
    std::atomic<bool> done{false};
    const auto a = server.create_channel(on_loopback(), echo());
    const auto b =
        server.create_channel(on_loopback(), [&](rtp_channel& c, const datagram_view& d) {
            if (++received == rounds)
                done = true;
            else
                std::ignore = c.try_send_to(d.data, d.source);
        });
    BOOST_REQUIRE(!b->try_send_to(bytes("to and fro"), a->local_endpoint()));
    std::vector<std::thread> runners;
    for (int i = 0; i != 3; ++i)
        runners.emplace_back([&, i] {
            while (!done) {
                if (i == 0)
                    server.poll();
                else
                    server.run_one_until(steady_clock::now() + milliseconds{5});
                std::this_thread::yield();
            }
        });
    for (auto& r : runners) r.join();
    BOOST_TEST(received == rounds);
}

BOOST_AUTO_TEST_CASE(its_handlers_may_call_anything) {
    std::optional<rtp_server> server{std::in_place, caller_runs, immediate()};
    int called = 0;
    const auto executor = server->get_executor();
    asio::post(executor, [&] {
        server->poll();
        server->run_one(); // neither waits, nor runs the next one
        server->run_one_until(steady_clock::now() + patience);
        BOOST_TEST(called == 0);
        server->wake();
        server->shutdown();
        called = 1;
    });
    asio::post(executor, [&] {
        if (called == 1) called = 2;
    });
    BOOST_TEST(run_until(*server, [&] { return called == 2; }));
    server->run_one(); // does not wait
    server.reset();
}

BOOST_AUTO_TEST_CASE(a_handler_may_destroy_it) {
    for (const bool posted : {false, true}) {
        auto server = std::make_unique<rtp_server>(caller_runs, immediate());
        operation op;
        auto waiting = server->create_channel(on_loopback());
        waiting->async_receive(op.handler());
        bool destroyed = false;
        const auto destroy = [&] {
            server.reset();
            destroyed = true;
        };
        const auto c = server->create_channel(
            on_loopback(), [&](rtp_channel&, const datagram_view&) { destroy(); });
        if (posted)
            asio::post(server->get_executor(), destroy);
        else
            BOOST_REQUIRE(!c->try_send_to(bytes("to itself"), c->local_endpoint()));
        for (int i = 0; !destroyed && i != 1000; ++i)
            server->run_one_until(steady_clock::now() + milliseconds{100});
        BOOST_TEST(destroyed);
        BOOST_TEST(op.done);
        BOOST_TEST(op.ec == error::operation_aborted);
        BOOST_TEST(!c->is_open());
    }
}

BOOST_AUTO_TEST_CASE(operations_complete_in_the_call_or_with_the_server) {
    operation first, second, third;
    std::shared_ptr<rtp_channel> a;
    {
        rtp_server server{caller_runs, immediate()};
        a = server.create_channel(on_loopback());
        const auto b = server.create_channel(on_loopback());
        a->async_receive(first.handler());
        b->async_send_to(bytes("hello"), a->local_endpoint(), second.handler());
        BOOST_TEST(!second.done);
        BOOST_TEST(run_until(server, [&] { return first.done && second.done; }));
        BOOST_TEST(text(first.got.data()) == "hello");
        a->async_receive(third.handler());
        server.shutdown();
        BOOST_TEST(!third.done);
    }
    BOOST_TEST(third.done);
    BOOST_TEST(third.ec == error::operation_aborted);
    std::atomic<bool> late{false};
    a->async_receive([&](error_code ec, const datagram&) { late = ec == error::bad_descriptor; });
    BOOST_TEST(eventually([&] { return late.load(); }));
}

BOOST_AUTO_TEST_CASE(shutdown_and_destruction_wake_who_waits) {
    for (const bool foreign : {false, true}) {
        rtp_server server{caller_runs, immediate()};
        std::optional<asio::steady_timer> of_others;
        if (foreign) {
            of_others.emplace(server.get_executor(), std::chrono::hours{1});
            of_others->async_wait([](error_code) {});
        }
        std::thread runner{[&] { server.run_one(); }};
        std::this_thread::sleep_for(milliseconds{5});
        server.shutdown();
        runner.join();
    }
}

BOOST_AUTO_TEST_CASE(other_kinds_of_server_do_not_have_it) {
    asio::io_context context;
    rtp_server own_thread{immediate()}, on_context{context, immediate()};
    for (rtp_server* const server : {&own_thread, &on_context}) {
        server->poll();
        server->run_one();
        server->wake();
        BOOST_TEST(server->native_handle() == -1);
        BOOST_TEST(!server->next_deadline().has_value());
    }
}

// By way of another event loop:

BOOST_AUTO_TEST_CASE(another_loop_serves_datagrams, *needs::epoll_and_poll()) {
    for (const auto& options : {immediate(), server_options{}}) {
        rtp_server server{caller_runs, options};
        other_loop loop{server};
        BOOST_TEST(!loop.is_readable());
        int received = 0;
        const auto a = server.create_channel(on_loopback(), echo());
        const auto b = server.create_channel(
            on_loopback(), [&](rtp_channel&, const datagram_view&) { ++received; });
        for (int i = 1; i != 20; ++i) {
            BOOST_REQUIRE(!b->try_send_to(bytes("to and fro"), a->local_endpoint()));
            BOOST_TEST(loop.run_until([&] { return received == i; }));
        }
        loop.settle();
        BOOST_TEST(!loop.is_readable());
        BOOST_TEST(!server.next_deadline().has_value());
    }
}

BOOST_AUTO_TEST_CASE(another_loop_hears_of_what_threads_post, *needs::epoll_and_poll()) {
    rtp_server server{caller_runs, immediate()};
    std::atomic<int> called{0};
    asio::post(server.get_executor(), [&] { ++called; });
    other_loop loop{server};
    BOOST_TEST(loop.is_readable());
    BOOST_TEST(loop.run_until([&] { return called == 1; }));
    loop.settle();
    constexpr int rounds = 2000;
    std::thread poster{[&] {
        for (int i = 1; i != rounds; ++i) {
            asio::post(server.get_executor(), [&] { ++called; });
            if (i % 3 != 0) continue;
            while (called != i + 1) std::this_thread::yield();
        }
    }};
    BOOST_TEST(loop.run_until([&] { return called == rounds; }));
    poster.join();
    loop.settle();
    BOOST_TEST(!loop.is_readable());
}

BOOST_AUTO_TEST_CASE(another_loop_hears_of_many_handlers, *needs::epoll_and_poll()) {
    rtp_server server{caller_runs, immediate()};
    other_loop loop{server};
    int called = 0;
    constexpr int many = 1000; // more than one poll() runs before the sockets have their turn
    for (int i = 0; i != many; ++i) asio::post(server.get_executor(), [&] { ++called; });
    BOOST_TEST(loop.run_until([&] { return called == many; }));
    std::function<void()> for_good = [&] {
        if (++called < 5 * many) asio::post(server.get_executor(), for_good);
    };
    for_good();
    int received = 0;
    const auto c = server.create_channel(
        on_loopback(), [&](rtp_channel&, const datagram_view&) { received = called; });
    BOOST_REQUIRE(!c->try_send_to(bytes("to itself"), c->local_endpoint()));
    BOOST_TEST(loop.run_until([&] { return called == 5 * many; }));
    BOOST_TEST(received > 0);
    BOOST_TEST(received < 5 * many); // the sockets were not starved
}

BOOST_AUTO_TEST_CASE(another_loop_hears_of_ticks, *needs::epoll_and_poll()) {
    rtp_server server{caller_runs, {.tick = milliseconds{20}}};
    other_loop loop{server};
    int received = 0;
    const auto c = server.create_channel(on_loopback(),
                                         [&](rtp_channel&, const datagram_view&) { ++received; });
    BOOST_REQUIRE(!c->try_send_to(bytes("to itself"), c->local_endpoint()));
    loop.settle();
    const auto next = server.next_deadline();
    BOOST_REQUIRE(next.has_value());
    BOOST_TEST((*next <= steady_clock::now() + milliseconds{20}));
    BOOST_TEST(loop.run_until([&] { return received == 1; }));
    BOOST_TEST((steady_clock::now() >= *next));
    BOOST_TEST(server.stats().ticks == 1U);
    // It slept: poll() in its place, the tick, the datagram, and few more.
    BOOST_TEST(loop.polls < 10);
}

BOOST_AUTO_TEST_CASE(another_loop_hears_of_wake, *needs::epoll_and_poll()) {
    rtp_server server{caller_runs};
    other_loop loop{server};
    server.poll();
    server.wake();
    BOOST_TEST(loop.is_readable());
    loop.settle();
    BOOST_TEST(!loop.is_readable());
    server.run_one_until(steady_clock::now()); // was woken before; it need not return for that
}
