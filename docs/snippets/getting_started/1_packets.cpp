/// \file
/// Getting started, step 1: a stream of RTP packets.

#include <rtpsynth/rtp.hpp>

#include <array>
#include <chrono>
#include <iostream>

using namespace std::chrono_literals;
using packet_bytes = std::array<std::uint8_t, rtpsynth::rtp_header_size + 160>;

int main() {
    // G.711: a clock of 8000 Hz, and 20 ms of sound, 160 bytes, in a packet.
    rtpsynth::packet_synth stream(8000, 20ms, {.ssrc = 0x1234abcd, .timestamp = 0, .seq = 100});

    std::array<packet_bytes, 5> packets;
    for (packet_bytes& bytes : packets) {
        const auto now = std::chrono::steady_clock::now();
        if (!stream.write(now, {.payload_size = 160}, bytes)) return 1;

        const auto packet = rtpsynth::rtp_packet_view::parse(bytes);
        std::cout << "packet " << packet->seq() << ", timestamp " << packet->timestamp()
                  << (packet->marker() ? ", marker\n" : "\n");
    }
}
