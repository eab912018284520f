// An executor that a handler is bound to may throw when it is given the handler. The exception goes
// where one that the handler throws goes: out of run(), or to on_exception on the server's thread.
#include <boost/test/unit_test.hpp>

#include "async_tools.hpp"

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <atomic>
#include <exception>
#include <memory>
#include <mutex>
#include <set>
#include <utility>

using namespace rtpsynth::asio_server;
namespace asio = boost::asio;

namespace {

struct refusal {
    int number;
};

/// Passes on what it is given, but throws a numbered refusal while it has any left.
struct refusing_executor {
    asio::io_context::executor_type inner;
    std::atomic<int>* refusals;

    asio::execution_context& query(asio::execution::context_t) const { return inner.context(); }
    static constexpr auto query(asio::execution::blocking_t) {
        return asio::execution::blocking.never;
    }
    refusing_executor require(asio::execution::blocking_t::never_t) const { return *this; }
    template <class Function>
    void execute(Function f) const {
        if (const int n = refusals->load(); n != 0) {
            --*refusals;
            throw refusal{n};
        }
        asio::require(inner, asio::execution::blocking.never).execute(std::move(f));
    }
    bool operator==(const refusing_executor&) const = default;
};

/// Handlers on such an executor.
struct refused_handlers {
    asio::io_context context; // of those that were not refused
    std::atomic<int> refusals{0};
    std::shared_ptr<int> held = std::make_shared<int>(); // by each handler
    std::atomic<int> called{0};

    auto handler() {
        return asio::bind_executor(refusing_executor{context.get_executor(), &refusals},
                                   [this, kept = held](const auto&...) { ++called; });
    }
    void check_called(int calls) {
        settle(context);
        BOOST_TEST(called == calls);
        BOOST_TEST(held.use_count() == 1);
    }
};

/// Runs what is ready. \return the refusals that left run(), in order
std::vector<int> run_and_catch(asio::io_context& context) {
    std::vector<int> caught;
    for (;;) {
        try {
            settle(context);
            return caught;
        } catch (const refusal& r) {
            caught.push_back(r.number);
        }
    }
}

using numbers = std::vector<int>;

} // namespace

BOOST_AUTO_TEST_CASE(a_refusal_by_way_of_the_servers_executor_leaves_run) {
    refused_handlers h;
    async_pair p;
    h.refusals = 1;
    p.receiver->async_receive(h.handler());
    p.receiver->cancel(); // completes outside the server's executor
    BOOST_TEST((run_and_catch(p.context) == numbers{1}));
    h.check_called(0);
    BOOST_TEST(p.server.stats().handler_exceptions ==
               0U); // as with what a completion handler throws
}

BOOST_AUTO_TEST_CASE(a_refusal_on_the_servers_executor_leaves_run) {
    refused_handlers h;
    async_pair p;
    h.refusals = 1;
    asio::post(p.server.get_executor(), [&] {
        p.receiver->async_receive(h.handler());
        p.receiver->cancel(); // does not throw itself
        BOOST_TEST(h.refusals == 0);
        BOOST_TEST(h.held.use_count() == 1);
    });
    BOOST_TEST((run_and_catch(p.context) == numbers{1}));
    h.check_called(0);
}

// Several complete together: each refusal is reported, and the other handlers are called.
BOOST_AUTO_TEST_CASE(no_refusal_is_lost) {
    refused_handlers h;
    async_pair p;
    h.refusals = 3;
    asio::post(p.server.get_executor(), [&] {
        for (int i = 0; i != 5; ++i) p.receiver->async_receive(h.handler());
        p.receiver->cancel();
    });
    BOOST_TEST((run_and_catch(p.context) == numbers{3, 2, 1}));
    h.check_called(2);
}

// The turn that read the datagram goes on to the other sockets, and to the next one.
BOOST_AUTO_TEST_CASE(the_server_serves_on_after_a_refusal) {
    refused_handlers h;
    async_pair p;
    p.receiver->async_receive(h.handler());
    p.receiver->async_receive(h.handler());
    h.refusals = 1;
    BOOST_REQUIRE(!p.sender->try_send(bytes("refused")));
    BOOST_REQUIRE(!p.sender->try_send(bytes("taken")));
    numbers caught;
    while (caught.empty() || p.receiver->stats().received != 2) {
        try {
            p.context.restart();
            BOOST_REQUIRE(p.context.run_one_for(patience) == 1U);
        } catch (const refusal& r) {
            caught.push_back(r.number);
        }
    }
    BOOST_TEST((caught == numbers{1}));
    BOOST_TEST((run_and_catch(p.context) == numbers{}));
    h.check_called(1);
    p.send(7, 1);
    BOOST_TEST(p.receive() == "7");
}

BOOST_AUTO_TEST_CASE(a_refusal_on_the_servers_own_thread_goes_to_on_exception) {
    refused_handlers h;
    std::mutex mutex;
    std::set<int> caught;
    server_options options = immediate();
    options.on_exception = [&](const std::exception_ptr& e) {
        try {
            std::rethrow_exception(e);
        } catch (const refusal& r) {
            const std::lock_guard lock{mutex};
            caught.insert(r.number);
        }
    };
    rtp_server server{options};
    const auto channel = server.create_channel(on_loopback());
    h.refusals = 4;
    for (int i = 0; i != 2; ++i) channel->async_receive(h.handler());
    channel->cancel(); // by way of the thread
    BOOST_REQUIRE(eventually([&] { return server.stats().handler_exceptions == 2; }));
    asio::post(server.get_executor(), [&] { // on the thread
        for (int i = 0; i != 3; ++i) channel->async_receive(h.handler());
        channel->cancel();
    });
    BOOST_REQUIRE(eventually([&] { return server.stats().handler_exceptions == 4; }));
    server.shutdown();
    h.check_called(1);
    const std::lock_guard lock{mutex};
    BOOST_TEST((caught == std::set{1, 2, 3, 4}));
}

// Neither the handlers nor the exception outlive a context that is destroyed before it has thrown.
BOOST_AUTO_TEST_CASE(a_context_is_destroyed_before_it_throws) {
    refused_handlers h;
    {
        async_pair p;
        h.refusals = 1;
        asio::post(p.server.get_executor(), [&] {
            for (int i = 0; i != 3; ++i) p.receiver->async_receive(h.handler());
            p.receiver->cancel();
        });
        while (h.refusals != 0) {
            p.context.restart();
            p.context.run_one();
        }
        BOOST_TEST(h.held.use_count() == 3); // of the two behind it
    }
    h.check_called(0);
}

// The context first, and what is left of the server after it.
BOOST_AUTO_TEST_CASE(an_orphaned_server_forgets_a_refusal) {
    refused_handlers h;
    auto context = std::make_unique<asio::io_context>();
    rtp_server server{*context, immediate()};
    const auto channel = server.create_channel(on_loopback());
    h.refusals = 1;
    asio::post(server.get_executor(), [&] {
        channel->async_receive(h.handler());
        channel->cancel();
    });
    while (h.refusals != 0) {
        context->restart();
        context->run_one();
    }
    context.reset();
    h.check_called(0);
    BOOST_TEST((std::get<0>(get(channel->async_receive(to_future))) == error::bad_descriptor));
}
