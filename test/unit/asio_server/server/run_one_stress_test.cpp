// A server that has no thread, run, woken and used by many threads at once.
#include <boost/test/unit_test.hpp>

#include "async_tools.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <thread>
#include <vector>

using namespace rtpsynth::asio_server;
namespace asio = boost::asio;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

// Whatever is lost is waited for in vain.
constexpr int handovers = 30'000;

template <class Condition>
bool comes_true(Condition holds) {
    const auto until = steady_clock::now() + patience;
    while (!holds()) {
        if (steady_clock::now() > until) return false;
        std::this_thread::yield();
    }
    return true;
}

} // namespace

// One post at a time, to a runner that has nothing else to wake it.
BOOST_AUTO_TEST_CASE(no_post_is_lost) {
    rtp_server server{caller_runs, immediate()};
    std::atomic<int> called{0};
    std::atomic<bool> done{false};
    std::thread runner{[&] {
        while (!done) server.run_one();
    }};
    bool lost = false;
    for (int i = 1; i <= handovers && !lost; ++i) {
        asio::post(server.get_executor(), [&] { ++called; });
        // Sometimes the runner is about to wait, sometimes it does.
        for (int spins = i % 97; spins != 0; --spins) static_cast<void>(called.load());
        if (i % 2 == 0) lost = !comes_true([&] { return called == i; });
    }
    BOOST_TEST(!lost);
    done = true;
    server.wake();
    runner.join();
}

// A wake-up that is lost leaves the runner waiting for good.
BOOST_AUTO_TEST_CASE(no_wake_is_lost) {
    rtp_server server{caller_runs, immediate()};
    std::atomic<int> asked{0}, seen{0};
    std::thread runner{[&] {
        while (seen != handovers) {
            server.run_one();
            seen = asked.load();
        }
    }};
    bool lost = false;
    for (int i = 1; i <= handovers && !lost; ++i) {
        asked = i;
        server.wake();
        lost = !comes_true([&] { return seen == i; });
    }
    BOOST_TEST(!lost);
    asked = handovers;
    server.wake();
    runner.join();
}

BOOST_AUTO_TEST_CASE(threads_do_all_at_once) {
    for (int round = 0; round != 20; ++round) {
        rtp_server server{caller_runs, round % 2 == 0 ? immediate() : server_options{}};
        std::atomic<bool> done{false};
        std::atomic<int> posted{0}, called{0}, served{0};
        std::vector<std::thread> all;
        for (int i = 0; i != 2; ++i)
            all.emplace_back([&, i] {
                while (!done) {
                    if (i == 0)
                        server.run_one();
                    else
                        server.run_one_until(steady_clock::now() + microseconds{200});
                    std::this_thread::yield();
                }
            });
        all.emplace_back([&] {
            while (!done) {
                ++posted;
                asio::post(server.get_executor(), [&] { ++called; });
                server.wake();
                std::this_thread::yield();
            }
        });
        all.emplace_back([&] {
            for (int i = 0; !done; ++i) {
                try {
                    const auto c = server.create_channel(
                        on_loopback(), [&](rtp_channel& r, const datagram_view& d) {
                            ++served;
                            std::ignore = r.try_send_to(d.data, d.source);
                        });
                    for (int n = 0; n != 4; ++n)
                        std::ignore = c->try_send_to(bytes("to itself"), c->local_endpoint());
                    c->async_receive([](error_code, const datagram&) {});
                    if (i % 2 == 0) c->close();
                    if (i == 20 && round % 4 == 3) // Asio takes over in the midst of it
                        asio::steady_timer{server.get_executor(), milliseconds{1}}.async_wait(
                            [](error_code) {});
                } catch (const boost::system::system_error&) { // it is shut down
                }
            }
        });
        std::this_thread::sleep_for(milliseconds{20});
        std::thread ending{[&] { server.shutdown(); }};
        server.shutdown();
        ending.join();
        done = true;
        server.wake();
        for (auto& t : all) t.join();
        BOOST_TEST(eventually([&] {
            server.poll();
            return called == posted;
        }));
        BOOST_TEST(server.stats().open_channels == 0U);
    }
}

// The handler may be the end of the server while the thread that posted it is still at it.
BOOST_AUTO_TEST_CASE(what_is_posted_may_destroy_the_server) {
    for (int i = 0; i != 500; ++i) {
        auto server = std::make_unique<rtp_server>(immediate());
        std::atomic<bool> gone{false};
        const auto executor = server->get_executor();
        asio::post(executor, [] { std::this_thread::sleep_for(microseconds{200}); });
        std::this_thread::sleep_for(microseconds{100}); // it need not be woken for the next
        asio::post(executor, [&] {
            server.reset();
            gone = true;
        });
        BOOST_REQUIRE(comes_true([&] { return gone.load(); }));
    }
}
