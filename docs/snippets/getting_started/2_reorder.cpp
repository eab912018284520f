/// \file
/// Getting started, step 2: the packets through a jitter buffer, one late and one lost.

#include <rtpsynth/jitter.hpp>
#include <rtpsynth/rtp.hpp>

#include <array>
#include <chrono>
#include <iostream>
#include <variant>

using namespace std::chrono_literals;
using packet_bytes = std::array<std::uint8_t, rtpsynth::rtp_header_size + 160>;
using jitter_buffer = rtpsynth::jitter_buffer<std::monostate>;

/// What the jitter buffer calls with each thing that comes out.
struct player {
    void operator()(jitter_buffer::frame&& frame) const {
        std::cout << "play packet " << frame.packet.seq() << '\n';
    }
    void operator()(const rtpsynth::erasure& gap) const {
        std::cout << "conceal " << gap.ts_diff / 8 << " ms\n";
    }
    void operator()(rtpsynth::drop_reason, jitter_buffer::frame&&) const {
        std::cout << "dropped: duplicate or too late\n";
    }
};

int main() {
    // G.711: a clock of 8000 Hz, and 20 ms of sound, 160 bytes, in a packet.
    rtpsynth::packet_synth stream(8000, 20ms, {.ssrc = 0x1234abcd, .timestamp = 0, .seq = 100});

    std::array<packet_bytes, 5> packets;
    for (packet_bytes& bytes : packets) {
        const auto now = std::chrono::steady_clock::now();
        if (!stream.write(now, {.payload_size = 160}, bytes)) return 1;
    }

    jitter_buffer buffer({.capacity = 3});
    for (const auto i : {0U, 2U, 1U, 4U}) { // 102 overtakes 101, and 103 is lost
        std::cout << "received " << 100 + i << '\n';
        const auto now = std::chrono::steady_clock::now();
        if (!buffer.insert(packets[i], {}, now, player{})) return 1;
    }
    std::cout << "the end\n";
    buffer.flush(player{}); // what still waits
}
