// The seam: what both backends have to do alike.
#include <boost/test/unit_test.hpp>

#include "async_tools.hpp"
#include "backend.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <memory>
#include <vector>

using namespace rtpsynth::asio_server;
using namespace rtpsynth::asio_server::detail;
using std::chrono::steady_clock;

namespace {

/// A set on a context that the test runs, and what it reported.
struct watcher {
    boost::asio::io_context context;
    boost::asio::any_io_executor executor{context.get_executor()}; // to which the set refers
    detail::alarm bell{executor};
    ready_set set{executor, bell, [] {}};
    receive_buffers buffers;
    std::vector<ready_event> seen;
    error_code ended;
    bool waits = false;

    void wait() {
        waits = true;
        set.async_wait([this](error_code ec) {
            waits = false;
            ended = ec;
            if (ec) return;
            std::array<ready_event, 4> room;
            const auto events = set.poll(room);
            seen.insert(seen.end(), events.begin(), events.end());
        });
    }
    /// Waits until something was reported that is as \p wanted says.
    template <class Wanted>
    bool sees(Wanted wanted) {
        return run_until(context, [&] {
            if (!waits) wait();
            return std::any_of(seen.begin(), seen.end(), wanted);
        });
    }
    /// Whether nothing is reported any more.
    bool is_quiet() {
        settle(context);
        seen.clear();
        if (!waits) wait();
        settle(context);
        return seen.empty();
    }
    std::string read(udp_socket& s) {
        error_code ec;
        const auto got = s.receive(buffers, 1, steady_clock::now(), ec);
        return got.empty() ? ec.message() : text(got[0].data);
    }
};

auto readable(std::uint64_t token) {
    return [token](const ready_event& e) { return e.token == token && e.readable; };
}

void send(udp_socket& from, std::string_view what, udp_socket& to) {
    const auto sent = from.send(bytes(what), what.size(), 1, to.local_endpoint());
    BOOST_TEST(sent.sent == 1U);
    BOOST_TEST(!sent.error);
}

} // namespace

BOOST_AUTO_TEST_CASE(a_socket_is_reported_until_it_is_empty) {
    watcher w;
    udp_socket a{w.context.get_executor(), on_loopback()};
    udp_socket b{w.context.get_executor(), on_loopback()};
    BOOST_REQUIRE(!w.set.add(a, {.readable = true}, 7));
    BOOST_REQUIRE(!w.set.add(b, {.readable = true}, 8));
    BOOST_TEST(w.is_quiet());
    send(b, "1", a);
    send(b, "2", a);
    for (const auto* const datagram : {"1", "2"}) {
        w.seen.clear();
        BOOST_TEST(w.sees(readable(7)));
        BOOST_TEST(w.read(a) == datagram);
        w.set.rearm(a);
    }
    BOOST_TEST(w.is_quiet());
    error_code ec;
    BOOST_TEST(a.receive(w.buffers, 1, steady_clock::now(), ec).empty());
    BOOST_TEST(ec == error::would_block);
    send(a, "3", b);
    BOOST_TEST(w.sees(readable(8)));
}

BOOST_AUTO_TEST_CASE(events_that_are_not_wanted_are_not_reported) {
    watcher w;
    udp_socket a{w.context.get_executor(), on_loopback()};
    udp_socket b{w.context.get_executor(), on_loopback()};
    BOOST_REQUIRE(!w.set.add(a, {}, 7));
    send(b, "1", a);
    BOOST_TEST(w.is_quiet());
    BOOST_REQUIRE(!w.set.modify(a, {.readable = true}, 7));
    BOOST_TEST(w.sees(readable(7)));
    BOOST_REQUIRE(!w.set.modify(a, {}, 7));
    w.set.rearm(a);
    BOOST_TEST(w.is_quiet());
    BOOST_REQUIRE(!w.set.modify(a, {.writable = true}, 7));
    BOOST_TEST(w.sees([](const ready_event& e) { return e.token == 7 && e.writable; }));
}

BOOST_AUTO_TEST_CASE(more_are_ready_than_there_is_room_for) {
    watcher w;
    std::deque<udp_socket> all;
    for (std::uint64_t i = 0; i != 10; ++i) {
        all.emplace_back(w.context.get_executor(), on_loopback());
        BOOST_REQUIRE(!w.set.add(all.back(), {.readable = true}, i + 1));
    }
    for (auto& s : all) send(all.front(), "x", s);
    for (std::uint64_t i = 0; i != 10; ++i) {
        BOOST_TEST(w.sees(readable(i + 1)));
        BOOST_TEST(w.read(all[i]) == "x");
        w.set.rearm(all[i]);
    }
    BOOST_TEST(w.is_quiet());
}

