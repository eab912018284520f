#include <boost/test/unit_test.hpp>

#include "async_tools.hpp"
#include "channel/frame_receiver_fixture.hpp"

#include <rtpsynth/asio_server/proc/rtp_proc.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/system_executor.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

// An application destroys its context before, between or after what runs on it. Nothing crashes or
// leaks, no handler is called, and what is left fails what it is asked. Run under AddressSanitizer
// and ThreadSanitizer.

using namespace rtpsynth;
using namespace rtpsynth::asio_server;
namespace asio = boost::asio;

namespace {

// Everything there is, with something outstanding on each.
struct everything {
    std::shared_ptr<int> held = std::make_shared<int>(); // by each handler
    int called = 0;
    asio::cancellation_signal signal;

    std::unique_ptr<asio::io_context> context = std::make_unique<asio::io_context>();
    std::unique_ptr<rtp_server> server, ticking;
    std::shared_ptr<rtp_channel> reader, sender, handled, queued, closing;
    std::unique_ptr<frame_receiver> awaited, by_handler;
    std::unique_ptr<rtp_proc> proc;
    std::shared_ptr<rtp_proc_channel> waiting, due;
    std::size_t before = 0; // references to `held` that nothing pending has

    auto count() {
        return [this, kept = held](const auto&...) { ++called; };
    }

    everything() {
        server = std::make_unique<rtp_server>(*context, immediate());
        ticking = std::make_unique<rtp_server>(*context, server_options{});
        proc = std::make_unique<rtp_proc>(*context);
        make_channels();
        make_receivers();
        waiting =
            proc->create_channel([kept = held](time_point now, time_point) { return now + 1h; });
        settle(*context);
        start();
    }
    void make_channels() {
        reader = server->create_channel(on_loopback());
        handled = server->create_channel(
            on_loopback(), [kept = held, this](rtp_channel&, const datagram_view&) { ++called; });
        channel_options small = on_loopback();
        small.queue_size = 2;
        sender = ticking->create_channel(small);
        queued = server->create_channel(on_loopback());
        closing = ticking->create_channel(on_loopback());
        BOOST_REQUIRE(!sender->set_target(reader->local_endpoint()));
        BOOST_REQUIRE(!queued->set_target(reader->local_endpoint()));
    }
    void make_receivers() {
        awaited = std::make_unique<frame_receiver>(*server, on_loopback(), waiting_for(never));
        by_handler = std::make_unique<frame_receiver>(
            *server, on_loopback(), waiting_for(never),
            [kept = held](frame_receiver&, std::span<media_frame>) {});
        packet_sender to_awaited{*awaited}, to_handler{*by_handler};
        for (const unsigned seq : {1U, 3U}) { // a gap, so that a timer is armed
            to_awaited.send(seq);
            to_handler.send(seq);
        }
    }
    // Nothing runs from here on.
    void start() {
        called = 0;
        reader->async_receive(count());
        reader->async_receive(asio::bind_cancellation_slot(signal.slot(), count()));
        reader->async_receive(asio::bind_executor(*context, count()));
        asio::co_spawn(
            *context,
            [r = reader, kept = held]() -> asio::awaitable<void> {
                co_await r->async_receive(asio::use_awaitable);
            },
            asio::detached);
        for (int i = 0; i != 4; ++i) sender->async_send(bytes("x"), count()); // two wait for room
        queued->async_receive(count());
        queued->cancel(); // completed, but not called
        BOOST_REQUIRE(!queued->try_send(bytes("x")));
        for (int i = 0; i != 4; ++i) awaited->async_receive(count());
        closing->async_close(count());
        due = proc->create_channel(
            [kept = held](time_point, time_point) { return std::optional<time_point>{}; });
    }
    void check_orphans() {
        BOOST_TEST(called == 0);
        BOOST_TEST(held.use_count() == 1);
        for (const auto& c : {reader, sender, handled, queued, closing}) {
            if (!c) continue;
            BOOST_TEST(!c->is_open());
            BOOST_TEST(c->try_send_to(bytes("x"), c->local_endpoint()) == error::bad_descriptor);
            BOOST_TEST(c->set_target(c->local_endpoint()) == error::bad_descriptor);
            BOOST_TEST(!c->close());
            c->cancel();
            BOOST_TEST(std::get<0>(get(c->async_receive(to_future))).failed());
            BOOST_TEST(std::get<0>(get(c->async_send(bytes("x"), to_future))) ==
                       error::bad_descriptor);
            BOOST_TEST(std::get<0>(get(c->async_close(to_future))) == error::bad_descriptor);
            check_accounts(c->stats());
        }
        if (awaited) {
            BOOST_TEST(!awaited->close());
            // What was in order had come before; what waited behind the gap was flushed.
            while (!std::get<0>(get(awaited->async_receive(to_future)))) {
            }
        }
        for (auto* const s : {server.get(), ticking.get()}) {
            if (!s) continue;
            BOOST_CHECK_THROW(s->create_channel(on_loopback()), boost::system::system_error);
            BOOST_TEST((s->get_executor() == asio::any_io_executor{asio::system_executor{}}));
            BOOST_TEST(s->stats().open_channels == 0U);
            s->shutdown();
        }
        for (const auto& c : {waiting, due})
            if (c) {
                BOOST_TEST(!c->is_open());
                BOOST_TEST(!c->close());
            }
        if (proc) {
            BOOST_CHECK_THROW(proc->create_channel([](time_point, time_point) {
                return std::optional<time_point>{};
            }),
                              boost::system::system_error);
            BOOST_TEST(proc->stats().channels == 0U);
            proc->shutdown();
        }
        signal.emit(asio::cancellation_type::terminal);
    }
};

} // namespace

