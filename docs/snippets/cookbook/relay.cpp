/// \file
/// Cookbook: a relay between two telephones.

#include <rtpsynth/asio_server.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <exception>
#include <iostream>
#include <memory>
#include <span>
#include <string_view>

namespace asio = boost::asio;
namespace asio_server = rtpsynth::asio_server;
using namespace std::chrono_literals;
using channel_ptr = std::shared_ptr<asio_server::rtp_channel>;

/// Passes on what one side receives to the other, until it is closed. A side's target is where its
/// first datagram came from, whatever signalling said: that is how RTP passes a NAT.
asio::awaitable<void> forward(channel_ptr from, channel_ptr to) {
    for (;;) {
        const auto [error, packet] =
            co_await from->async_receive(asio::as_tuple(asio::use_awaitable));
        if (error) co_return;
        if (!from->target() && from->set_target(packet.source())) continue;
        // Refused while the other side is unknown, and when its queue is full: a lost packet.
        static_cast<void>(to->try_send(packet.data()));
    }
}

asio::awaitable<void> say(channel_ptr phone, std::string_view words) {
    const auto* const bytes = reinterpret_cast<const std::uint8_t*>(words.data());
    co_await phone->async_send(std::span(bytes, words.size()), asio::use_awaitable);
}

asio::awaitable<void> hear(channel_ptr phone, std::string_view name) {
    const asio_server::datagram packet = co_await phone->async_receive(asio::use_awaitable);
    std::cout << name << " hears: ";
    std::cout.write(reinterpret_cast<const char*>(packet.data().data()),
                    static_cast<std::streamsize>(packet.data().size()))
        << '\n';
}

asio::awaitable<void> call(channel_ptr alice, channel_ptr bob, channel_ptr left) {
    co_await say(alice, "is anybody there?"); // not yet
    asio::steady_timer pause(co_await asio::this_coro::executor);
    while (!left->target()) { // until the relay knows where Alice is
        pause.expires_after(1ms);
        co_await pause.async_wait(asio::use_awaitable);
    }
    co_await say(bob, "hello");
    co_await hear(alice, "Alice");
    co_await say(alice, "good morning");
    co_await hear(bob, "Bob");
}

int main() {
    asio::io_context context;
    asio_server::rtp_server server(context.get_executor(), {.tick = std::nullopt}); // send at once
    const auto port = [&] {
        return server.create_channel({.bind = asio_server::resolve("127.0.0.1", 0)});
    };
    const channel_ptr left = port(), right = port();
    asio::co_spawn(context, forward(left, right), asio::detached);
    asio::co_spawn(context, forward(right, left), asio::detached);

    const channel_ptr alice = port(), bob = port();
    if (alice->set_target(left->local_endpoint())) return 1;
    if (bob->set_target(right->local_endpoint())) return 1;
    asio::co_spawn(context, call(alice, bob, left), [&](std::exception_ptr failure) {
        server.shutdown();
        if (failure) std::rethrow_exception(failure);
    });
    context.run();
}