BOOST_AUTO_TEST_CASE(a_socket_that_was_removed_is_not_reported) {
    watcher w;
    udp_socket b{w.context.get_executor(), on_loopback()};
    {
        udp_socket a{w.context.get_executor(), on_loopback()};
        BOOST_REQUIRE(!w.set.add(a, {.readable = true}, 7));
        send(b, "x", a);
        w.set.remove(a);
    }
    settle(w.context);
    BOOST_TEST(w.is_quiet());
}

BOOST_AUTO_TEST_CASE(the_alarm_goes_off_once_a_while_after_it_was_set) {
    watcher w;
    for (int i = 0; i != 3; ++i) {
        w.seen.clear();
        const auto begin = steady_clock::now();
        w.bell.ring();
        w.bell.ring();
        BOOST_TEST(w.sees(readable(alarm_token)));
        BOOST_TEST((steady_clock::now() - begin >= detail::alarm::delay));
        w.bell.take();
        BOOST_TEST(w.is_quiet());
    }
}

BOOST_AUTO_TEST_CASE(handlers_of_a_set_may_own_its_alarm) {
    std::weak_ptr<detail::alarm> kept;
    {
        boost::asio::io_context context;
        const boost::asio::any_io_executor executor{context.get_executor()};
        const auto bell = std::make_shared<detail::alarm>(executor);
        kept = bell;
        ready_set set{executor, *bell, [bell] {}};
        udp_socket a{executor, on_loopback()};
        BOOST_REQUIRE(!set.add(a, {.readable = true}, 7));
        set.async_wait([bell](error_code) {});
        bell->ring();
        settle(context);
    }
    BOOST_TEST(kept.expired());
}

BOOST_AUTO_TEST_CASE(a_deadline_that_many_waits_have_is_kept,
                     *needs::that(ready_set::waits, "waits for the sockets itself")) {
    using namespace std::chrono_literals;
    boost::asio::io_context context;
    const boost::asio::any_io_executor executor{context.get_executor()};
    detail::alarm bell{executor};
    waker knocker{executor};
    ready_set set{executor, bell, [] {}, &knocker};
    receive_buffers buffers;
    udp_socket a{executor, on_loopback()};
    udp_socket b{executor, on_loopback()};
    BOOST_REQUIRE(!set.add(a, {.readable = true}, 7));
    std::array<ready_event, 4> room;
    for (int round = 0; round != 3; ++round) {
        // The first deadline is never reached, although a timer may have been set to it.
        auto deadline = steady_clock::now();
        using rtpsynth::duration;
        for (const duration longest : {duration{24h}, duration{100ms}}) {
            deadline = steady_clock::now() + longest;
            for (int i = 0; i != 10; ++i) {
                send(b, "x", a);
                std::span<ready_event> events;
                while (events.empty() && steady_clock::now() < deadline)
                    events = set.wait(room, deadline);
                if (events.empty()) break; // a machine that stood still
                BOOST_TEST(events[0].token == 7U);
                error_code ec;
                BOOST_TEST(text(a.receive(buffers, 1, steady_clock::now(), ec)[0].data) == "x");
            }
        }
        int waits = 0;
        for (; steady_clock::now() < deadline; ++waits)
            BOOST_TEST(set.wait(room, deadline).empty());
        BOOST_TEST(waits < 1000); // it waits, and does not only ask
    }
    // A timer that has gone off does not end later waits.
    int waits = 0;
    for (const auto until = steady_clock::now() + 20ms; steady_clock::now() < until; ++waits)
        BOOST_TEST(set.wait(room, steady_clock::now() + 1ms).empty());
    BOOST_TEST(waits < 1000);
}

BOOST_AUTO_TEST_CASE(the_end_completes_the_wait_and_leaves_no_work) {
    watcher w;
    w.wait();
    settle(w.context);
    BOOST_TEST(w.waits);
    w.set.close();
    BOOST_TEST(run_out(w.context));
    BOOST_TEST(!w.waits);
    BOOST_TEST(w.ended == error::operation_aborted);
}