BOOST_AUTO_TEST_CASE(the_context_is_destroyed_first) {
    everything e;
    e.context.reset();
    e.check_orphans();
}

// Eight things, the context among them, in many orders.
BOOST_AUTO_TEST_CASE(everything_is_destroyed_in_many_orders) {
    for (std::size_t shift = 0; shift != 8; ++shift)
        for (const std::size_t step : {1U, 3U, 5U, 7U}) {
            everything e;
            const std::array<std::function<void()>, 8> ends{
                [&] { e.context.reset(); },
                [&] { e.server.reset(); },
                [&] { e.ticking.reset(); },
                [&] { e.reader = e.queued = e.handled = nullptr; },
                [&] { e.sender = e.closing = nullptr; },
                [&] { e.awaited.reset(), e.by_handler.reset(); },
                [&] { e.proc.reset(); },
                [&] { e.waiting = e.due = nullptr; },
            };
            for (std::size_t i = 0; i != ends.size(); ++i) {
                ends[(shift + i * step) % ends.size()]();
                if (!e.context) e.check_orphans();
            }
            BOOST_TEST(e.held.use_count() == 1);
        }
}

// As the last reference to what is on the context, a handler may own it.
BOOST_AUTO_TEST_CASE(handlers_that_own_what_they_are_handlers_of) {
    auto context = std::make_unique<asio::io_context>();
    std::weak_ptr<rtp_server> server;
    std::weak_ptr<rtp_channel> channel;
    std::weak_ptr<frame_receiver> receiver;
    std::weak_ptr<rtp_proc> proc;
    {
        const auto s = std::make_shared<rtp_server>(*context, immediate());
        const auto c = s->create_channel(on_loopback());
        c->async_receive([s, c](error_code, const datagram&) {});
        const auto slot = std::make_shared<std::shared_ptr<frame_receiver>>();
        *slot =
            std::make_shared<frame_receiver>(*s, on_loopback(), waiting_for(never),
                                             [slot](frame_receiver&, std::span<media_frame>) {});
        packet_sender{**slot}.send_all({1, 3});
        const auto p = std::make_shared<rtp_proc>(*context);
        const auto kept = std::make_shared<std::shared_ptr<rtp_proc_channel>>();
        *kept = p->create_channel(
            [p, kept](time_point now, time_point) { return std::optional{now + 1h}; });
        server = s, channel = c, receiver = *slot, proc = p;
    }
    settle(*context);
    BOOST_TEST(!server.expired());
    BOOST_TEST(!receiver.expired());
    BOOST_TEST(!proc.expired());
    context.reset();
    BOOST_TEST(server.expired());
    BOOST_TEST(channel.expired());
    BOOST_TEST(receiver.expired());
    BOOST_TEST(proc.expired());
}

// Other threads use what is left after the context is gone.
BOOST_AUTO_TEST_CASE(orphans_are_used_by_many_threads) {
    everything e;
    e.context.reset();
    std::vector<std::thread> threads;
    for (int t = 0; t != 4; ++t)
        threads.emplace_back([&, channel = e.reader] {
            for (int i = 0; i != 50; ++i) {
                channel->async_receive(to_future).wait();
                channel->async_send(bytes("x"), to_future).wait();
                e.awaited->async_receive(to_future).wait();
                static_cast<void>(channel->stats());
                static_cast<void>(e.server->stats());
            }
        });
    for (auto& t : threads) t.join();
    e.check_orphans();
}

BOOST_AUTO_TEST_CASE(a_pool_of_threads) {
    std::unique_ptr<rtp_server> server;
    std::shared_ptr<rtp_channel> channel;
    std::unique_ptr<rtp_proc> proc;
    const auto held = std::make_shared<int>();
    {
        asio::thread_pool pool{2};
        server = std::make_unique<rtp_server>(pool, immediate());
        proc = std::make_unique<rtp_proc>(pool);
        channel = server->create_channel(on_loopback());
        channel->async_receive([held](error_code, const datagram&) {});
        std::atomic<bool> called{false};
        const auto schedule = proc->create_channel([&](time_point, time_point) {
            called = true;
            return std::optional<time_point>{};
        });
        BOOST_TEST(eventually([&] { return called.load(); }));
    } // stops its threads, then destroys
    BOOST_TEST(held.use_count() == 1);
    BOOST_TEST(!channel->is_open());
    BOOST_CHECK_THROW(server->create_channel(), boost::system::system_error);
}

// A server made after another was orphaned elsewhere, and destroyed before its context, leaves none
// of its own behind in it.
BOOST_AUTO_TEST_CASE(servers_that_went_before_are_not_told) {
    asio::io_context context;
    for (int i = 0; i != 3; ++i) {
        rtp_server server{context, immediate()};
        rtp_proc proc{context};
        const auto channel = server.create_channel(on_loopback());
        channel->async_receive([](error_code, const datagram&) {});
    }
    BOOST_TEST(run_out(context));
}
