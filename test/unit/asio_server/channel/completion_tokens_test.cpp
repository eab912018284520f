#include <boost/test/unit_test.hpp>

#include "async_tools.hpp"
#include "channel/frame_receiver_fixture.hpp"

#include <rtpsynth/asio_server/proc/rtp_proc.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/version.hpp>
#if BOOST_VERSION >= 108600
#    include <boost/asio/cancel_after.hpp>
#endif

#include <atomic>
#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <vector>

// Every asynchronous function with every kind of completion token.

using namespace rtpsynth;
using namespace rtpsynth::asio_server;
namespace asio = boost::asio;

namespace {

// A token for another signature is rejected by the constraint, not deep inside the function.
template <class Token>
concept receives_with = requires(rtp_channel& c, Token t) {
    c.async_receive(t);
};
template <class Token>
concept sends_with = requires(rtp_channel& c, Token t) {
    c.async_send(bytes(""), t);
};
template <class Token>
concept awaits_frames_with = requires(frame_receiver& r, Token t) {
    r.async_receive(t);
};

struct of_datagrams {
    void operator()(error_code, datagram) const {}
};
struct of_frames {
    void operator()(error_code, media_frame) const {}
};
struct of_errors {
    void operator()(error_code) const {}
};

static_assert(receives_with<of_datagrams> && !receives_with<of_frames> && !receives_with<int>);
static_assert(awaits_frames_with<of_frames> && !awaits_frames_with<of_datagrams>);
static_assert(sends_with<of_errors> && !sends_with<of_datagrams>);

// A default token, so that co_await needs none.
static_assert(asio::is_async_operation<decltype(std::declval<rtp_channel&>().async_receive())>{});

// A server on a context, constructible from it and from its executor.
static_assert(std::is_constructible_v<rtp_server, asio::io_context&>);
static_assert(std::is_constructible_v<rtp_server, asio::thread_pool&, const server_options&>);
static_assert(std::is_constructible_v<rtp_server, asio::io_context::executor_type>);
static_assert(!std::is_constructible_v<rtp_server, int&>);
static_assert(std::is_constructible_v<rtp_proc, asio::io_context&>);
static_assert(!std::is_convertible_v<asio::io_context&, rtp_server>);

// Runs until the coroutine has returned.
template <class Coroutine>
void run(asio::io_context& context, Coroutine coroutine) {
    auto done = asio::co_spawn(context, std::move(coroutine), asio::use_future);
    BOOST_REQUIRE(rtpsynth::asio_server::run_until(context, [&] { return is_ready(done); }));
    done.get();
}

// An initiation's executor is that of the object, as a token may ask for it.
struct executor_of_initiation {};

} // namespace

template <class Signature>
struct asio::async_result<executor_of_initiation, Signature> {
    template <class Initiation, class... Arguments>
    static auto initiate(Initiation initiation, executor_of_initiation, Arguments...) {
        if constexpr (requires { typename Initiation::executor_type; }) // not so an archetype
            return typename Initiation::executor_type{initiation.get_executor()};
    }
};

