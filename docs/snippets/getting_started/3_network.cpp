/// \file
/// Getting started, step 3: the packets over UDP, received by a coroutine.

#include <rtpsynth/asio_server.hpp>
#include <rtpsynth/base/random.hpp>
#include <rtpsynth/rtp.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <array>
#include <chrono>
#include <exception>
#include <iostream>
#include <variant>

namespace asio = boost::asio;
namespace asio_server = rtpsynth::asio_server;
using namespace std::chrono_literals;
using packet_bytes = std::array<std::uint8_t, rtpsynth::rtp_header_size + 160>;

/// Awaits what comes out of the receiver's jitter buffer, until five packets' time has passed.
asio::awaitable<void> play(asio_server::frame_receiver& receiver) {
    for (std::int64_t left = 5; left > 0;) {
        const asio_server::media_frame next = co_await receiver.async_receive(asio::use_awaitable);
        if (const auto* frame = std::get_if<asio_server::rtp_frame>(&next)) {
            std::cout << "play " << frame->packet.payload().size() << " bytes\n";
            left -= 1;
        } else if (const auto* gap = std::get_if<rtpsynth::erasure>(&next)) {
            std::cout << "conceal " << gap->ts_diff / 8 << " ms\n";
            left -= gap->lseq_end - gap->lseq_start + 1;
        }
    }
}

int main() {
    asio::io_context context;
    asio_server::rtp_server server(context.get_executor());
    asio_server::frame_receiver receiver(server, {.bind = asio_server::resolve("127.0.0.1", 0)},
                                         {.jitter_buffer = {.capacity = 16, .max_delay = 60ms}});
    asio::co_spawn(context, play(receiver), [&](std::exception_ptr failure) {
        server.shutdown(); // nothing is left for run() to do
        if (failure) std::rethrow_exception(failure);
    });

    // G.711: a clock of 8000 Hz, and 20 ms of sound, 160 bytes, in a packet.
    rtpsynth::packet_synth stream(8000, 20ms,
                                  rtpsynth::stream_origin::draw(rtpsynth::system_random32));
    std::array<packet_bytes, 5> packets;
    for (packet_bytes& bytes : packets) {
        const auto now = std::chrono::steady_clock::now();
        if (!stream.write(now, {.payload_size = 160}, bytes)) return 1;
    }

    const auto sender = server.create_channel();
    if (sender->set_target(receiver.channel().local_endpoint())) return 1;
    for (const auto i : {0U, 2U, 1U, 4U}) // as before
        if (sender->try_send(packets[i])) return 1;

    context.run();
}
