// What others have Asio do on the executor of a server that waits for its sockets itself.
#include <boost/test/unit_test.hpp>

#include "async_tools.hpp"

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <thread>

using namespace rtpsynth::asio_server;
namespace asio = boost::asio;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

/// A server with a thread of its own, or one that a thread of the test's runs.
struct either_server {
    rtp_server server;
    std::atomic<bool> done{false};
    std::thread runner;

    either_server(const either_server&) = delete;
    explicit either_server(bool own_thread)
        : server{own_thread ? rtp_server{immediate()} : rtp_server{caller_runs, immediate()}} {
        if (!own_thread)
            runner = std::thread{[this] {
                while (!done) server.run_one();
            }};
        std::this_thread::sleep_for(milliseconds{2}); // it waits by now
    }
    ~either_server() {
        done = true;
        server.wake();
        if (runner.joinable()) runner.join();
    }
    asio::any_io_executor executor() { return server.get_executor(); }
};

/// Whether datagrams still come.
bool receives(rtp_server& server) {
    std::atomic<int> received{0};
    const auto c = server.create_channel(on_loopback(),
                                         [&](rtp_channel&, const datagram_view&) { ++received; });
    for (int i = 1; i != 4; ++i) {
        std::ignore = c->try_send_to(bytes("to itself"), c->local_endpoint());
        if (!eventually([&] { return received == i; })) return false;
    }
    c->close();
    return true;
}

} // namespace

BOOST_AUTO_TEST_CASE(timers_of_others_expire) {
    for (const bool own_thread : {true, false}) {
        either_server s{own_thread};
        BOOST_TEST(receives(s.server));
        for (int i = 0; i != 5; ++i) {
            asio::steady_timer timer{s.executor(), milliseconds{5}};
            const auto expiry = timer.expiry();
            std::promise<steady_clock::time_point> expired;
            timer.async_wait([&](error_code) { expired.set_value(steady_clock::now()); });
            BOOST_TEST((get(expired.get_future()) >= expiry));
        }
        BOOST_TEST(receives(s.server));
    }
}

BOOST_AUTO_TEST_CASE(sockets_and_resolvers_of_others_work) {
    for (const bool own_thread : {true, false}) {
        either_server s{own_thread};
        udp::socket socket{s.executor(), {own_loopback(), 0}};
        std::array<char, 16> room;
        auto got = socket.async_receive(asio::buffer(room), asio::use_future);
        udp::resolver resolver{s.executor()};
        auto found = resolver.async_resolve("127.0.0.1", "5004", asio::use_future);
        BOOST_TEST(get(std::move(found)).begin()->endpoint().port() == 5004);
        socket.send_to(asio::buffer("hello", 5), socket.local_endpoint());
        BOOST_TEST(get(std::move(got)) == 5U);
        BOOST_TEST(receives(s.server));
    }
}

BOOST_AUTO_TEST_CASE(strands_and_coroutines_run) {
    for (const bool own_thread : {true, false}) {
        either_server s{own_thread};
        std::atomic<int> called{0};
        std::promise<void> spawned;
        asio::co_spawn(
            s.executor(),
            [&]() -> asio::awaitable<void> {
                ++called;
                asio::steady_timer timer{co_await asio::this_coro::executor, milliseconds{2}};
                co_await timer.async_wait(asio::use_awaitable);
                ++called;
            },
            [&](const std::exception_ptr&) { spawned.set_value(); });
        get(spawned.get_future());
        BOOST_TEST(called == 2);
        const auto strand = asio::make_strand(s.executor());
        for (int i = 0; i != 100; ++i) asio::post(strand, [&] { ++called; });
        BOOST_TEST(eventually([&] { return called == 102; }));
        BOOST_TEST(receives(s.server));
    }
}

// A tick that was to come when Asio takes over.
BOOST_AUTO_TEST_CASE(a_tick_is_not_lost) {
    rtp_server server{{.tick = milliseconds{30}}};
    std::atomic<int> received{0};
    const auto c = server.create_channel(on_loopback(),
                                         [&](rtp_channel&, const datagram_view&) { ++received; });
    for (int i = 1; i != 4; ++i) {
        BOOST_REQUIRE(!c->try_send_to(bytes("to itself"), c->local_endpoint()));
        if (i == 2) asio::steady_timer{server.get_executor()};
        BOOST_TEST(eventually([&] { return received == i; }));
    }
}

// The thread ends with what is outstanding, and not before.
BOOST_AUTO_TEST_CASE(shutdown_waits_for_what_others_have_outstanding) {
    bool called = false;
    {
        rtp_server server{immediate()};
        auto guard = asio::make_work_guard(server.get_executor());
        std::thread other{[&, work = std::move(guard)]() mutable {
            std::this_thread::sleep_for(milliseconds{5});
            asio::post(work.get_executor(), [&] { called = true; });
            work.reset();
        }};
        server.shutdown();
        BOOST_TEST(called);
        other.join();
    }
}
