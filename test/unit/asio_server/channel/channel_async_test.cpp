#include <boost/test/unit_test.hpp>

#include "async_tools.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <deque>

using namespace rtpsynth::asio_server;
namespace asio = boost::asio;
using asio::use_awaitable;

namespace {

const auto any_port = udp::endpoint{asio::ip::address_v4::loopback(), 0};

} // namespace

BOOST_AUTO_TEST_CASE(callbacks_futures_and_deferred) {
    // Outlives the server's thread, so that the exception is destroyed here. It would be by whoever
    // lets go last, and ThreadSanitizer does not see libstdc++.so count its owners.
    std::shared_future<void> refused;
    rtp_server server{immediate()};
    const auto a = server.create_channel(on_loopback());
    const auto b = server.create_channel(on_loopback());
    BOOST_REQUIRE(!a->set_target(b->local_endpoint()));

    std::promise<std::string> called;
    b->async_receive([&, mine = std::make_unique<int>(1)](error_code ec, datagram d) {
        called.set_value(ec ? ec.message() : text(d.data()));
    });
    a->async_send(bytes("callback"), asio::use_future).get();
    BOOST_TEST(get(called.get_future()) == "callback");

    auto received = b->async_receive(asio::use_future);
    BOOST_TEST(
        !std::get<0>(get(a->async_send_to(bytes("future"), b->local_endpoint(), to_future))));
    const datagram d = get(std::move(received));
    BOOST_TEST(text(d.data()) == "future");
    BOOST_TEST(d.source() == a->local_endpoint());

    auto send = a->async_send(bytes("deferred"), asio::deferred);
    auto receive = b->async_receive(asio::deferred);
    BOOST_TEST(a->stats().accepted == 2); // not before it is launched
    BOOST_TEST(!std::get<0>(get(std::move(send)(to_future))));
    BOOST_TEST(text(std::get<1>(get(std::move(receive)(to_future))).data()) == "deferred");

    refused = a->async_send_to(bytes("x"), any_port, asio::use_future).share();
    BOOST_REQUIRE((refused.wait_for(patience) == std::future_status::ready));
    BOOST_CHECK_EXCEPTION(refused.get(), boost::system::system_error,
                          [](const auto& e) { return e.code() == error::invalid_argument; });
    check_accounts(a->stats(), 0);
    check_accounts(b->stats(), 3);
}

BOOST_AUTO_TEST_CASE(coroutines_on_the_servers_context) {
    async_pair p;
    std::vector<std::string> got;
    const auto echo = [&]() -> asio::awaitable<void> {
        for (;;) {
            const auto [ec, d] = co_await p.receiver->async_receive(asio::as_tuple(use_awaitable));
            if (ec) break;
            co_await p.receiver->async_send_to(d.data(), d.source(), use_awaitable);
        }
        got.push_back("closed");
    };
    const auto call = [&]() -> asio::awaitable<void> {
        for (int i = 0; i != 50; ++i) {
            const std::string s = std::to_string(i);
            co_await p.sender->async_send(bytes(s), use_awaitable);
            const datagram d = co_await p.sender->async_receive(use_awaitable);
            if (text(d.data()) == s) got.push_back(s);
        }
        p.receiver->close();
    };
    asio::co_spawn(p.context, echo, asio::detached);
    asio::co_spawn(p.context, call, asio::detached);
    BOOST_REQUIRE(p.run_until([&] { return got.size() == 51; }));
    BOOST_TEST(got.back() == "closed");
    check_accounts(p.sender->stats(), 50);
    check_accounts(p.receiver->stats(), 50);
}

