/// \file
/// Getting started, step 5: what became of the packets.

#include <rtpsynth/asio_server.hpp>
#include <rtpsynth/audio.hpp>
#include <rtpsynth/base/random.hpp>
#include <rtpsynth/rtp.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <exception>
#include <iostream>
#include <memory>
#include <numbers>
#include <optional>
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
            std::array<std::int16_t, 160> sound{};
            rtpsynth::ulaw_decode(frame->packet.payload().first(160), sound);
            std::cout << "play, peak " << *std::max_element(sound.begin(), sound.end()) << '\n';
            left -= 1;
        } else if (const auto* gap = std::get_if<rtpsynth::erasure>(&next)) {
            std::cout << "conceal " << gap->ts_diff / 8 << " ms\n";
            left -= gap->lseq_end - gap->lseq_start + 1;
        }
    }
}

/// Sends 400 Hz, a packet a call.
struct tone {
    std::shared_ptr<asio_server::rtp_channel> channel;
    // G.711: a clock of 8000 Hz, and 20 ms of sound, 160 bytes, in a packet.
    rtpsynth::packet_synth stream{8000, 20ms,
                                  rtpsynth::stream_origin::draw(rtpsynth::system_random32)};
    int sent = 0;

    /// \return when to be called again; nullopt: never
    std::optional<rtpsynth::time_point> operator()(rtpsynth::time_point now,
                                                   rtpsynth::time_point deadline) {
        if (sent == 0) deadline = now; // the first call is made at once
        std::array<std::uint8_t, 160> sound;
        for (std::size_t i = 0; i < sound.size(); ++i)
            sound[i] = rtpsynth::ulaw_encode(static_cast<std::int16_t>(
                8000 * std::sin(2 * std::numbers::pi * 400 * static_cast<double>(i) / 8000)));
        packet_bytes bytes;
        if (!stream.write(now, {.payload_size = sound.size()}, bytes, sound)) return std::nullopt;
        if (++sent != 4 && channel->try_send(bytes)) return std::nullopt; // the fourth is lost
        if (sent == 5) return std::nullopt;
        return deadline + 20ms; // not now + 20ms, which would drift
    }
};

int main() {
    asio::io_context context;
    asio_server::rtp_server server(context.get_executor());
    asio_server::rtp_proc proc(context.get_executor());
    asio_server::frame_receiver receiver(server, {.bind = asio_server::resolve("127.0.0.1", 0)},
                                         {.jitter_buffer = {.capacity = 16, .max_delay = 60ms}});
    asio::co_spawn(context, play(receiver), [&](std::exception_ptr failure) {
        proc.shutdown();
        server.shutdown(); // nothing is left for run() to do
        if (failure) std::rethrow_exception(failure);
    });

    const auto sender = server.create_channel();
    if (sender->set_target(receiver.channel().local_endpoint())) return 1;
    const auto schedule = proc.create_channel(tone{sender});

    context.run();

    const asio_server::channel_stats out = sender->stats();
    const asio_server::frame_receiver_stats in = receiver.stats();
    std::cout << out.sent << " sent, " << out.send_errors << " refused by the kernel; "
              << in.jitter_buffer.received << " received, " << in.jitter_buffer.erased
              << " missing, " << in.jitter_buffer.late << " too late\n";
    std::cout << "calls began at most " << proc.stats().lateness.max() / 1us << " us late\n";
}
