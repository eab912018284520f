// What the program that compares playout buffers knows of each.
#pragma once

#include <rtpsynth/rtp/packet.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace quality {

constexpr std::uint8_t payload_type = 0; // PCMU
constexpr std::uint32_t packet_samples = 160;
constexpr std::int64_t packet_us = 20'000;

// When the first sample of a packet was pulled. Times in microseconds.
struct heard_packet {
    std::uint16_t seq;
    std::int64_t pulled;
};

// A jitter buffer, the decoder behind it, and what conceals.
class buffer {
public:
    virtual ~buffer() = default;
    // A packet arrives; they come in the order of their arrivals, as the clock passes.
    virtual void insert(const rtpsynth::rtp_packet_view& packet, std::int64_t arrival) = 0;
    // A tick of audio is due, and everything that arrived until \p now is in.
    virtual void pull(std::int64_t now, std::span<std::int16_t> pcm) = 0;

    std::vector<heard_packet> heard;
};

// \p setting is what a buffer's curve is drawn over: ms of least or fixed delay, or what the source
// says. Those that were not found when CMake configured are null.
std::unique_ptr<buffer> make_own_adaptive(double setting);
std::unique_ptr<buffer> make_own_fixed(double setting);
std::unique_ptr<buffer> make_spandsp(double setting);
std::unique_ptr<buffer> make_neteq(double setting);
std::unique_ptr<buffer> make_gstreamer(double setting);

} // namespace quality