// What loses a race is cancelled, and takes no datagram with it.
BOOST_AUTO_TEST_CASE(parallel_operators_cancel_the_loser) {
    using namespace asio::experimental::awaitable_operators;
    for (const bool own_thread : {false, true}) {
        async_pair p;
        std::optional<rtp_server> own;
        if (own_thread) {
            own.emplace(immediate());
            p.sender = own->create_channel(on_loopback());
            p.receiver = own->create_channel(on_loopback());
            BOOST_REQUIRE(!p.sender->set_target(p.receiver->local_endpoint()));
        }
        int lost = 0, won = 0;
        const auto race = [&]() -> asio::awaitable<void> {
            asio::steady_timer timer{p.context};
            for (int i = 0; i != 20; ++i) {
                timer.expires_after(std::chrono::microseconds{50 * i});
                auto first = co_await (p.receiver->async_receive(use_awaitable) ||
                                       timer.async_wait(use_awaitable));
                lost += first.index() == 1;
                const std::string s = std::to_string(i);
                co_await p.sender->async_send(bytes(s), use_awaitable);
                auto second = co_await (p.receiver->async_receive(use_awaitable) ||
                                        p.sender->async_receive(use_awaitable));
                won += second.index() == 0 && text(std::get<0>(second).data()) == s;
            }
        };
        auto done = asio::co_spawn(p.context, race, asio::use_future);
        BOOST_REQUIRE(p.run_until([&] { return is_ready(done); }));
        done.get();
        BOOST_TEST(lost == 20);
        BOOST_TEST(won == 20);
        check_accounts(p.receiver->stats(), 20);
    }
}

BOOST_AUTO_TEST_CASE(completions_run_on_the_bound_executor_and_nowhere_else) {
    rtp_server server{immediate()};
    asio::io_context other;
    auto strand = asio::make_strand(other);
    const auto channel = server.create_channel(on_loopback());
    const auto closed = server.create_channel(on_loopback());
    BOOST_REQUIRE(!channel->set_target(channel->local_endpoint()));
    closed->close();
    std::atomic<int> done{0}, elsewhere{0};
    const auto count = [&](const auto&...) {
        ++done;
        if (!strand.running_in_this_thread()) ++elsewhere;
    };
    auto bound = asio::bind_executor(strand, count);
    channel->async_receive(bound);
    channel->async_send(bytes("x"), bound);
    closed->async_send(bytes("x"), bound);
    closed->async_receive(bound);
    channel->async_receive(bound); // to be cancelled
    BOOST_REQUIRE(eventually([&] { return channel->stats().received == 1; }));
    channel->cancel();
    BOOST_TEST(done == 0); // nobody runs it
    // Initiated on the very executor, with a result that is there already: afterwards, all the
    // same.
    bool initiating = true, inside = false;
    asio::post(strand, [&] {
        closed->async_receive(asio::bind_executor(strand, [&](error_code, const datagram&) {
            inside = initiating;
            count();
        }));
        initiating = false;
    });
    BOOST_TEST(run_out(other));
    BOOST_TEST(done == 6);
    BOOST_TEST(elsewhere == 0);
    BOOST_TEST(!inside);
}

// Also where the result is there at once, and on the server's own executor.
BOOST_AUTO_TEST_CASE(nothing_completes_inside_the_initiating_function) {
    for (const bool own_thread : {false, true}) {
        async_pair p;
        std::optional<rtp_server> own;
        if (own_thread) own.emplace(immediate());
        rtp_server& server = own_thread ? *own : p.server;
        const auto ready = server.create_channel(on_loopback());
        const auto closed = server.create_channel(on_loopback());
        closed->close();
        const auto deaf =
            server.create_channel(on_loopback(), [](rtp_channel&, const datagram_view&) {});
        BOOST_REQUIRE(!ready->set_target(ready->local_endpoint()));
        ready->async_receive([](error_code, const datagram&) {}); // so that it reads
        for (int i = 0; i != 3; ++i) BOOST_REQUIRE(!ready->try_send(bytes("x")));
        BOOST_REQUIRE(run_until(p.context, [&] { return ready->stats().received == 1; }));
        std::atomic<int> done{0}, inside{0};
        asio::post(server.get_executor(), [&] {
            bool initiating = true;
            auto flag = std::make_shared<bool*>(&initiating);
            const auto check = [&, flag](error_code, const auto&...) {
                if (*flag) ++inside;
                ++done;
            };
            ready->async_receive(check);
            ready->async_send(bytes("x"), check);
            closed->async_receive(check);
            closed->async_send(bytes("x"), check);
            deaf->async_receive(check);
            deaf->async_send(bytes("no target"), check);
            ready->async_send_to(bytes("x"), any_port, check);
            ready->cancel();
            *flag = nullptr;
        });
        BOOST_REQUIRE(run_until(p.context, [&] { return done == 7; }));
        BOOST_TEST(inside == 0);
        ready->close();
        check_accounts(ready->stats());
    }
}

