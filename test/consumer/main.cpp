// A C++20 program that uses what is installed: makes 20 packets, loses one, swaps two, and checks
// that the jitter buffer puts the rest in order and marks the loss.
#include <rtpsynth/base/version.h>
#include <rtpsynth/jitter/buffer.hpp>
#include <rtpsynth/rtp/packet.hpp>
#include <rtpsynth/rtp/packet_synth.hpp>

#include <array>
#include <chrono>
#include <iostream>
#include <utility>
#include <variant>
#include <vector>

namespace {

using datagram = std::array<std::uint8_t, rtpsynth::rtp_header_size + 160>;
using jitter_buffer = rtpsynth::jitter_buffer<std::monostate>;

struct player {
    std::vector<int> seqs; // -1 for an erased packet

    void operator()(jitter_buffer::frame&& f) { seqs.push_back(f.packet.seq()); }
    void operator()(const rtpsynth::erasure& gap) {
        for (auto lseq = gap.lseq_start; lseq <= gap.lseq_end; ++lseq) seqs.push_back(-1);
    }
    void operator()(rtpsynth::drop_reason, jitter_buffer::frame&&) { seqs.push_back(-2); }
};

} // namespace

int main() {
    rtpsynth::packet_synth synth(8000, std::chrono::milliseconds(20),
                                 {.ssrc = 0x1234, .timestamp = 0, .seq = 65530});
    std::vector<datagram> datagrams(20);
    std::vector<int> expected;
    rtpsynth::time_point now{};
    for (datagram& d : datagrams) {
        expected.push_back(synth.next_position().seq);
        if (!synth.write(now += std::chrono::milliseconds(20), {.payload_size = 160}, d)) return 1;
    }
    expected[7] = -1;
    std::swap(datagrams[12], datagrams[13]);

    jitter_buffer buffer({.capacity = 5});
    player out;
    for (const datagram& d : datagrams) {
        if (&d == &datagrams[7]) continue;
        const auto packet = rtpsynth::rtp_packet_view::parse(d);
        if (!packet || packet->payload().size() != 160) return 1;
        if (!buffer.insert(*packet, {}, now, out)) return 1;
    }
    buffer.flush(out);

    const auto refused = rtpsynth::rtp_packet_view::parse({});
    const boost::system::error_code error = refused.error();
    std::cout << "C++, rtpsynth " << rsynth_version() << ": " << buffer.stats().received
              << " packets in order, " << buffer.stats().erased
              << " lost; an empty datagram: " << error.category().name() << ", " << error.message()
              << '\n';
    return !(out.seqs == expected && rsynth_version() == RTPSYNTH_VERSION);
}
