/// \file
/// Awaiting frames instead of datagrams: a stream comes with one packet late and one lost, and is
/// played in order, with an erasure where something is missing.

#include <rtpsynth/asio_server/channel/frame_receiver.hpp>
#include <rtpsynth/asio_server/channel/resolve.hpp>
#include <rtpsynth/base/random.hpp>
#include <rtpsynth/rtp/packet_synth.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <array>
#include <chrono>
#include <iostream>

namespace asio = boost::asio;
namespace asio_server = rtpsynth::asio_server;
using namespace std::chrono_literals;

asio::awaitable<void> play(asio_server::frame_receiver& receiver) {
    std::int64_t first = -1, next = 0;
    while (next < 8) {
        const auto [error, media] =
            co_await receiver.async_receive(asio::as_tuple(asio::use_awaitable));
        if (error) co_return;
        if (const auto* frame = std::get_if<asio_server::rtp_frame>(&media)) {
            if (first < 0) first = frame->lseq;
            next = frame->lseq - first + 1;
            std::cout << "play " << next - 1 << ": " << frame->packet.payload().size()
                      << " bytes\n";
        } else if (const auto* gap = std::get_if<rtpsynth::erasure>(&media)) {
            std::cout << "conceal " << gap->lseq_end - gap->lseq_start + 1 << " packet, "
                      << gap->ts_diff / 8 << " ms\n";
        }
    }
}

int main() {
    asio::io_context context;
    asio_server::rtp_server server(context.get_executor(), {.tick = std::nullopt});
    asio_server::frame_receiver receiver(server, {.bind = asio_server::resolve("127.0.0.1", 0)},
                                         {.jitter_buffer = {.capacity = 20, .max_delay = 60ms}});
    asio::co_spawn(context, play(receiver), [&](std::exception_ptr) { server.shutdown(); });

    std::array<std::array<std::uint8_t, 172>, 8> packets;
    rtpsynth::packet_synth stream(8000, 20ms,
                                  rtpsynth::stream_origin::draw(rtpsynth::system_random32));
    for (auto& packet : packets)
        if (!stream.write({}, {.payload_size = 160}, packet)) return 1;
    const auto sender = server.create_channel();
    for (const auto i : {0U, 1U, 3U, 2U, 4U, 6U, 7U}) // 2 comes after 3, and 5 never
        if (sender->try_send_to(packets[i], receiver.channel().local_endpoint())) return 1;
    context.run();
}
