#include <boost/test/unit_test.hpp>

#include "async_tools.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <mutex>

using namespace rtpsynth::asio_server;
namespace asio = boost::asio;
using namespace std::chrono_literals;
using std::chrono::steady_clock;

namespace {

constexpr auto ignore = [](rtp_channel&, const datagram_view&) {};

auto aborted = [](const boost::system::system_error& e) {
    return e.code() == error::operation_aborted;
};

/// A context that some threads run until the end of the test.
struct application {
    asio::io_context context;
    asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
    std::vector<std::thread> threads;
    explicit application(int count) {
        for (int i = 0; i != count; ++i) threads.emplace_back([this] { context.run(); });
    }
    ~application() {
        work.reset();
        for (auto& t : threads) t.join();
    }
};

} // namespace

BOOST_AUTO_TEST_CASE(options_have_ranges) {
    for (const rtpsynth::duration wrong : {0ns, -1ns, 999ns, rtpsynth::duration{10s + 1ns}}) {
        const auto message = [](const std::invalid_argument& e) {
            return std::string{e.what()} == "tick must be 1 us..10 s";
        };
        asio::io_context context;
        BOOST_CHECK_EXCEPTION(rtp_server{server_options{.tick = wrong}}, std::invalid_argument,
                              message);
        BOOST_CHECK_EXCEPTION((rtp_server{context.get_executor(), {.tick = wrong}}),
                              std::invalid_argument, message);
    }
    for (const rtpsynth::duration right : {rtpsynth::duration{1us}, rtpsynth::duration{10s}})
        BOOST_TEST((rtp_server{server_options{.tick = right}}.tick() == right));
    BOOST_TEST((rtp_server{}.tick() == rtpsynth::duration{5ms}));
    BOOST_TEST(!rtp_server{immediate()}.tick());

    rtp_server server;
    const auto refuses = [&](const channel_options& o, std::string_view message) {
        BOOST_CHECK_EXCEPTION(server.create_channel(o), std::invalid_argument,
                              [&](const auto& e) { return e.what() == message; });
    };
    refuses({.queue_size = 0}, "queue_size must be 1..1048576");
    refuses({.queue_size = (1 << 20) + 1}, "queue_size must be 1..1048576");
    refuses({.receive_buffer_size = 0}, "receive_buffer_size must be 1..1073741824 bytes");
    refuses({.send_buffer_size = (1 << 30) + 1}, "send_buffer_size must be 1..1073741824 bytes");
    refuses({.dscp = 64}, "dscp must be 0..63");
    for (const unsigned k : {0U, 65U})
        BOOST_CHECK_THROW(server.create_channel({.source_lock = {source_policy::first, k}}),
                          std::invalid_argument);
    BOOST_TEST(server.create_channel({.queue_size = 1 << 20})->is_open());
    BOOST_TEST(server.stats().open_channels == 0);
}

BOOST_AUTO_TEST_CASE(an_application_runs_the_server_on_its_own_context) {
    asio::io_context context;
    std::vector<std::string> log; // one thread, so no lock
    {
        rtp_server server{context.get_executor(), immediate()};
        const auto receiver =
            server.create_channel(on_loopback(), [&](rtp_channel& c, const datagram_view& d) {
                log.push_back(text(d.data));
                if (log.size() == 3) {
                    c.close();
                    server.shutdown();
                }
            });
        const auto sender = server.create_channel(on_loopback(), ignore);
        asio::post(context, [&] {
            log.push_back("posted");
            for (const auto* s : {"1", "2"})
                BOOST_REQUIRE(!sender->try_send_to(bytes(s), receiver->local_endpoint()));
        });
        context.run(); // returns after shutdown
        BOOST_TEST(context.stopped());
        BOOST_TEST((log == std::vector<std::string>{"posted", "1", "2"}));
        BOOST_TEST(!sender->is_open());
    }
    const long before = threads();
    rtp_server unused{context.get_executor()};
    BOOST_TEST(threads() <= before);
}