namespace {

struct memory_counts {
    std::atomic<int> taken{0}, given{0};
};
template <class T>
struct counting_allocator {
    using value_type = T;
    memory_counts* counts;
    explicit counting_allocator(memory_counts& c) : counts{&c} {}
    template <class U>
    counting_allocator(const counting_allocator<U>& other) : counts{other.counts} {}
    T* allocate(std::size_t n) {
        ++counts->taken;
        return std::allocator<T>{}.allocate(n);
    }
    void deallocate(T* p, std::size_t n) {
        ++counts->given;
        std::allocator<T>{}.deallocate(p, n);
    }
    bool operator==(const counting_allocator&) const = default;
};

} // namespace

BOOST_AUTO_TEST_CASE(the_associated_allocator_is_used_and_gets_all_back) {
    memory_counts counts;
    {
        async_pair p;
        operation send, receive, cancelled, abandoned;
        const auto allocator = counting_allocator<char>{counts};
        const auto with = [&](operation& o) {
            return asio::bind_allocator(allocator, o.handler());
        };
        p.receiver->async_receive(with(receive));
        p.sender->async_send(bytes("x"), with(send));
        p.sender->async_receive(with(cancelled));
        BOOST_REQUIRE(p.run_until([&] { return receive.done && send.done; }));
        p.sender->cancel();
        BOOST_REQUIRE(p.run_until([&] { return cancelled.done; }));
        BOOST_TEST(counts.taken >= 3);
        BOOST_TEST(counts.taken == counts.given);
        p.receiver->async_receive(with(abandoned)); // goes with the context
    }
    BOOST_TEST(counts.taken >= 4);
    BOOST_TEST(counts.taken == counts.given);
}

// As the handler of any of Asio's own.
BOOST_AUTO_TEST_CASE(what_a_completion_handler_throws) {
    const auto burst = [](error_code, const datagram&) { throw std::runtime_error{"burst"}; };
    async_pair p;
    p.receiver->async_receive(burst);
    p.receiver->cancel();
    BOOST_CHECK_THROW(p.run_until([] { return false; }), std::runtime_error);
    p.send(1, 1);
    BOOST_TEST(p.receive() == "1");

    std::atomic<int> told{0};
    server_options options = immediate();
    options.on_exception = [&](const std::exception_ptr&) { ++told; };
    rtp_server own{options};
    const auto channel = own.create_channel(on_loopback());
    channel->async_receive(burst);
    channel->cancel();
    BOOST_TEST(eventually([&] { return told == 1; }));
    BOOST_REQUIRE(!channel->set_target(channel->local_endpoint()));
    BOOST_REQUIRE(!channel->try_send(bytes("still here")));
    BOOST_TEST(text(get(channel->async_receive(asio::use_future)).data()) == "still here");
}

BOOST_AUTO_TEST_CASE(outstanding_receives_complete_in_the_order_they_were_started) {
    async_pair p;
    int turns = 0;
    std::deque<operation> ops(100);
    for (auto& op : ops) p.receiver->async_receive(op.handler(&turns));
    p.send(0, 100);
    BOOST_REQUIRE(p.run_until([&] { return turns == 100; }));
    for (int i = 0; i != 100; ++i) {
        const operation& op = ops[static_cast<std::size_t>(i)];
        BOOST_TEST(!op.ec);
        BOOST_TEST(op.turn == i);
        BOOST_TEST(text(op.got.data()) == std::to_string(i));
    }
    check_accounts(p.receiver->stats(), 100);
}

BOOST_AUTO_TEST_CASE(a_pause_in_receiving_loses_nothing_and_reads_32_ahead) {
    async_pair p;
    p.send(0, 1);
    BOOST_TEST(p.receive() == "0");
    p.send(1, 200);
    settle(p.context);
    for (int i = 1; i != 120; ++i) BOOST_TEST(p.receive() == std::to_string(i));
    settle(p.context);
    check_accounts(p.sender->stats(), 0);
    BOOST_TEST(p.receiver->stats().received == 120);
    p.receiver->close();
    BOOST_TEST(p.receiver->stats().discarded == 32); // the other 49 were the kernel's
    BOOST_TEST(p.receiver->stats().overflow == 0);

    // Nothing is read before the first receive.
    BOOST_REQUIRE(!p.sender->set_target(p.sender->local_endpoint()));
    p.send(0, 10);
    settle(p.context);
    p.sender->close();
    BOOST_TEST(p.sender->stats().discarded == 0);
}
