// What the tests of operations share: an application's io_context, run by the test itself, and the
// accounts that must balance.
#pragma once

#include "server_tools.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <chrono>
#include <cstddef>
#include <future>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>

namespace rtpsynth::asio_server {

/// As a future of error and value, which throws nothing.
inline const auto to_future = boost::asio::use_future([](error_code ec, auto... value) {
    return std::tuple{ec, std::move(value)...};
});

template <class T>
T get(std::future<T> f) {
    BOOST_REQUIRE((f.wait_for(patience) == std::future_status::ready));
    return f.get();
}
template <class T>
bool is_ready(const std::future<T>& f) {
    return f.wait_for(std::chrono::seconds{0}) == std::future_status::ready;
}

/// Runs \p context until it holds.
inline bool run_until(boost::asio::io_context& context, const std::function<bool()>& holds) {
    const auto until = std::chrono::steady_clock::now() + patience;
    while (!holds()) {
        if (std::chrono::steady_clock::now() > until) return false;
        context.restart();
        context.run_one_for(std::chrono::milliseconds{10});
    }
    return true;
}

/// Runs \p context until nothing is outstanding on it; only then may it be destroyed while others
/// complete operations there.
inline bool run_out(boost::asio::io_context& context) {
    context.restart();
    context.run_for(patience);
    return context.stopped();
}

/// Runs what is ready, and what that makes ready.
inline void settle(boost::asio::io_context& context) {
#ifdef _WIN32 // where a thread of Asio's finds out which sockets are ready
    context.restart();
    context.run_for(std::chrono::milliseconds{100});
#endif
    do context.restart();
    while (context.poll() != 0);
}

/// A receive or send that was started, and what became of it. Outlives its completion.
struct operation {
    bool done = false;
    error_code ec;
    datagram got;
    int turn = 0; // its place in the order of completion

    auto handler(int* turns = nullptr) {
        return [this, turns](error_code e, datagram d = {}) {
            BOOST_TEST(!done);
            done = true;
            ec = e;
            got = std::move(d);
            if (turns) turn = (*turns)++;
        };
    }
};

/// What channel_stats.hpp promises of a channel that has nothing queued, or of many.
inline void check_accounts(const channel_stats& s) {
    BOOST_TEST(s.accepted == s.sent + s.send_errors + s.cancelled);
}
/// The same, for one that was sent \p arrived datagrams and has nothing read ahead.
inline void check_accounts(const channel_stats& s, std::uint64_t arrived) {
    check_accounts(s);
    BOOST_TEST(s.received + s.rejected + s.discarded + s.overflow == arrived);
}

/// Two channels that are read by async_receive, on a context that the test runs.
struct async_pair {
    boost::asio::io_context context;
    rtp_server server;
    std::shared_ptr<rtp_channel> sender, receiver;

    explicit async_pair(const server_options& options = immediate(), std::size_t queue_size = 256)
        : server{context.get_executor(), options} {
        channel_options channel = on_loopback();
        channel.queue_size = queue_size;
        channel.receive_buffer_size = 1 << 20;
        sender = server.create_channel(channel);
        receiver = server.create_channel(channel);
        BOOST_REQUIRE(!sender->set_target(receiver->local_endpoint()));
    }
    bool run_until(const std::function<bool()>& holds) {
        return asio_server::run_until(context, holds);
    }
    void send(int first, int count) {
        for (int i = 0; i != count; ++i)
            BOOST_REQUIRE(!sender->try_send(bytes(std::to_string(first + i))));
        BOOST_REQUIRE(run_until([&] { return queued() == 0; }));
    }
    std::uint64_t queued() const {
        const channel_stats s = sender->stats();
        return s.accepted - s.sent - s.send_errors - s.cancelled;
    }
    /// The next datagram's text.
    std::string receive() {
        operation op;
        receiver->async_receive(op.handler());
        BOOST_TEST(!op.done);
        BOOST_REQUIRE(run_until([&] { return op.done; }));
        BOOST_TEST(!op.ec);
        return text(op.got.data());
    }
};

} // namespace rtpsynth::asio_server