BOOST_AUTO_TEST_CASE(any_number_of_threads_may_run_the_context) {
    for (const int count : {1, 4}) {
        std::atomic<int> inside{0}, overlaps{0}, calls{0};
        std::vector<std::string> got; // unprotected: handlers never run at the same time
        application app{count};
        rtp_server server{app.context.get_executor(), immediate()};
        channel_options options = on_loopback();
        options.queue_size = 1024;
        options.receive_buffer_size = 1 << 20;
        const auto receiver =
            server.create_channel(options, [&](rtp_channel&, const datagram_view& d) {
                if (++inside != 1) ++overlaps;
                got.push_back(text(d.data));
                ++calls;
                --inside;
            });
        std::vector<std::thread> senders;
        for (int t = 0; t != 4; ++t)
            senders.emplace_back([&, t] {
                const auto channel = server.create_channel(options, ignore);
                std::ignore = channel->set_target(receiver->local_endpoint());
                for (int i = 0; i != 200; ++i) {
                    const std::string s = std::to_string(t) + ":" + std::to_string(1000 + i);
                    if (i % 2)
                        while (channel->try_send(bytes(s))) std::this_thread::yield();
                    else
                        channel->async_send(bytes(s), to_future).wait();
                }
                channel->close();
            });
        for (auto& t : senders) t.join();
        BOOST_REQUIRE(eventually([&] { return calls == 800; }));
        BOOST_REQUIRE(eventually([&] { return receiver->stats().received == 800; }));
        server.shutdown();
        BOOST_TEST(overlaps == 0);
        std::stable_sort(got.begin(), got.end(),
                         [](const auto& a, const auto& b) { return a[0] < b[0]; });
        BOOST_TEST(std::is_sorted(got.begin(), got.end())); // each sender's are in order
        check_accounts(server.stats().channels);
    }
}

BOOST_AUTO_TEST_CASE(the_timer_is_armed_only_while_something_is_queued) {
    async_pair p{{.tick = 1ms}};
    BOOST_TEST(p.server.stats().ticks == 0);
    settle(p.context);
    p.run_until([until = steady_clock::now() + 50ms] { return steady_clock::now() > until; });
    BOOST_TEST(p.server.stats().ticks == 0);
    for (std::uint64_t i = 1; i != 6; ++i) {
        for (int k = 0; k != 10; ++k) BOOST_REQUIRE(!p.sender->try_send(bytes("x")));
        BOOST_REQUIRE(p.run_until([&] { return p.queued() == 0; }));
        BOOST_TEST(p.server.stats().ticks == i);
    }
    p.run_until([until = steady_clock::now() + 50ms] { return steady_clock::now() > until; });
    BOOST_TEST(p.server.stats().ticks == 5);
}

// Whatever the time of queueing, what leaves does so on the grid; and not before.
BOOST_AUTO_TEST_CASE(ticks_are_on_a_grid) {
    const auto before = steady_clock::now();
    async_pair p{{.tick = 100ms}};
    const auto after = steady_clock::now();
    int on_time = 0;
    for (int i = 0; i != 10; ++i) {
        const auto pause = steady_clock::now() + 30ms + i * 4ms; // far from the grid
        p.run_until([&] { return steady_clock::now() >= pause; });
        const auto queued = steady_clock::now();
        BOOST_REQUIRE(!p.sender->try_send(bytes("x")));
        BOOST_REQUIRE(p.run_until([&] { return p.queued() == 0; }));
        const auto sent = steady_clock::now();
        // The first point of the grid after it was queued lies between, however late it was kept.
        const auto first_point = before + ((queued - after) / 100ms + 1) * 100ms;
        BOOST_TEST((sent >= first_point));
        on_time += (sent - before) % 100ms < 25ms + (after - before);
    }
    BOOST_TEST(on_time > 0); // were it not the grid it would be never
    BOOST_TEST(p.server.stats().ticks == 10);

    async_pair seldom{{.tick = 10s}};
    BOOST_REQUIRE(!seldom.sender->try_send(bytes("x")));
    p.run_until([until = steady_clock::now() + 50ms] { return steady_clock::now() > until; });
    settle(seldom.context);
    BOOST_TEST(seldom.queued() == 1);
    BOOST_TEST(seldom.server.stats().ticks == 0);
}

BOOST_AUTO_TEST_CASE(what_a_handler_throws_leaves_run_and_the_rest_is_delivered) {
    async_pair p;
    std::vector<std::string> got;
    const auto picky =
        p.server.create_channel(on_loopback(), [&](rtp_channel&, const datagram_view& d) {
            got.push_back(text(d.data));
            if (got.back() == "1" || got.back() == "3") throw std::runtime_error{got.back()};
        });
    BOOST_REQUIRE(!p.sender->set_target(picky->local_endpoint()));
    for (int i = 0; i != 6; ++i) BOOST_REQUIRE(!p.sender->try_send(bytes(std::to_string(i))));
    std::vector<std::string> thrown;
    const auto until = steady_clock::now() + patience;
    while ((got.size() != 6 || thrown.size() != 2) && steady_clock::now() < until) {
        try {
            p.context.restart();
            p.context.run_one_for(10ms);
        } catch (const std::runtime_error& e) {
            thrown.push_back(e.what());
        }
    }
    BOOST_TEST((got == std::vector<std::string>{"0", "1", "2", "3", "4", "5"}));
    BOOST_TEST((thrown == std::vector<std::string>{"1", "3"}));
    BOOST_TEST(p.server.stats().handler_exceptions == 2);
    BOOST_TEST(picky->stats().received == 6);
    BOOST_TEST(picky->is_open());
}

