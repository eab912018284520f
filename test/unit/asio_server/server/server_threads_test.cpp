// A server under several threads, and under handlers that block.
#include <boost/test/unit_test.hpp>

#include "../effort.hpp"
#include "any_server.hpp"
#include "latch.hpp"

#include <atomic>
#include <tuple>

using namespace rtpsynth::asio_server;
namespace asio = boost::asio;
using namespace std::chrono_literals;
using std::chrono::steady_clock;

namespace {

constexpr auto ignore = [](rtp_channel&, const datagram_view&) {};

} // namespace

BOOST_AUTO_TEST_CASE(shutdown_from_anywhere_any_number_of_times) {
    for (int round = 0; round != effort(60); ++round) {
        std::atomic<int> wrong{0};
        any_server s{round % 2 == 0};
        std::vector<std::shared_ptr<rtp_channel>> channels;
        const auto handlers = std::make_shared<int>(); // known to those that are left
        for (int i = 0; i != 4; ++i)
            channels.push_back(s.server->create_channel(
                on_loopback(),
                [&wrong, handlers, server = s.server.get()](rtp_channel& c, const datagram_view&) {
                    server->shutdown();
                    if (c.is_open()) ++wrong;
                    server->shutdown();
                }));
        for (const auto& c : channels) std::ignore = c->set_target(channels[0]->local_endpoint());
        latch go{4};
        std::atomic<int> closed{0}, refused{0};
        std::vector<std::thread> threads;
        for (int t = 0; t != 3; ++t)
            threads.emplace_back([&, t] {
                go.arrive_and_wait();
                if (t == 2) std::ignore = channels[1]->try_send(bytes("from a handler, too"));
                s.server->shutdown();
                for (const auto& c : channels) closed += !c->is_open();
                s.server->shutdown();
            });
        threads.emplace_back([&] {
            go.arrive_and_wait();
            for (int i = 0; i != 50; ++i) try {
                    const auto c = s.server->create_channel(on_loopback(), ignore);
                    if (refused) ++wrong;
                } catch (const boost::system::system_error& e) {
                    ++(e.code() == error::operation_aborted ? refused : wrong);
                }
        });
        for (auto& t : threads) t.join();
        BOOST_REQUIRE(eventually([&] { return handlers.use_count() == 1; }));
        BOOST_TEST(closed == 12);
        BOOST_TEST(wrong == 0);
        BOOST_TEST(s.server->stats().open_channels == 0);
        check_accounts(s.server->stats().channels);
    }
}

// The second of two that close at the same time does not return before it is done, either.
BOOST_AUTO_TEST_CASE(the_port_is_free_when_any_close_returns) {
    rtp_server server{immediate()};
    udp::endpoint where = on_own_port().bind;
    for (int round = 0; round != effort(300); ++round) {
        const auto channel = reopen(server, where, ignore);
        where = channel->local_endpoint();
        latch go{2};
        std::atomic<int> first{0};
        std::thread other{[&] {
            go.arrive_and_wait();
            first += channel->close();
        }};
        go.arrive_and_wait();
        first += channel->close();
        BOOST_REQUIRE_NO_THROW(reopen(server, where, ignore));
        other.join();
        BOOST_TEST(first == 1);
    }
}

// ... nor does shutdown, if it is another thread that destroys the channel.
BOOST_AUTO_TEST_CASE(the_port_is_free_when_shutdown_returns) {
    rtp_server next{immediate()};
    udp::endpoint where = on_own_port().bind;
    for (int round = 0; round != effort(500); ++round) {
        rtp_server server{immediate()};
        auto channel = reopen(server, where, ignore);
        where = channel->local_endpoint();
        latch go{2};
        std::thread other{[&] {
            go.arrive_and_wait();
            channel.reset();
        }};
        go.arrive_and_wait();
        server.shutdown();
        BOOST_TEST(server.stats().open_channels == 0);
        BOOST_CHECK_NO_THROW(reopen(next, where, ignore)->close());
        other.join();
    }
}

// Its calls may begin before create_channel returned, which is no reason to fail.
BOOST_AUTO_TEST_CASE(a_handler_may_close_its_channel_before_create_channel_returned) {
    rtp_server server{immediate()}, other{immediate()};
    const auto sender = other.create_channel(on_loopback(), ignore);
    const auto closes = [](rtp_channel& c, const datagram_view&) { c.close(); };
    udp::endpoint where = on_own_port().bind;
    where = server.create_channel({.bind = where}, closes)->local_endpoint();
    std::atomic<bool> stop{false};
    std::thread floods{[&] {
        while (!stop) std::ignore = sender->try_send_to(bytes("x"), where);
    }};
    for (int round = 0; round != effort(1000); ++round) {
        std::shared_ptr<rtp_channel> channel;
        BOOST_REQUIRE_NO_THROW(channel = reopen(server, where, closes));
        if (round % 2) BOOST_REQUIRE(eventually([&] { return !channel->is_open(); }));
        channel->close();
    }
    stop = true;
    floods.join();
}

