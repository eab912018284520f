#include <boost/test/unit_test.hpp>

#include "../effort.hpp"
#include "timer_wheel_model.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <memory>
#include <random>
#include <stdexcept>
#include <utility>
#include <vector>

namespace {

using namespace timer_wheel_test;
using ids = std::vector<int>;

// One call of advance(); each client's own function is called, if it has one.
ids fire(timer_wheel& wheel, time_point now, std::size_t budget = no_limit) {
    ids order;
    const auto done = wheel.advance(now, budget, [&](timer_wheel::timer& t) {
        auto& c = static_cast<client&>(t);
        BOOST_TEST(!c.armed());
        BOOST_TEST((c.deadline() <= now));
        order.push_back(c.id);
        if (const auto f = c.fired) f(); // a copy: it may destroy c
    });
    BOOST_TEST(done.fired == order.size());
    return order;
}

std::vector<std::unique_ptr<client>> make_clients(int n) {
    std::vector<std::unique_ptr<client>> all;
    for (int i = 0; i != n; ++i) all.push_back(std::make_unique<client>(i));
    return all;
}

ids first_numbers(int n) {
    ids all;
    for (int i = 0; i != n; ++i) all.push_back(i);
    return all;
}

} // namespace

BOOST_AUTO_TEST_SUITE(single)

BOOST_AUTO_TEST_CASE(fires_exactly_at_its_deadline) {
    timer_wheel wheel{at(0)};
    client c{7};
    BOOST_TEST(wheel.empty());
    BOOST_TEST(!wheel.next_deadline().has_value());
    BOOST_TEST(!c.armed());
    for (const std::int64_t ns : {1LL, 16'383LL, 16'384LL, 1'000'000LL, 20'000'000LL, 67'108'864LL,
                                  3'600'000'000'000LL, 1LL << 60}) {
        wheel.arm(c, at(ns));
        BOOST_TEST(c.armed());
        BOOST_TEST(!wheel.empty());
        BOOST_TEST((c.deadline() == at(ns)));
        BOOST_TEST((wheel.next_deadline() == at(ns)));
        BOOST_TEST(fire(wheel, at(ns - 1)) == ids{});
        BOOST_TEST(fire(wheel, at(ns)) == ids{7});
        BOOST_TEST(fire(wheel, at(ns)) == ids{});
        BOOST_TEST(wheel.empty());
        BOOST_TEST((c.deadline() == at(ns)));
    }
}

BOOST_AUTO_TEST_CASE(cancel_and_rearm) {
    timer_wheel wheel{at(0)};
    timer_wheel other{at(0)};
    client c{1};
    BOOST_TEST(!c.cancel());
    wheel.arm(c, at(100));
    BOOST_TEST(c.cancel());
    BOOST_TEST(!c.cancel());
    BOOST_TEST(wheel.empty());
    BOOST_TEST(!wheel.next_deadline().has_value());
    wheel.arm(c, at(200));
    wheel.arm(c, at(300));
    BOOST_TEST(fire(wheel, at(299)) == ids{});
    other.arm(c, at(400));
    BOOST_TEST(wheel.empty());
    BOOST_TEST(fire(wheel, at(1000)) == ids{});
    BOOST_TEST(fire(other, at(400)) == ids{1});
}