BOOST_AUTO_TEST_CASE(what_a_handler_throws_is_reported_or_counted) {
    const auto throws = [](rtp_channel&, std::span<const datagram_view> batch) {
        throw batch.size();
    };
    const auto feed = [](rtp_server& server, const std::shared_ptr<rtp_channel>& channel) {
        BOOST_REQUIRE(!channel->set_target(channel->local_endpoint()));
        BOOST_REQUIRE(!channel->try_send(bytes("x")));
        return eventually([&] { return server.stats().handler_exceptions == 1; }) &&
               channel->is_open() && channel->stats().received == 1;
    };
    rtp_server counts{immediate()};
    BOOST_TEST(feed(counts, counts.create_channel(on_loopback(), throws)));

    std::atomic<std::size_t> told{0};
    server_options options = immediate();
    options.on_exception = [&](const std::exception_ptr& e) {
        try {
            std::rethrow_exception(e);
        } catch (const std::size_t size) {
            told = size;
        }
        throw std::runtime_error{"it must not, but it does"};
    };
    rtp_server own{options};
    BOOST_TEST(feed(own, own.create_channel(on_loopback(), throws)));
    BOOST_TEST(told == 1U);
    application app{1};
    rtp_server given{app.context.get_executor(), options};
    told = 0;
    BOOST_TEST(feed(given, given.create_channel(on_loopback(), throws)));
    BOOST_TEST(told == 1U);
}

// What a handler's own destruction queues is not forgotten, though its turn is over.
BOOST_AUTO_TEST_CASE(the_destructor_of_a_handler_may_send) {
    struct farewell {
        std::shared_ptr<rtp_channel> by;
        ~farewell() {
            if (by) std::ignore = by->try_send(bytes("farewell"));
        }
    };
    for (const auto& options : {immediate(), server_options{.tick = 1ms}}) {
        async_pair p{options};
        std::shared_ptr<rtp_channel> channel;
        auto last = std::make_shared<farewell>();
        last->by = p.sender;
        channel = p.server.create_channel(
            on_loopback(),
            [&channel, last](rtp_channel&, const datagram_view&) { channel.reset(); });
        last.reset();
        BOOST_REQUIRE(!p.sender->try_send_to(bytes("x"), channel->local_endpoint()));
        BOOST_TEST(p.receive() == "farewell");
        BOOST_TEST(!channel);
        BOOST_REQUIRE(!p.sender->try_send(bytes("and so on")));
        BOOST_TEST(p.receive() == "and so on");
    }
}

BOOST_AUTO_TEST_CASE(shutdown_closes_frees_and_refuses) {
    for (const bool own_thread : {true, false}) {
        application app{2};
        std::optional<rtp_server> server;
        if (own_thread)
            server.emplace(immediate());
        else
            server.emplace(app.context.get_executor(), immediate());
        const auto a = server->create_channel(on_own_port(), ignore);
        const auto b = server->create_channel(on_loopback());
        const auto where = a->local_endpoint();
        server->shutdown();
        BOOST_TEST(!a->is_open());
        BOOST_TEST(!b->close());
        BOOST_TEST(a->try_send_to(bytes("x"), where) == error::bad_descriptor);
        BOOST_TEST(server->stats().open_channels == 0);
        server->shutdown();
        BOOST_CHECK_EXCEPTION(server->create_channel(on_loopback()), boost::system::system_error,
                              aborted);
        rtp_server other{immediate()};
        const auto next = reopen(other, where, ignore); // the port is free
        BOOST_CHECK_EXCEPTION(other.create_channel({.bind = where}, ignore),
                              boost::system::system_error,
                              [](const auto& e) { return e.code() == error::address_in_use; });
        // Refused for the same reason even where something else is wrong as well.
        BOOST_CHECK_EXCEPTION(server->create_channel({.bind = where}), boost::system::system_error,
                              aborted);
        server.reset();
        BOOST_TEST(a->local_endpoint() == where);
        BOOST_TEST(!a->is_open());
    }
}
