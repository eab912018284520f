/// \file
/// Receiving with a callback, on the server's own thread: sends three datagrams to itself and shows
/// what arrives.

#include <rtpsynth/asio_server/channel/resolve.hpp>
#include <rtpsynth/asio_server/server/rtp_server.hpp>

#include <array>
#include <chrono>
#include <future>
#include <iostream>

namespace asio_server = rtpsynth::asio_server;
using namespace std::chrono_literals;

int main() {
    std::promise<void> all_received;
    int received = 0;

    // What the callback uses is made before the server, which ends its thread when it goes.
    asio_server::rtp_server server;
    const auto receiver = server.create_channel(
        {.bind = asio_server::resolve("127.0.0.1", 0)},
        [&](asio_server::rtp_channel&, const asio_server::datagram_view& datagram) {
            std::cout << datagram.data.size() << " bytes from " << datagram.source << '\n';
            if (++received == 3) all_received.set_value();
        });
    std::cout << "receiving on " << receiver->local_endpoint() << std::endl;

    const auto sender = server.create_channel({.bind = asio_server::resolve("127.0.0.1", 0)});
    if (const auto error = sender->set_target(receiver->local_endpoint())) {
        std::cerr << "no target: " << error.message() << '\n';
        return 1;
    }
    const std::array<std::uint8_t, 172> bytes{};
    for (const auto size : {12U, 92U, 172U})
        if (const auto error = sender->try_send(std::span(bytes).first(size)))
            std::cerr << "not sent: " << error.message() << '\n';

    const bool in_time = all_received.get_future().wait_for(5s) == std::future_status::ready;
    return in_time ? 0 : 1;
}
