#include <boost/test/unit_test.hpp>

#include "rtp_proc_tools.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

// What a schedule promises, on a context that the test itself runs.

using namespace rtp_proc_test;

namespace {

struct on_context {
    boost::asio::io_context context;
    std::optional<rtp_proc> proc{std::in_place, context.get_executor()};

    bool until(const std::function<bool()>& condition) { return run_until(context, condition); }
    bool out() { return run_out(context); }
};

bool is_aborted(const boost::system::system_error& e) {
    return e.code() == boost::asio::error::operation_aborted;
}

struct call {
    time_point now, deadline;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(schedule, on_context)

BOOST_AUTO_TEST_CASE(calls_at_once_and_not_from_inside_create_channel) {
    std::vector<call> calls;
    const auto before = now();
    const auto c = proc->create_channel([&](time_point t, time_point deadline) -> next_call {
        calls.push_back({t, deadline});
        return std::nullopt;
    });
    BOOST_TEST(calls.empty());
    BOOST_TEST(out());
    BOOST_TEST_REQUIRE(calls.size() == 1U);
    BOOST_TEST((calls[0].deadline == time_point{}));
    BOOST_TEST((calls[0].now >= before && calls[0].now <= now()));
    BOOST_TEST(c->is_open()); // an ended schedule still is
    BOOST_TEST(proc->stats().channels == 1U);
    BOOST_TEST(proc->stats().calls == 1U);
    BOOST_TEST(proc->stats().lateness.count() == 0U);
}

BOOST_AUTO_TEST_CASE(is_never_early_and_gives_back_the_very_deadline) {
    std::mt19937 random{1};
    std::vector<call> calls;
    std::vector<time_point> given{time_point{}};
    std::vector<channel_ptr> all;
    constexpr std::size_t n = 400;
    bool early = false;
    const auto c = proc->create_channel([&](time_point t, time_point deadline) -> next_call {
        early = early || t < deadline || now() < t;
        calls.push_back({t, deadline});
        if (calls.size() == n) return std::nullopt;
        given.push_back(now() + duration{std::uniform_int_distribution{1, 3'000'000}(random)});
        return given.back();
    });
    BOOST_TEST(out());
    BOOST_TEST(!early);
    BOOST_TEST_REQUIRE(calls.size() == n);
    for (std::size_t i = 0; i != n; ++i) BOOST_TEST((calls[i].deadline == given[i]));
    const auto stats = proc->stats();
    BOOST_TEST(stats.calls == n);
    BOOST_TEST(stats.overdue + stats.lateness.count() == n - 1);
}

BOOST_AUTO_TEST_CASE(does_not_drift) {
    constexpr int n = 500;
    constexpr duration odd = 1'000'003ns;
    time_point first{}, last{};
    int calls = 0;
    const auto c = proc->create_channel([&](time_point t, time_point deadline) -> next_call {
        if (calls == 0) first = deadline = t;
        last = deadline;
        return calls++ == n ? next_call{} : deadline + odd;
    });
    BOOST_TEST(out());
    BOOST_TEST((last - first == n * odd));
}

BOOST_AUTO_TEST_CASE(the_past_means_now_and_the_end_of_time_never) {
    const std::vector<time_point> given{time_point{}, time_point{1ns}, time_point::min(),
                                        now() - 1h,   now(),           time_point::max()};
    std::vector<time_point> got;
    const auto c = proc->create_channel([&](time_point, time_point deadline) -> next_call {
        got.push_back(deadline);
        return given[got.size() - 1];
    });
    BOOST_TEST(out()); // it does not even wait for the end of time
    BOOST_TEST_REQUIRE(got.size() == given.size());
    BOOST_TEST(std::equal(got.begin() + 1, got.end(), given.begin(), given.end() - 1));
    BOOST_TEST(proc->stats().overdue == given.size() - 1);
    BOOST_TEST(proc->stats().lateness.count() == 0U);
}

BOOST_AUTO_TEST_CASE(calls_in_order_of_deadline) {
    std::mt19937 random{2};
    std::vector<int> offsets(500), order;
    for (auto& o : offsets) o = std::uniform_int_distribution{0, 30'000'000}(random);
    // A deadline that is past when it is given has no place in the order: as far ahead as it takes
    // on this machine for all to have been given.
    bool in_time = false;
    for (duration ahead = 20ms; !in_time; ahead *= 2) {
        const auto base = now() + ahead;
        in_time = true;
        order.clear();
        std::vector<channel_ptr> all;
        for (const int o : offsets)
            all.push_back(
                proc->create_channel([&, o](time_point, time_point deadline) -> next_call {
                    if (deadline != time_point{}) {
                        order.push_back(o);
                        return std::nullopt;
                    }
                    in_time = in_time && now() < base;
                    return base + duration{o};
                }));
        BOOST_TEST(out());
    }
    std::sort(offsets.begin(), offsets.end());
    BOOST_TEST(order.size() == offsets.size());
    // A handler that the system interrupts may be passed by those whose calls are shorter.
    std::size_t astray = 0;
    for (std::size_t i = 1; i < order.size(); ++i) astray += order[i] < order[i - 1];
    BOOST_TEST(astray <= order.size() / 10);
}

BOOST_AUTO_TEST_CASE(keeps_what_is_thrown_and_unschedules) {
    int calls = 0, others = 0;
    const auto bad = proc->create_channel([&](time_point t, time_point) -> next_call {
        if (++calls == 3) throw std::runtime_error{"three"};
        return t + 1ms;
    });
    const auto worse = proc->create_channel([](time_point, time_point) -> next_call { throw 7; });
    const auto good = proc->create_channel([&](time_point t, time_point) -> next_call {
        return ++others == 20 ? next_call{} : t + 1ms;
    });
    BOOST_TEST(!bad->exception());
    BOOST_TEST(out());
    BOOST_TEST(calls == 3);
    BOOST_TEST(others == 20);
    BOOST_TEST(proc->stats().exceptions == 2U);
    BOOST_TEST(bad->is_open());
    BOOST_TEST(!good->exception());
    BOOST_CHECK_EXCEPTION(std::rethrow_exception(bad->exception()), std::runtime_error,
                          [](const auto& e) { return e.what() == std::string{"three"}; });
    BOOST_CHECK_THROW(std::rethrow_exception(worse->exception()), int);
    BOOST_TEST(bad->close());
    BOOST_TEST(!!bad->exception());
}

BOOST_AUTO_TEST_CASE(ids_are_unique) {
    const auto a = proc->create_channel([](time_point, time_point) { return next_call{}; });
    const auto b = proc->create_channel([](time_point, time_point) { return next_call{}; });
    BOOST_TEST(a->id() >= 1U);
    BOOST_TEST(b->id() > a->id());
}

BOOST_AUTO_TEST_CASE(takes_handlers_that_only_move_and_that_return_a_time) {
    auto owned = std::make_unique<int>(5);
    int got = 0;
    const auto c = proc->create_channel([&got, o = std::move(owned)](time_point, time_point) {
        got += *o;
        return time_point::max();
    });
    BOOST_TEST(out());
    BOOST_TEST(got == 5);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(closing, on_context)

BOOST_AUTO_TEST_CASE(before_the_first_call) {
    const auto token = std::make_shared<int>();
    int calls = 0;
    const auto c = proc->create_channel([&, token](time_point, time_point) {
        ++calls;
        return next_call{};
    });
    BOOST_TEST(token.use_count() == 2);
    BOOST_TEST(c->close());
    BOOST_TEST(token.use_count() == 1);
    BOOST_TEST(!c->is_open());
    BOOST_TEST(!c->close());
    BOOST_TEST(proc->stats().channels == 0U);
    BOOST_TEST(out());
    BOOST_TEST(calls == 0);
}

BOOST_AUTO_TEST_CASE(while_it_waits_leaves_nothing_outstanding) {
    int calls = 0;
    auto c = proc->create_channel([&](time_point t, time_point) {
        ++calls;
        return t + 1h;
    });
    BOOST_TEST(until([&] { return calls == 1; }));
    c.reset(); // closes
    BOOST_TEST(proc->stats().channels == 0U);
    // The wait that was begun is not ended for that, but an end of all ends it.
    proc->shutdown();
    BOOST_TEST(out());
    BOOST_TEST(calls == 1);
}

BOOST_AUTO_TEST_CASE(by_its_own_handler) {
    const auto token = std::make_shared<int>();
    channel_ptr c;
    int calls = 0;
    bool closed = false, again = true, kept = false;
    c = proc->create_channel([&, token](time_point, time_point) {
        ++calls;
        closed = c->close();
        again = c->close();
        kept = token.use_count() == 2; // not destroyed while it runs
        return time_point{};
    });
    BOOST_TEST(out());
    BOOST_TEST(calls == 1);
    BOOST_TEST((closed && !again && kept));
    BOOST_TEST(token.use_count() == 1);
}

BOOST_AUTO_TEST_CASE(by_dropping_the_last_reference_in_its_own_handler) {
    const auto token = std::make_shared<int>();
    channel_ptr c;
    int calls = 0;
    c = proc->create_channel([&, token](time_point, time_point) -> next_call {
        ++calls;
        c.reset();
        throw std::runtime_error{"nobody will know"};
    });
    BOOST_TEST(out());
    BOOST_TEST(calls == 1);
    BOOST_TEST(token.use_count() == 1);
    BOOST_TEST(proc->stats().exceptions == 1U);
}

BOOST_AUTO_TEST_CASE(by_another_handler_when_both_are_due) {
    constexpr std::size_t n = 100;
    const auto when = now() + 5ms;
    std::vector<channel_ptr> all(n);
    std::vector<int> calls(n), calls_when_closed(n, -1);
    for (std::size_t i = 0; i != n; ++i)
        all[i] = proc->create_channel([&, i](time_point, time_point deadline) -> next_call {
            ++calls[i];
            if (deadline == time_point{}) return when;
            for (std::size_t k = 0; k != n; ++k) // but for itself, the first of them wins
                if (k != i && all[k]->close()) calls_when_closed[k] = calls[k];
            return std::nullopt;
        });
    BOOST_TEST(out());
    int two = 0;
    for (std::size_t i = 0; i != n; ++i) {
        two += calls[i] == 2;
        if (calls_when_closed[i] >= 0) BOOST_TEST(calls[i] == calls_when_closed[i]);
    }
    BOOST_TEST(two == 1);
}

BOOST_AUTO_TEST_CASE(a_handler_that_keeps_its_own_channel_goes_with_shutdown) {
    const auto token = std::make_shared<int>();
    auto own = std::make_shared<channel_ptr>();
    *own = proc->create_channel([own, token](time_point, time_point) { return next_call{}; });
    own.reset();
    BOOST_TEST(out());
    BOOST_TEST(token.use_count() == 2);
    proc->shutdown();
    BOOST_TEST(token.use_count() == 1);
}

BOOST_AUTO_TEST_CASE(after_shutdown_nothing_is_made_or_called) {
    int calls = 0;
    const auto handler = [&](time_point t, time_point) {
        ++calls;
        return t + 1ms;
    };
    const auto c = proc->create_channel(handler);
    const auto fresh = proc->create_channel(handler);
    BOOST_TEST(until([&] { return calls > 10; }));
    const int before = calls;
    proc->shutdown();
    proc->shutdown();
    BOOST_TEST(!c->is_open());
    BOOST_TEST(!c->close());
    BOOST_CHECK_EXCEPTION(proc->create_channel(handler), boost::system::system_error, is_aborted);
    BOOST_TEST(proc->stats().channels == 0U);
    BOOST_TEST(out());
    BOOST_TEST(calls == before);
    proc.reset();
    BOOST_TEST(!c->is_open());
    BOOST_TEST(fresh->id() > c->id());
}

BOOST_AUTO_TEST_CASE(shutdown_and_destruction_from_inside_handlers) {
    const auto token = std::make_shared<int>();
    std::vector<channel_ptr> all;
    int calls = 0;
    for (int i = 0; i != 10; ++i)
        all.push_back(proc->create_channel([&, i, token](time_point, time_point) {
            ++calls;
            if (i == 3) proc->shutdown();
            return time_point{};
        }));
    BOOST_TEST(out());
    BOOST_TEST(calls == 4);
    BOOST_TEST(token.use_count() == 1);

    proc.emplace(context.get_executor());
    calls = 0;
    for (int i = 0; i != 10; ++i)
        all.push_back(proc->create_channel([&, i, token](time_point, time_point) {
            ++calls;
            if (i == 5) proc.reset();
            return time_point{};
        }));
    BOOST_TEST(out());
    BOOST_TEST(calls == 6);
    BOOST_TEST(token.use_count() == 1);
}

BOOST_AUTO_TEST_CASE(destructors_of_handlers_may_call_anything) {
    struct last_act {
        std::function<void()> act;
        last_act(std::function<void()> f) : act{std::move(f)} {}
        last_act(last_act&&) = default;
        ~last_act() {
            if (act) act();
        }
    };
    std::vector<channel_ptr> all;
    int refused = 0;
    const auto make = [&](std::function<void()> act) {
        all.push_back(proc->create_channel([l = std::make_unique<last_act>(std::move(act))](
                                               time_point, time_point) { return next_call{}; }));
    };
    make([&] { all[1]->close(); });
    make([&] {
        try {
            proc->create_channel([](time_point, time_point) { return next_call{}; });
        } catch (const boost::system::system_error&) {
            ++refused;
        }
    });
    make([&] { proc->shutdown(); });
    make([&] { make([] {}); });
    all[3]->close(); // makes another
    BOOST_TEST_REQUIRE(all.size() == 5U);
    proc->shutdown();
    BOOST_TEST(refused == 1);
    BOOST_TEST(out());
    for (const auto& c : all) BOOST_TEST(!c->is_open());
}

BOOST_AUTO_TEST_CASE(a_context_that_never_runs_loses_nothing) {
    const auto token = std::make_shared<int>();
    const auto handler = [token](time_point t, time_point) { return t + 1h; };
    auto c = proc->create_channel(handler);
    const auto d = proc->create_channel(handler);
    c.reset();
    BOOST_TEST(token.use_count() == 3); // this, its copy above, and d's
    proc.reset();
    BOOST_TEST(token.use_count() == 2); // leaks are for the sanitizer to find
    BOOST_TEST(!d->is_open());
}

BOOST_AUTO_TEST_SUITE_END()
