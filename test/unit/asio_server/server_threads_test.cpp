// A server under several threads, under handlers that block, and after fork().
#include <boost/test/unit_test.hpp>

#include "async_tools.hpp"

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/executor_work_guard.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <latch>

using namespace rtpsynth::asio_server;
namespace asio = boost::asio;
using namespace std::chrono_literals;
using std::chrono::steady_clock;

#if defined(__has_feature)
#    if __has_feature(thread_sanitizer)
// The child of fork() makes threads, which TSan refuses unless told so.
extern "C" [[gnu::visibility("default")]] const char* __tsan_default_options();
const char* __tsan_default_options() { return "die_after_fork=0"; }
#    endif
#elif defined(__SANITIZE_THREAD__)
extern "C" [[gnu::visibility("default")]] const char* __tsan_default_options();
const char* __tsan_default_options() { return "die_after_fork=0"; }
#endif

namespace {

constexpr auto ignore = [](rtp_channel&, const datagram_view&) {};

/// A server with a thread of its own, or on a context that threads run.
struct any_server {
    asio::io_context context;
    asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
    std::vector<std::thread> threads;
    std::unique_ptr<rtp_server> server;

    explicit any_server(bool own_thread, const server_options& options = immediate()) {
        if (own_thread) {
            server = std::make_unique<rtp_server>(options);
            return;
        }
        server = std::make_unique<rtp_server>(context.get_executor(), options);
        for (int i = 0; i != 2; ++i) threads.emplace_back([this] { context.run(); });
    }
    ~any_server() {
        server.reset();
        work.reset();
        for (auto& t : threads) t.join();
    }
};

} // namespace

