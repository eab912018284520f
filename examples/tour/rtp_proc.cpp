/// \file
/// RtpProc: sends half a second of a 440 Hz tone as PCMU, a packet every 20 ms, each at its time.

#include <rtpsynth/asio_server/channel/resolve.hpp>
#include <rtpsynth/asio_server/proc/rtp_proc.hpp>
#include <rtpsynth/asio_server/server/rtp_server.hpp>
#include <rtpsynth/audio/g711.hpp>
#include <rtpsynth/base/random.hpp>
#include <rtpsynth/rtp/packet_synth.hpp>

#include <array>
#include <chrono>
#include <cmath>
#include <future>
#include <iostream>
#include <numbers>
#include <tuple>

namespace asio_server = rtpsynth::asio_server;
using namespace std::chrono_literals;
using rtpsynth::time_point;

/// One stream; called by RtpProc's thread alone.
struct tone {
    asio_server::rtp_channel& channel;
    std::promise<void>& done;
    rtpsynth::packet_synth packets{8000, 20ms,
                                   rtpsynth::stream_origin::draw(rtpsynth::system_random32)};
    int samples = 0;
    time_point first{};

    std::optional<time_point> operator()(time_point now, time_point deadline) {
        if (samples == 0) deadline = first = now; // the first call has none
        std::array<std::uint8_t, 160> sound;
        for (std::uint8_t& code : sound)
            code = rtpsynth::ulaw_encode(static_cast<std::int16_t>(
                8000 * std::sin(2 * std::numbers::pi * 440 * samples++ / 8000)));
        std::array<std::uint8_t, rtpsynth::rtp_header_size + sound.size()> packet;
        if (packets.write(now, {.payload_size = sound.size()}, packet, sound))
            std::ignore = channel.try_send(packet); // one that is not sent is a lost packet
        if (samples < 4000) return deadline + 20ms; // never now + 20ms, which would drift
        std::cout << "sent " << samples / 160 << " packets in " << (now - first) / 1ms << " ms\n";
        done.set_value();
        return std::nullopt;
    }
};

int main() {
    std::promise<void> done;
    asio_server::rtp_server server({.tick = std::nullopt});
    const auto listener = server.create_channel({.bind = asio_server::resolve("127.0.0.1", 0)},
                                                [](auto&, const asio_server::datagram_view&) {});
    const auto channel = server.create_channel();
    if (channel->set_target(listener->local_endpoint())) return 1;

    asio_server::rtp_proc proc;
    const auto schedule = proc.create_channel(tone{*channel, done});
    done.get_future().wait();
    std::cout << "the latest call came " << proc.stats().lateness.max() / 1us << " us late\n";
}