namespace {

BOOST_AUTO_TEST_CASE(an_initiation_has_the_executor_of_its_object) {
    async_pair p;
    constexpr executor_of_initiation token;
    BOOST_TEST((p.sender->async_send(bytes("x"), token) == p.server.get_executor()));
    BOOST_TEST((p.sender->async_send_to(bytes("x"), {}, token) == p.server.get_executor()));
    BOOST_TEST((p.sender->async_receive(token) == p.server.get_executor()));
    frame_receiver frames{p.server, on_loopback(), waiting_for(never)};
    BOOST_TEST((frames.async_receive(token) == p.server.get_executor()));
    BOOST_TEST((frames.get_executor() == p.server.get_executor()));
}

BOOST_AUTO_TEST_CASE(a_coroutine_needs_no_token) {
    async_pair p;
    run(p.context, [&]() -> asio::awaitable<void> {
        co_await p.sender->async_send(bytes("one"));
        BOOST_TEST(text((co_await p.receiver->async_receive()).data()) == "one");
        co_await p.sender->async_send_to(bytes("two"), p.receiver->local_endpoint());
        const auto [ec, d] = co_await p.receiver->async_receive(asio::as_tuple(asio::deferred));
        BOOST_TEST(!ec);
        BOOST_TEST(text(d.data()) == "two");
    });
}

BOOST_AUTO_TEST_CASE(errors_by_exception_by_tuple_and_by_reference) {
    async_pair p;
    p.receiver->close();
    run(p.context, [&]() -> asio::awaitable<void> {
        bool thrown = false;
        try {
            co_await p.receiver->async_receive();
        } catch (const boost::system::system_error& e) {
            thrown = e.code() == error::bad_descriptor;
        }
        BOOST_TEST(thrown);
        const auto [tuple] =
            co_await p.receiver->async_send(bytes("x"), asio::as_tuple(asio::deferred));
        BOOST_TEST(tuple == error::bad_descriptor);
        error_code ec;
        co_await p.receiver->async_receive(asio::redirect_error(asio::use_awaitable, ec));
        BOOST_TEST(ec == error::bad_descriptor);
    });
    auto future = p.receiver->async_receive(asio::use_future);
    BOOST_REQUIRE(p.run_until([&] { return is_ready(future); }));
    BOOST_CHECK_THROW(static_cast<void>(future.get()), boost::system::system_error);
}

BOOST_AUTO_TEST_CASE(frames_by_every_token) {
    using namespace asio::experimental::awaitable_operators;
    asio::io_context context;
    rtp_server server{context, immediate()};
    frame_receiver rx{server, on_loopback(), waiting_for(never)};
    packet_sender out{rx};
    for (unsigned i = 0; i != 4; ++i) out.send(i);
    run(context, [&]() -> asio::awaitable<void> {
        const media_frame first = co_await rx.async_receive();
        BOOST_TEST(std::get<rtp_frame>(first).packet.seq() == 0);
        const auto [ec, second] = co_await rx.async_receive(asio::as_tuple(asio::use_awaitable));
        BOOST_TEST(!ec);
        BOOST_TEST(std::get<rtp_frame>(second).packet.seq() == 1);
        // Both, in the order they were started.
        const auto [third, fourth] = co_await (rx.async_receive(asio::use_awaitable) &&
                                               rx.async_receive(asio::use_awaitable));
        BOOST_TEST(std::get<rtp_frame>(third).packet.seq() == 2);
        BOOST_TEST(std::get<rtp_frame>(fourth).packet.seq() == 3);
    });
    rx.close();
    auto last = rx.async_receive(to_future);
    BOOST_REQUIRE(run_until(context, [&] { return is_ready(last); }));
    BOOST_TEST(std::get<0>(last.get()) == error::operation_aborted);
}

// || cancels the operation that loses, which takes no datagram with it; && has both results.
BOOST_AUTO_TEST_CASE(awaitable_operators) {
    using namespace asio::experimental::awaitable_operators;
    async_pair p;
    run(p.context, [&]() -> asio::awaitable<void> {
        for (int i = 0; i != 20; ++i) {
            const auto both = co_await (p.sender->async_send(bytes("both"), asio::use_awaitable) &&
                                        p.receiver->async_receive(asio::use_awaitable));
            BOOST_TEST(text(both.data()) == "both");
            co_await p.sender->async_send(bytes("either"));
            const auto either = co_await (p.sender->async_receive(asio::use_awaitable) ||
                                          p.receiver->async_receive(asio::use_awaitable));
            BOOST_TEST_REQUIRE(either.index() == 1U);
            BOOST_TEST(text(std::get<1>(either).data()) == "either");
        }
    });
    check_accounts(p.receiver->stats(), 40);
    check_accounts(p.sender->stats(), 0);
}

BOOST_AUTO_TEST_CASE(each_type_of_cancellation_by_the_associated_slot) {
    for (const auto type : {asio::cancellation_type::terminal, asio::cancellation_type::partial,
                            asio::cancellation_type::total}) {
        async_pair p;
        asio::cancellation_signal signal;
        operation receive, next;
        p.receiver->async_receive(asio::bind_cancellation_slot(signal.slot(), receive.handler()));
        signal.emit(type);
        BOOST_REQUIRE(p.run_until([&] { return receive.done; }));
        BOOST_TEST(receive.ec == error::operation_aborted);

        // A send on the tick that never comes.
        rtp_server slow{p.context, {.tick = std::chrono::seconds{10}}};
        const auto channel = slow.create_channel(on_loopback());
        operation send;
        channel->async_send_to(bytes("x"), p.receiver->local_endpoint(),
                               asio::bind_cancellation_slot(signal.slot(), send.handler()));
        signal.emit(type);
        BOOST_REQUIRE(p.run_until([&] { return send.done; }));
        BOOST_TEST(send.ec == error::operation_aborted);
        BOOST_TEST(channel->stats().cancelled == 1U);
    }
}

#if BOOST_VERSION >= 108600
BOOST_AUTO_TEST_CASE(cancel_after_ends_what_takes_too_long) {
    async_pair p;
    run(p.context, [&]() -> asio::awaitable<void> {
        const auto [ec, d] = co_await p.receiver->async_receive(
            asio::cancel_after(std::chrono::milliseconds{1}, asio::as_tuple));
        BOOST_TEST(ec == error::operation_aborted);
        co_await p.sender->async_send(bytes("x"));
        const datagram got = co_await p.receiver->async_receive(asio::cancel_after(patience));
        BOOST_TEST(text(got.data()) == "x");
    });
}
#endif

// Memory of the application's own: as much as there is room, and none from elsewhere.
struct arena {
    std::vector<std::byte> room = std::vector<std::byte>(16384);
    std::size_t used = 0, blocks = 0;
    bool holds(const void* p) const { return p >= room.data() && p < room.data() + room.size(); }
};
template <class T>
struct arena_allocator {
    using value_type = T;
    arena* from;
    explicit arena_allocator(arena& a) : from{&a} {}
    template <class U>
    arena_allocator(const arena_allocator<U>& other) : from{other.from} {}
    T* allocate(std::size_t n) {
        const std::size_t size = (n * sizeof(T) + 15) / 16 * 16;
        if (from->used + size > from->room.size()) throw std::bad_alloc{};
        ++from->blocks;
        void* const p = from->room.data() + std::exchange(from->used, from->used + size);
        return static_cast<T*>(p);
    }
    void deallocate(T* p, std::size_t) {
        BOOST_TEST(from->holds(p));
        --from->blocks;
    }
    bool operator==(const arena_allocator&) const = default;
};

// Handler and operation are in the associated allocator's memory, and that is free again when the
// handler is called.
BOOST_AUTO_TEST_CASE(an_operation_is_in_memory_of_the_associated_allocator) {
    async_pair p;
    arena memory;
    const arena_allocator<char> allocator{memory};
    std::size_t left = 99;
    const auto start = [&] {
        p.receiver->async_receive(asio::bind_allocator(
            allocator, [&](error_code, const datagram&) { left = memory.blocks; }));
    };
    start();
    BOOST_TEST(memory.blocks == 2U);
    p.send(1, 1);
    BOOST_REQUIRE(p.run_until([&] { return left != 99; }));
    BOOST_TEST(left == 0U);

    memory.used = memory.room.size(); // there is no more
    BOOST_CHECK_THROW(start(), std::bad_alloc);
    memory.used = 0;
    start();
    p.receiver->cancel();
    left = 99;
    BOOST_REQUIRE(p.run_until([&] { return left != 99; }));
    BOOST_TEST(left == 0U);
}

// Counts what is given to it, and runs nothing before execute() returned.
struct counting_executor {
    asio::io_context::executor_type inner;
    int* posted;

