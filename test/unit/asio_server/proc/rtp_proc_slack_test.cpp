#include <boost/test/unit_test.hpp>

#include "rtp_proc_tools.hpp"
#include "server/timer_service.hpp"

#include <rtpsynth/asio_server/proc/detail/proc_loop.hpp>

#include <boost/system/system_error.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

// Calls that come together, and a thread that waits for them by itself.

using namespace rtp_proc_test;
using rtpsynth::asio_server::detail::proc_loop;
using rtpsynth::asio_server::detail::timer_service;

namespace {

struct client final : timer_service::client {
    std::optional<time_point> fired;
    void on_timer(time_point at) noexcept override { fired = at; }
};

// A service without an executor, whose time is the test's.
struct virtual_time {
    explicit virtual_time(duration slack) { service.set_slack(slack); }

    void arm(std::size_t i, duration after) { service.arm(clients[i], begin + after); }
    std::vector<std::size_t> fire(duration at) {
        BOOST_TEST(!service.advance(begin + at));
        std::vector<std::size_t> result;
        for (std::size_t i = 0; i != clients.size(); ++i)
            if (clients[i].fired) {
                BOOST_TEST((*clients[i].fired == begin + at));
                clients[i].fired.reset();
                result.push_back(i);
            }
        return result;
    }
    std::optional<duration> next_wake() {
        const auto wake = service.next_wake();
        return wake ? std::optional{*wake - begin} : std::nullopt;
    }

    const time_point begin = now() + 1h;
    std::array<client, 5> clients;
    timer_service service;
};

using list = std::vector<std::size_t>;

} // namespace

BOOST_AUTO_TEST_CASE(timers_within_the_slack_of_the_first_are_fired_with_it_and_none_early) {
    virtual_time t{1ms};
    BOOST_TEST((t.next_wake() == std::nullopt));
    t.arm(0, 10ms);
    BOOST_TEST((t.next_wake() == 11ms));
    t.arm(1, 11ms);
    t.arm(2, 11ms + 1ns);
    t.arm(3, 9ms);
    BOOST_TEST((t.next_wake() == 10ms));
    t.arm(4, 9ms + 600us);
    BOOST_TEST((t.fire(10ms) == list{0, 3, 4}));
    BOOST_TEST((t.next_wake() == 12ms));
    BOOST_TEST((t.fire(12ms) == list{1, 2}));
    BOOST_TEST((t.next_wake() == std::nullopt));
    t.arm(0, 100s);
    t.arm(0, duration::max() - t.begin.time_since_epoch()); // time_point::max()
    BOOST_TEST((*t.service.next_wake() == time_point::max()));
}

BOOST_AUTO_TEST_CASE(without_slack_timers_wait_for_no_others_but_those_just_fired) {
    virtual_time t{0ms};
    t.arm(0, 10ms);
    t.arm(1, 10ms + 20us);
    t.arm(2, 10ms + 60us);
    BOOST_TEST((t.next_wake() == 10ms));
    BOOST_TEST((t.fire(10ms) == list{0}));
    BOOST_TEST((t.next_wake() == 10ms + 50us));
    BOOST_TEST((t.fire(10ms + 50us) == list{1}));
    BOOST_TEST((t.next_wake() == 10ms + 100us));
    t.service.stop();
    BOOST_TEST((t.next_wake() == std::nullopt));
    BOOST_TEST((t.fire(11ms) == list{}));
}

BOOST_AUTO_TEST_CASE(slack_out_of_range_is_refused) {
    boost::asio::io_context context;
    for (const duration slack : {duration{-1}, duration{1s} + duration{1}, duration::max()}) {
        const proc_options options{.slack = slack};
        BOOST_CHECK_THROW(rtp_proc{options}, std::invalid_argument);
        BOOST_CHECK_THROW((rtp_proc{context, options}), std::invalid_argument);
        BOOST_CHECK_THROW(proc_loop{options}, std::invalid_argument);
    }
    rtp_proc{proc_options{.slack = 1s}};
}

// A lone schedule has no other turns than its own.
BOOST_AUTO_TEST_CASE(calls_are_up_to_the_slack_late_and_their_deadlines_do_not_drift) {
    boost::asio::io_context context;
    rtp_proc proc{context, {.slack = 20ms}};
    constexpr duration period = 100ms;
    time_point expected;
    int calls = 0;
    const auto channel = proc.create_channel([&](time_point at, time_point deadline) -> next_call {
        if (++calls == 1) return expected = at + period;
        BOOST_TEST((deadline == expected));
        BOOST_TEST((at >= deadline));
        if (proc.stats().overdue == 0) BOOST_TEST((at >= deadline + 20ms));
        if (calls == 5) return {};
        return expected += period;
    });
    BOOST_TEST(run_out(context));
    BOOST_TEST(calls == 5);
}

BOOST_AUTO_TEST_CASE(a_thread_serves_and_waits_while_others_create_and_close) {
    proc_loop loop;
    std::thread server{[&] {
        do {
            while (loop.serve()) {
            }
        } while (loop.wait());
    }};
    std::atomic<int> calls{0};
    std::atomic<bool> early{false};
    std::vector<channel_ptr> channels;
    for (int i = 0; i != 50; ++i)
        channels.push_back(loop.create_channel([&](time_point at, time_point deadline) {
            ++calls;
            if (at < deadline || now() < deadline) early = true;
            return (deadline == time_point{} ? at : deadline) + 1ms;
        }));
    BOOST_TEST(comes_true([&] { return calls > 1000; }));
    for (const auto& channel : channels) BOOST_TEST(channel->close());
    BOOST_TEST(comes_true([&] { return loop.stats().channels == 0; }));
    std::atomic<bool> again{false};
    const auto last = loop.create_channel([&](time_point, time_point) {
        again = true;
        return next_call{};
    });
    BOOST_TEST(comes_true([&] { return again.load(); }));
    loop.shutdown();
    server.join();
    BOOST_TEST(!early);
    BOOST_TEST(!last->is_open());
    BOOST_CHECK_THROW(loop.create_channel([](time_point, time_point) { return next_call{}; }),
                      boost::system::system_error);
    BOOST_TEST(!loop.serve());
    BOOST_TEST(!loop.wait());
}
