/// \file
/// State that belongs to one io_context, and another thread that posts to it: a "microphone" hands
/// over blocks of sound, which become RTP packets where the stream's numbering lives. No mutex.

#include <rtpsynth/asio_server/channel/resolve.hpp>
#include <rtpsynth/asio_server/server/rtp_server.hpp>
#include <rtpsynth/base/random.hpp>
#include <rtpsynth/rtp/packet_synth.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <array>
#include <chrono>
#include <iostream>
#include <thread>

namespace asio = boost::asio;
namespace asio_server = rtpsynth::asio_server;
using sound_block = std::array<std::uint8_t, 160>; // 20 ms of G.711

int main() {
    asio::io_context context{1}; // run by main's thread alone
    asio_server::rtp_server server(context.get_executor(), {.tick = std::nullopt});
    rtpsynth::packet_synth stream(
        8000, std::chrono::milliseconds{20},
        rtpsynth::stream_origin::draw([] { return 1000U; })); // or system_random32

    int received = 0;
    const auto receiver = server.create_channel(
        {.bind = asio_server::resolve("127.0.0.1", 0)},
        [&](asio_server::rtp_channel&, const asio_server::datagram_view& datagram) {
            const auto packet = rtpsynth::rtp_packet_view::parse(datagram.data);
            if (packet)
                std::cout << "packet " << packet->seq() << ", timestamp " << packet->timestamp()
                          << ", first byte of sound " << int{packet->payload().front()} << '\n';
            if (++received == 5) server.shutdown(); // nothing is left for run() to do
        });
    const auto sender = server.create_channel({.bind = asio_server::resolve("127.0.0.1", 0)});

    std::jthread microphone([&] {
        for (std::uint8_t i = 1; i <= 5; ++i) {
            sound_block sound;
            sound.fill(i);
            asio::post(context, [&, sound] {
                std::array<std::uint8_t, rtpsynth::rtp_header_size + sound.size()> packet;
                const auto now = std::chrono::steady_clock::now();
                if (!stream.write(now, {.payload_size = sound.size()}, packet, sound)) return;
                if (const auto e = sender->try_send_to(packet, receiver->local_endpoint()))
                    std::cerr << "not sent: " << e.message() << '\n';
            });
        }
    });
    context.run();
}