BOOST_AUTO_TEST_CASE(shutdown_from_anywhere_any_number_of_times) {
    for (int round = 0; round != 60; ++round) {
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
        for (const auto& c : channels) c->set_target(channels[0]->local_endpoint());
        std::latch go{4};
        std::atomic<int> closed{0}, refused{0};
        std::vector<std::thread> threads;
        for (int t = 0; t != 3; ++t)
            threads.emplace_back([&, t] {
                go.arrive_and_wait();
                if (t == 2) channels[1]->try_send(bytes("from a handler, too"));
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
    for (int round = 0; round != 300; ++round) {
        const auto channel = server.create_channel({.bind = where}, ignore);
        where = channel->local_endpoint();
        std::latch go{2};
        std::atomic<int> first{0};
        std::thread other{[&] {
            go.arrive_and_wait();
            first += channel->close();
        }};
        go.arrive_and_wait();
        first += channel->close();
        BOOST_REQUIRE_NO_THROW(server.create_channel({.bind = where}, ignore));
        other.join();
        BOOST_TEST(first == 1);
    }
}

// ... nor does shutdown, if it is another thread that destroys the channel.
BOOST_AUTO_TEST_CASE(the_port_is_free_when_shutdown_returns) {
    rtp_server next{immediate()};
    udp::endpoint where = on_own_port().bind;
    for (int round = 0; round != 500; ++round) {
        rtp_server server{immediate()};
        auto channel = server.create_channel({.bind = where}, ignore);
        where = channel->local_endpoint();
        std::latch go{2};
        std::thread other{[&] {
            go.arrive_and_wait();
            channel.reset();
        }};
        go.arrive_and_wait();
        server.shutdown();
        BOOST_TEST(server.stats().open_channels == 0);
        BOOST_CHECK_NO_THROW(next.create_channel({.bind = where}, ignore)->close());
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
        while (!stop) sender->try_send_to(bytes("x"), where);
    }};
    for (int round = 0; round != 1000; ++round) {
        std::shared_ptr<rtp_channel> channel;
        BOOST_REQUIRE_NO_THROW(channel = server.create_channel({.bind = where}, closes));
        if (round % 2) BOOST_REQUIRE(eventually([&] { return !channel->is_open(); }));
        channel->close();
    }
    stop = true;
    floods.join();
}

// With a tick of 10 s, what is queued while it shuts down must not have it wait for that.
BOOST_AUTO_TEST_CASE(shutdown_does_not_wait_for_a_tick) {
    for (int round = 0; round != 200; ++round) {
        rtp_server server{{.tick = 10s}};
        std::vector<std::shared_ptr<rtp_channel>> channels;
        for (int i = 0; i != 8; ++i) {
            channels.push_back(server.create_channel(on_loopback(), ignore));
            channels.back()->set_target(channels[0]->local_endpoint());
        }
        std::atomic<bool> go{false};
        std::thread sends{[&] {
            while (!go) {
            }
            for (const auto& c : channels) c->try_send(bytes("x"));
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
        std::latch entered{1}, release{1};
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
            c->set_target(blocked->local_endpoint());
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
            good = good && s.server->create_channel({.bind = where}, ignore)->is_open();
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

BOOST_AUTO_TEST_CASE(descriptors_and_threads_are_given_back) {
    { const rtp_server warm{immediate()}; }
    const long descriptors_before = descriptors();
    const long threads_before = threads();
    for (int round = 0; round != 20; ++round) {
        any_server s{round % 2 == 0, round % 3 ? immediate() : server_options{.tick = 1ms}};
        std::vector<std::shared_ptr<rtp_channel>> channels;
        for (int i = 0; i != 20; ++i) {
            channels.push_back(i % 2 ? s.server->create_channel(on_loopback())
                                     : s.server->create_channel(on_loopback(), ignore));
            channels.back()->try_send_to(bytes("x"), channels[0]->local_endpoint());
            if (i % 2) channels.back()->async_receive([](error_code, const datagram&) {});
        }
        if (round % 4 == 0) s.server->shutdown();
        if (round % 4 == 1) s.server.reset(); // channels outlive it
        if (round % 4 == 2) channels.clear();
    }
    BOOST_TEST(eventually([&] { return descriptors() == descriptors_before; }));
    BOOST_TEST(eventually([&] { return threads() == threads_before; }));
}

namespace {

/// Two channels that keep a datagram going to and fro.
struct ping_pong {
    // A last call may outlast all this.
    const std::shared_ptr<std::atomic<int>> count = std::make_shared<std::atomic<int>>();
    std::shared_ptr<rtp_channel> a, b;

    explicit ping_pong(rtp_server& server) {
        const auto echo = [n = count](rtp_channel& c, const datagram_view& d) {
            ++*n;
            c.try_send_to(d.data, d.source);
        };
        a = server.create_channel(on_loopback(), echo);
        b = server.create_channel(on_loopback(), echo);
        a->try_send_to(bytes("ball"), b->local_endpoint());
    }
    bool goes_on() {
        return eventually([this, at = count->load()] { return *count > at + 20; });
    }
};

/// A thread of the parent's may have held a reference, and the lock with which to find it.
constexpr int descriptor_left = 100;

/// What a child of fork() does; its exit status. No assertions here: they are the parent's.
int child(std::unique_ptr<any_server>& s, std::unique_ptr<ping_pong>& game,
          std::shared_ptr<rtp_channel>& waiting) {
    ::alarm(90); // rather than hang
    const long before = descriptors();
    waiting->close();
    waiting.reset();
    game.reset();
    s->server.reset();
    static_cast<void>(s.release()); // its threads are not here
    // Three sockets, epoll, its duplicate, the alarm.
    const bool all_closed = descriptors() == before - 6;
    for (const bool own_thread : {true, false}) {
        asio::io_context context;
        std::unique_ptr<rtp_server> server;
        if (own_thread)
            server = std::make_unique<rtp_server>(immediate());
        else
            server = std::make_unique<rtp_server>(context.get_executor());
        auto mine = std::make_unique<ping_pong>(*server);
        if (own_thread ? !mine->goes_on() : !run_until(context, [&] { return *mine->count > 20; }))
            return 3;
        server->shutdown();
        if (mine->a->is_open()) return 4;
    }
    return all_closed ? 0 : descriptor_left;
}

} // namespace

BOOST_AUTO_TEST_CASE(the_child_of_fork_starts_anew_and_the_parent_goes_on) {
    int left_open = 0;
    for (const bool own_thread : {true, false})
        for (int round = 0; round != 5; ++round) {
            auto s = std::make_unique<any_server>(own_thread);
            auto game = std::make_unique<ping_pong>(*s->server);
            auto waiting = s->server->create_channel(on_loopback());
            asio::io_context bound; // only this operation keeps it from running out of work
            operation op;
            waiting->async_receive(asio::bind_executor(bound, op.handler()));
            BOOST_REQUIRE(game->goes_on());
            const pid_t pid = ::fork();
            if (pid == 0) ::_exit(child(s, game, waiting));
            BOOST_REQUIRE(pid > 0);
            int status = -1;
            BOOST_REQUIRE(::waitpid(pid, &status, 0) == pid);
            BOOST_TEST(WIFEXITED(status));
            left_open += WEXITSTATUS(status) == descriptor_left;
            BOOST_TEST((WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == descriptor_left));
            BOOST_TEST(game->goes_on());
            BOOST_TEST(game->a->is_open());
            const auto more = s->server->create_channel(on_loopback());
            more->try_send_to(bytes("to the one that waits"), waiting->local_endpoint());
            BOOST_REQUIRE(run_out(bound));
            BOOST_TEST(op.done);
            BOOST_TEST(!op.ec);
            s->server->shutdown();
            check_accounts(s->server->stats().channels);
        }
    BOOST_TEST(left_open <= 5);
}
