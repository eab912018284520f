/// \file
/// Coroutines on the application's own io_context: one answers what it receives, another calls it
/// three times. No other thread.

#include <rtpsynth/asio_server/channel/resolve.hpp>
#include <rtpsynth/asio_server/server/rtp_server.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <array>
#include <iostream>

namespace asio = boost::asio;
namespace asio_server = rtpsynth::asio_server;
using channel = std::shared_ptr<asio_server::rtp_channel>;

/// Echoes until the channel is closed.
asio::awaitable<void> answer(channel line) {
    for (;;) {
        const auto [error, datagram] =
            co_await line->async_receive(asio::as_tuple(asio::use_awaitable));
        if (error) co_return;
        // An answer that cannot be sent ends nothing: its error is left unread.
        co_await line->async_send_to(datagram.data(), datagram.source(),
                                     asio::as_tuple(asio::use_awaitable));
    }
}

/// Errors are exceptions here.
asio::awaitable<void> call(channel line, asio::ip::udp::endpoint whom) {
    for (const auto size : {12U, 92U, 172U}) {
        const std::array<std::uint8_t, 172> bytes{};
        co_await line->async_send_to(std::span(bytes).first(size), whom, asio::use_awaitable);
        const asio_server::datagram reply = co_await line->async_receive(asio::use_awaitable);
        std::cout << "sent " << size << " bytes, got " << reply.data().size() << " back from "
                  << reply.source() << '\n';
    }
}

int main() {
    asio::io_context context;
    asio_server::rtp_server server(context.get_executor(), {.tick = std::nullopt}); // send at once
    const auto answering = server.create_channel({.bind = asio_server::resolve("127.0.0.1", 0)});
    const auto calling = server.create_channel({.bind = asio_server::resolve("127.0.0.1", 0)});

    asio::co_spawn(context, answer(answering), asio::detached);
    const auto done = [&](std::exception_ptr failure) {
        server.shutdown(); // ends answer(), and then there is nothing left for run() to do
        if (failure) std::rethrow_exception(failure); // out of run()
    };
    asio::co_spawn(context, call(calling, answering->local_endpoint()), done);
    context.run();
}