BOOST_AUTO_TEST_CASE(wheel_or_timer_may_be_destroyed_first) {
    auto wheel = std::make_unique<timer_wheel>(at(0));
    auto clients = make_clients(1000);
    std::mt19937 random{1};
    for (const auto& c : clients) wheel->arm(*c, at(random() % 1'000'000'000));
    clients.resize(900);
    fire(*wheel, at(0), 1);
    const auto next = wheel->next_deadline(); // some slots are heaps by now
    BOOST_TEST(next.has_value());
    wheel.reset();
    for (const auto& c : clients) BOOST_TEST(!c->armed());
    timer_wheel second{at(0)};
    for (const auto& c : clients) second.arm(*c, at(5));
    clients.clear();
    BOOST_TEST(second.empty());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(order)

BOOST_AUTO_TEST_CASE(fires_by_deadline_then_by_order_of_arming) {
    timer_wheel wheel{at(0)};
    auto clients = make_clients(6);
    const std::int64_t deadlines[] = {500, 100, 500, 100, 99, 70'000'000};
    for (std::size_t i = 0; i != clients.size(); ++i) wheel.arm(*clients[i], at(deadlines[i]));
    BOOST_TEST(fire(wheel, at(100'000'000)) == (ids{4, 1, 3, 0, 2, 5}));
}

BOOST_AUTO_TEST_CASE(equal_deadlines_armed_at_different_distances) {
    timer_wheel wheel{at(0)};
    auto clients = make_clients(50);
    const auto deadline = at(10'000'000'000);
    for (int i = 0; i != 50; ++i) { // from 10 s ahead to 10 ns ahead: several levels
        wheel.arm(*clients[static_cast<std::size_t>(i)], deadline);
        const auto left = deadline - (i < 1 ? at(0) : at(10'000'000'000 - (10'000'000'000 >> i)));
        fire(wheel, deadline - left / 2 - duration{1});
    }
    BOOST_TEST(fire(wheel, deadline) == first_numbers(50));
}

BOOST_AUTO_TEST_CASE(one_slot_with_100000_timers) {
    constexpr int n = 100'000;
    for (const bool equal : {true, false}) {
        timer_wheel wheel{at(0)};
        auto clients = make_clients(n);
        std::mt19937 random{2};
        for (const auto& c : clients) wheel.arm(*c, at(equal ? 16'000 : random() % 16'384));
        auto expected = first_numbers(n);
        std::stable_sort(expected.begin(), expected.end(), [&](int a, int b) {
            return clients[static_cast<std::size_t>(a)]->deadline() <
                   clients[static_cast<std::size_t>(b)]->deadline();
        });
        // Ordering the slot is bounded by the budget too, so some calls fire nothing.
        ids order;
        std::size_t idle = 0;
        bool more = true;
        while (more) {
            const auto done = wheel.advance(at(20'000), 100, [&](timer_wheel::timer& t) {
                order.push_back(static_cast<client&>(t).id);
            });
            BOOST_REQUIRE(done.fired <= 100);
            idle += done.fired == 0;
            more = done.more;
        }
        BOOST_TEST(idle >= 50U);
        BOOST_TEST((order == expected));
        BOOST_TEST(wheel.empty());
    }
}

BOOST_AUTO_TEST_CASE(rearming_the_first_again_and_again) {
    constexpr std::size_t n = effort(50'000); // quadratic work would take minutes
    timer_wheel wheel{at(0)};
    auto clients = make_clients(n);
    constexpr std::int64_t far = 30'000'000'000;
    for (std::size_t i = 0; i != n; ++i)
        wheel.arm(*clients[i], at(far + static_cast<std::int64_t>(i)));
    for (std::size_t i = 0; i != n; ++i) {
        BOOST_REQUIRE((wheel.next_deadline() == clients[i]->deadline()));
        wheel.arm(*clients[i], at(far + static_cast<std::int64_t>(n + i)));
    }
    BOOST_TEST((fire(wheel, latest) == first_numbers(n)));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(extremes)

BOOST_AUTO_TEST_CASE(whole_range_of_time) {
    const std::vector<std::int64_t> points{std::numeric_limits<std::int64_t>::min(),
                                           std::numeric_limits<std::int64_t>::min() + 1,
                                           -3'600'000'000'000,
                                           -1,
                                           0,
                                           1,
                                           1LL << 40,
                                           std::numeric_limits<std::int64_t>::max() - 1,
                                           std::numeric_limits<std::int64_t>::max()};
    timer_wheel wheel{earliest};
    auto clients = make_clients(static_cast<int>(points.size()));
    for (std::size_t i = points.size(); i-- > 0;) wheel.arm(*clients[i], at(points[i]));
    for (std::size_t i = 0; i != points.size(); ++i) {
        BOOST_TEST((wheel.next_deadline() == at(points[i])));
        if (i) BOOST_TEST(fire(wheel, at(points[i] - 1)) == ids{});
        BOOST_TEST(fire(wheel, at(points[i])) == ids{static_cast<int>(i)});
    }
    BOOST_TEST(wheel.empty());
}

BOOST_AUTO_TEST_CASE(all_at_once_and_from_the_last_moment) {
    timer_wheel wheel{latest};
    client a{1};
    client b{2};
    wheel.arm(a, earliest);
    wheel.arm(b, latest);
    BOOST_TEST(fire(wheel, at(0)) == ids{});
    BOOST_TEST(fire(wheel, latest) == (ids{1, 2}));
}

BOOST_AUTO_TEST_CASE(long_idle_then_short_timers) {
    timer_wheel wheel{at(0)};
    client c{1};
    for (std::int64_t now = 0; now < 1LL << 60; now = now * 3 + 1'000'003) {
        BOOST_TEST(fire(wheel, at(now)) == ids{});
        wheel.arm(c, at(now + 20'000'000));
        BOOST_TEST(fire(wheel, at(now + 19'999'999)) == ids{});
        BOOST_TEST(fire(wheel, at(now + 20'000'000)) == ids{1});
    }
}

BOOST_AUTO_TEST_CASE(time_runs_backwards) {
    timer_wheel wheel{at(1'000'000'000)};
    client a{1};
    client b{2};
    client c{3};
    wheel.arm(a, at(1'000'000'500));
    BOOST_TEST(fire(wheel, at(-5)) == ids{});
    wheel.arm(b, at(500));
    wheel.arm(c, at(400));
    BOOST_TEST((wheel.next_deadline() == at(400)));
    BOOST_TEST(fire(wheel, at(399)) == ids{});
    BOOST_TEST(fire(wheel, at(400)) == ids{3});
    BOOST_TEST(fire(wheel, at(1'000'000'500)) == (ids{2, 1}));
}

BOOST_AUTO_TEST_CASE(budget_of_zero) {
    timer_wheel wheel{at(0)};
    client c{1};
    BOOST_TEST(!wheel.advance(at(5), 0, [](timer_wheel::timer&) {}).more);
    wheel.arm(c, at(10));
    BOOST_TEST(!wheel.advance(at(9), 0, [](timer_wheel::timer&) {}).more);
    BOOST_TEST(wheel.advance(at(10), 0, [](timer_wheel::timer&) {}).more);
    BOOST_TEST(c.armed());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(inside_the_visitor)

BOOST_AUTO_TEST_CASE(visitor_rearms_its_timer) {
    for (const std::int64_t next : {-1'000'000'000LL, 99LL, 100LL, 101LL, 150LL, 1'000'000LL}) {
        timer_wheel wheel{at(0)};
        client c{1};
        client other{2};
        c.fired = [&] { wheel.arm(c, at(next)); };
        wheel.arm(c, at(50));
        wheel.arm(other, at(100));
        BOOST_TEST(fire(wheel, at(100)) == (ids{1, 2}));
        BOOST_TEST(c.armed());
        const auto counted = std::max(at(next), at(100));
        BOOST_TEST((c.deadline() == counted));
        BOOST_TEST((wheel.next_deadline() == counted));
        if (counted > at(100)) BOOST_TEST(fire(wheel, counted - duration{1}) == ids{});
        BOOST_TEST(fire(wheel, counted) == ids{1});
    }
}

BOOST_AUTO_TEST_CASE(visitor_cancels_destroys_and_rearms_due_timers) {
    timer_wheel wheel{at(0)};
    auto clients = make_clients(100);
    for (const auto& c : clients) wheel.arm(*c, at(10 + c->id));
    clients[0]->fired = [&] {
        for (std::size_t i = 1; i <= 20; ++i) clients[i]->cancel();
        for (std::size_t i = 21; i <= 60; ++i) clients[i].reset();
        wheel.arm(*clients[61], at(1'000));
        wheel.arm(*clients[62], at(0));
        clients[0].reset(); // itself
    };
    ids expected;
    for (int i = 63; i != 100; ++i) expected.push_back(i);
    expected.insert(expected.begin(), 0);
    BOOST_TEST(fire(wheel, at(500)) == expected);
    BOOST_TEST(fire(wheel, at(500)) == ids{62});
    BOOST_TEST(fire(wheel, at(1'000)) == ids{61});
}

BOOST_AUTO_TEST_CASE(visitor_destroys_all_timers) {
    timer_wheel wheel{at(0)};
    auto clients = make_clients(1000);
    for (const auto& c : clients) wheel.arm(*c, at(c->id % 10 * 5'000));
    clients[500]->fired = [&] { clients.clear(); };
    BOOST_TEST(fire(wheel, at(1'000'000)).back() == 500);
    BOOST_TEST(wheel.empty());
}

BOOST_AUTO_TEST_CASE(visitor_advances_the_wheel) {
    timer_wheel wheel{at(0)};
    client a{1};
    client b{2};
    a.fired = [&] {
        const auto done =
            wheel.advance(at(50), no_limit, [](timer_wheel::timer&) { BOOST_FAIL("nested"); });
        BOOST_TEST(done.fired == 0U);
        BOOST_TEST(!done.more);
        BOOST_TEST((wheel.next_deadline() == at(20)));
    };
    wheel.arm(a, at(10));
    wheel.arm(b, at(20));
    BOOST_TEST(fire(wheel, at(30)) == (ids{1, 2}));
}

BOOST_AUTO_TEST_CASE(visitor_throws) {
    timer_wheel wheel{at(0)};
    auto clients = make_clients(3);
    for (const auto& c : clients) wheel.arm(*c, at(c->id));
    clients[1]->fired = [] { throw std::runtime_error{"visitor"}; };
    BOOST_CHECK_THROW(fire(wheel, at(10)), std::runtime_error);
    BOOST_TEST(!clients[1]->armed());
    BOOST_TEST((wheel.next_deadline() == at(2)));
    BOOST_TEST(fire(wheel, at(10)) == ids{2});
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(fairness)

BOOST_AUTO_TEST_CASE(overdue_clients_do_not_starve_others) {
    // 10 clients ask for the past each time they are called, one wants 10 ms, and a call serves 4.
    timer_wheel wheel{at(0)};
    auto clients = make_clients(11);
    std::vector<int> calls(11);
    std::int64_t now = 0;
    std::int64_t worst = 0;
    for (const auto& c : clients) {
        c->fired = [&, c = c.get()] {
            ++calls[static_cast<std::size_t>(c->id)];
            if (c->id < 10) {
                wheel.arm(*c, earliest);
            } else {
                worst =
                    std::max<std::int64_t>(worst, now - c->deadline().time_since_epoch().count());
                wheel.arm(*c, c->deadline() + std::chrono::milliseconds{10});
            }
        };
        wheel.arm(*c, at(0));
    }
    for (; now < 1'000'000'000; now += 1'000'000) {
        BOOST_REQUIRE(fire(wheel, at(now), 4).size() == 4);
        BOOST_REQUIRE((wheel.next_deadline() <= at(now)));
    }
    const auto overdue = std::minmax_element(calls.begin(), calls.begin() + 10);
    BOOST_TEST(*overdue.second - *overdue.first <= 1);
    BOOST_TEST(calls[10] == 100);
    BOOST_TEST(worst <= 3'000'000); // one round of the others
}

BOOST_AUTO_TEST_CASE(unlimited_budget_ends) {
    timer_wheel wheel{at(0)};
    client c{1};
    c.fired = [&] { wheel.arm(c, earliest); };
    wheel.arm(c, at(0));
    for (int i = 0; i != 10; ++i) BOOST_TEST(fire(wheel, at(0)) == ids{1});
    BOOST_TEST(
        wheel.advance(at(0), no_limit, [&](timer_wheel::timer&) { wheel.arm(c, at(0)); }).more);
}

// Timers that are not due cost nothing, and an ordered crowd of timers is spread in steps.
BOOST_AUTO_TEST_CASE(budget_bounds_the_work_too) {
    timer_wheel wheel{at(0)};
    const auto crowd = make_clients(10'000);
    for (const auto& c : crowd) wheel.arm(*c, at(1'000'000'000 + c->id));
    const auto none = [](timer_wheel::timer&) {};
    BOOST_TEST(!wheel.advance(at(1'000), 1, none).more);
    for (const auto& c : crowd) {
        wheel.arm(*c, at(2'000));
        BOOST_TEST((wheel.next_deadline() == at(2'000)));
    }
    const auto first = wheel.advance(at(2'000), 1, none);
    BOOST_TEST((first.fired == 1 && first.more)); // and now 9,999 without an order
    const auto second = wheel.advance(at(2'000), 1, none);
    BOOST_TEST((second.fired == 0 && second.more));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(model)

BOOST_AUTO_TEST_CASE(random_operations) {
    std::size_t fired = 0;
    for (unsigned seed = 1; seed <= 12; ++seed) {
        const std::size_t sizes[] = {1, 5, 60, 2'000};
        pair_of_wheels wheels{seed, sizes[seed % 4]};
        for (int i = 0; i != effort(125'000); ++i) wheels.step();
        fired += wheels.fired();
    }
    BOOST_TEST(fired > effort(100'000U));
}

BOOST_AUTO_TEST_SUITE_END()
