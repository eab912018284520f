// What makes run_one() and poll() return, of a server that has no thread.
#include <boost/test/unit_test.hpp>

#include "async_tools.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <functional>
#include <stdexcept>
#include <thread>

using namespace rtpsynth::asio_server;
namespace asio = boost::asio;
using std::chrono::steady_clock;

namespace {

/// Waits for its sockets itself, or has Asio wait since a timer of others is outstanding.
struct either_way {
    int told = 0;
    rtp_server server;
    std::optional<asio::steady_timer> of_others;

    explicit either_way(bool foreign) : server{caller_runs, options()} {
        if (foreign) {
            of_others.emplace(server.get_executor(), std::chrono::hours{1});
            of_others->async_wait([](error_code) {});
        }
        for (int i = 0; i != 10; ++i) server.poll(); // nothing is left to do
    }
    server_options options() {
        server_options o = immediate();
        o.on_exception = [this](const std::exception_ptr&) { ++told; };
        return o;
    }
    /// Whether run_one_until() returns in good time.
    bool run_one_returns() {
        const auto until = steady_clock::now() + std::chrono::seconds{20};
        server.run_one_until(until);
        return steady_clock::now() < until;
    }
};

} // namespace

BOOST_AUTO_TEST_CASE(a_handler_that_throws_was_served) {
    for (const bool foreign : {false, true}) {
        either_way s{foreign};
        for (int i = 1; i != 4; ++i) {
            asio::post(s.server.get_executor(), [] { throw std::runtime_error{"posted"}; });
            BOOST_TEST(s.run_one_returns());
            BOOST_TEST(s.told == i);
        }
    }
}

// That it was woken for it is not enough.
BOOST_AUTO_TEST_CASE(what_another_thread_posts_was_served) {
    for (const bool foreign : {false, true}) {
        either_way s{foreign};
        std::atomic<int> called{0};
        for (int i = 1; i != 20; ++i) {
            std::thread other{[&] {
                std::this_thread::sleep_for(std::chrono::milliseconds{2}); // it waits by now
                asio::post(s.server.get_executor(), [&] { ++called; });
            }};
            BOOST_TEST(s.run_one_returns());
            BOOST_TEST(called == i);
            other.join();
        }
    }
}

BOOST_AUTO_TEST_CASE(after_shutdown_it_does_not_wait) {
    for (const bool foreign : {false, true}) {
        either_way s{foreign};
        s.server.shutdown();
        for (int i = 0; i != 5; ++i) BOOST_REQUIRE(s.run_one_returns());
    }
}

BOOST_AUTO_TEST_CASE(handlers_without_end_do_not_hold_poll) {
    for (const bool foreign : {false, true})
        for (const bool throws : {false, true}) {
            constexpr int without_end = 2'000'000;
            int called = 0;
            bool enough = false;
            std::function<void()> again; // the server's destructor calls it, too
            either_way s{foreign};
            again = [&] {
                if (enough || ++called == without_end) return;
                asio::post(s.server.get_executor(), again);
                if (throws) throw std::runtime_error{"posted"};
            };
            asio::post(s.server.get_executor(), again);
            for (int i = 0; i != 3; ++i) s.server.poll();
            BOOST_TEST(called > 0);
            BOOST_TEST(called < without_end);
            enough = true;
        }
}