// With a tick of 10 s, what is queued while it shuts down must not have it wait for that.
BOOST_AUTO_TEST_CASE(shutdown_does_not_wait_for_a_tick) {
    for (int round = 0; round != effort(200); ++round) {
        rtp_server server{{.tick = 10s}};
        std::vector<std::shared_ptr<rtp_channel>> channels;
        for (int i = 0; i != 8; ++i) {
            channels.push_back(server.create_channel(on_loopback(), ignore));
            std::ignore = channels.back()->set_target(channels[0]->local_endpoint());
        }
        std::atomic<bool> go{false};
        std::thread sends{[&] {
            while (!go) {
            }
            for (const auto& c : channels) std::ignore = c->try_send(bytes("x"));
        }};
        const auto begin = steady_clock::now();
        go = true;
        server.shutdown();
        BOOST_REQUIRE((steady_clock::now() - begin < 8s));
        sends.join();
        check_accounts(server.stats().channels);
    }
}

BOOST_AUTO_TEST_CASE(a_handler_that_blocks_delays_nobody_elses_calls) {
    for (const bool own_thread : {true, false}) {
        latch entered{1}, release{1};
        any_server s{own_thread};
        const auto blocked =
            s.server->create_channel(on_loopback(), [&](rtp_channel&, const datagram_view&) {
                entered.count_down();
                release.wait();
            });
        const auto other = s.server->create_channel(on_loopback(), ignore);
        const auto reads = s.server->create_channel(on_loopback());
        const auto refs = s.server->create_channel(on_loopback(), ignore);
        for (const auto& c : {blocked, other, reads, refs})
            std::ignore = c->set_target(blocked->local_endpoint());
        BOOST_TEST(!other->try_send(bytes("x")));
        entered.wait();
        std::promise<bool> all;
        std::thread caller{[&] {
            bool good = true;
            std::weak_ptr<rtp_channel> gone;
            for (const auto& c : {blocked, other, reads})
                good = good && !c->try_send(bytes("y")) && c->is_open() &&
                       c->stats().accepted != 0 && c->receive_buffer_size() != 0 &&
                       !c->set_target(c->local_endpoint());
            good = good && s.server->stats().open_channels == 4;
            reads->async_receive([](error_code, const datagram&) {});
            reads->cancel();
            auto made = s.server->create_channel(on_loopback(), ignore);
            good = good && made->is_open() && made->close();
            made = s.server->create_channel(on_loopback(), ignore);
            gone = made;
            made.reset();
            good = good && gone.expired();
            for (const auto& c : {other, blocked, reads}) good = good && c->close();
            const auto where = blocked->local_endpoint();
            good = good && reopen(*s.server, where, ignore)->is_open();
            all.set_value(good);
        }};
        auto done = all.get_future();
        BOOST_TEST((done.wait_for(patience) == std::future_status::ready));
        release.count_down();
        caller.join();
        BOOST_TEST(done.get());
        s.server->shutdown();
        check_accounts(s.server->stats().channels);
    }
}

BOOST_AUTO_TEST_CASE(descriptors_and_threads_are_released) {
    { const rtp_server warm{immediate()}; }
    const long descriptors_before = descriptors();
    const long threads_before = threads(); // or one more: joined, and not yet removed
    for (int round = 0; round != 20; ++round) {
        any_server s{round % 2 == 0, round % 3 ? immediate() : server_options{.tick = 1ms}};
        std::vector<std::shared_ptr<rtp_channel>> channels;
        for (int i = 0; i != 20; ++i) {
            channels.push_back(i % 2 ? s.server->create_channel(on_loopback())
                                     : s.server->create_channel(on_loopback(), ignore));
            std::ignore = channels.back()->try_send_to(bytes("x"), channels[0]->local_endpoint());
            if (i % 2) channels.back()->async_receive([](error_code, const datagram&) {});
        }
        if (round % 4 == 0) s.server->shutdown();
        if (round % 4 == 1) s.server.reset(); // channels outlive it
        if (round % 4 == 2) channels.clear();
    }
    BOOST_TEST(eventually([&] { return descriptors() == descriptors_before; }));
    BOOST_TEST(eventually([&] { return threads() <= threads_before; }));
}
