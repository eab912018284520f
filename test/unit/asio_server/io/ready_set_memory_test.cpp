// The seam without memory: nothing that a server waits for is lost.
#include <boost/test/unit_test.hpp>

#include "../allocation_fault.hpp"
#include "async_tools.hpp"
#include "backend.hpp"

#include "io/handler_memory.hpp"

#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>

using namespace rtpsynth::asio_server;
using namespace rtpsynth::asio_server::detail;
using std::chrono::steady_clock;

namespace {

constexpr long all = 1'000'000;

/// A set on a context that the test runs. It takes no memory to wait and to count events.
struct watcher {
    boost::asio::io_context context;
    boost::asio::any_io_executor executor{context.get_executor()}; // to which the set refers
    detail::alarm bell{executor};
    ready_set set{executor, bell, [] {}};
    std::shared_ptr<handler_memory> memory = std::make_shared<handler_memory>();
    std::size_t events = 0;

    void wait() {
        set.async_wait(
            boost::asio::bind_allocator(handler_allocator<>{memory}, [this](error_code ec) {
                if (ec) return;
                std::array<ready_event, 4> room;
                events += set.poll(room).size();
            }));
    }
    bool runs_until_an_event() {
        const auto until = steady_clock::now() + patience;
        while (events == 0 && steady_clock::now() < until) {
            context.restart();
            context.run_one_for(std::chrono::milliseconds{10});
        }
        return events != 0;
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(without_memory, watcher)

BOOST_AUTO_TEST_CASE(an_alarm_goes_off_although_others_have_its_timers_room) {
    // Asio keeps a context's timers in a vector: 4, so that another one needs more memory.
    std::deque<boost::asio::steady_timer> others;
    for (int i = 0; i != 4; ++i) {
        others.emplace_back(context, std::chrono::hours{1});
        others.back().async_wait([](error_code) {});
    }
    wait();
    bool seen = false;
    {
        const memory::shortage shortage{0, all};
        bell.ring();
        seen = runs_until_an_event();
    }
    BOOST_TEST(seen);
}

BOOST_AUTO_TEST_CASE(waiting_for_what_is_there_already_takes_no_memory) {
    udp_socket a{context.get_executor(), on_loopback()};
    udp_socket b{context.get_executor(), on_loopback()};
    BOOST_REQUIRE(!set.add(a, {.readable = true}, 7));
    const auto sent = b.send(bytes("x"), 1, 1, a.local_endpoint());
    BOOST_REQUIRE(sent.sent == 1U);
    settle(context);
    bool started = false, seen = false;
    {
        const memory::shortage shortage{0, all};
        started = memory::done([this] { wait(); });
        seen = started && runs_until_an_event();
    }
    BOOST_TEST(started);
    BOOST_TEST(seen);
    set.remove(a);
}

BOOST_AUTO_TEST_SUITE_END()