    asio::execution_context& query(asio::execution::context_t) const { return inner.context(); }
    static constexpr auto query(asio::execution::blocking_t) {
        return asio::execution::blocking.never;
    }
    counting_executor require(asio::execution::blocking_t::never_t) const { return *this; }
    template <class Function>
    void execute(Function f) const {
        ++*posted;
        asio::require(inner, asio::execution::blocking.never).execute(std::move(f));
    }
    bool operator==(const counting_executor&) const = default;
};

// An operation that completes on the server's executor goes to its handler's own at once.
BOOST_AUTO_TEST_CASE(a_completion_is_posted_once) {
    async_pair p;
    asio::io_context other;
    int posts = 0, calls = 0;
    const auto mine = [&](auto handler) {
        return asio::bind_executor(counting_executor{other.get_executor(), &posts},
                                   std::move(handler));
    };
    p.receiver->async_receive(mine([&](error_code, const datagram&) { ++calls; }));
    p.sender->async_send(bytes("x"), mine([&](error_code) { ++calls; }));
    // The turn that reads the datagram hands the completion on: nothing more runs here.
    while (p.receiver->stats().received == 0) {
        p.context.restart();
        p.context.run_one();
    }
    BOOST_TEST(posts == 2);
    BOOST_TEST(calls == 0);
    other.poll();
    BOOST_TEST(calls == 2);
}

} // namespace
