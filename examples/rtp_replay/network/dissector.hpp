/// \file
/// From captured frames to the datagrams in them.
#pragma once

#include "capture/capture.hpp"
#include "network/fragment_table.hpp"
#include "network/frame_counts.hpp"
#include "network/ip_packet.hpp"
#include "network/link_layer.hpp"
#include "network/udp_packet.hpp"
#include "tcp/tcp_table.hpp"

#include <cstdint>
#include <optional>
#include <set>

namespace replay {

/// Takes what a capture holds, in the order in which it was whole. Addresses are those of the
/// innermost IP header. What is passed borrows its bytes until the call returns.
class packet_listener {
public:
    virtual void packet(const udp_packet& packet, rtpsynth::time_point arrival) = 0;
    /// The next bytes of one direction of a TCP connection that carries SIP, in order.
    virtual void sip_bytes(const endpoint& source, const endpoint& destination, byte_span bytes,
                           rtpsynth::time_point arrival) = 0;

protected:
    ~packet_listener() = default;
};

/// Steps over link layers and tunnels, puts fragments and TCP connections together, and counts
/// what cannot be used. Never reads outside a frame's bytes, whatever the lengths in it say; memory
/// is bounded, whatever the frames.
class dissector : private tcp_listener {
public:
    /// \p listener must outlive this object.
    explicit dissector(packet_listener& listener) : listener_(listener) {}

    /// Throws std::bad_alloc.
    void add(const captured_frame& frame);
    /// The capture has ended: passes on what waits for bytes before it.
    void finish();

    const frame_counts& counts() const noexcept { return counts_; }
    /// Link types that are not understood, as the capture numbers them; the first few.
    const std::set<std::uint32_t>& unknown_link_types() const noexcept {
        return unknown_link_types_;
    }

private:
    void follow(inner_packet layer);
    bool reassemble(ip_packet& packet);
    void use_lone_fragments(bool at_end);
    void count_dead_end(std::uint64_t frame_counts::*count) noexcept;
    std::optional<inner_packet> transport_layer(const ip_packet& packet);
    std::optional<inner_packet> udp(const ip_packet& packet);
    void datagram(udp_packet packet, packet_bytes payload);
    void media(udp_packet packet, packet_bytes payload);

    void tcp_packet(const endpoint& source, const endpoint& destination, packet_bytes packet,
                    bool turn) override;
    void sip_bytes(const endpoint& source, const endpoint& destination, byte_span bytes) override;
    void tcp_bytes_missing(std::uint64_t count) override;

    packet_listener& listener_;
    frame_counts counts_;
    std::set<std::uint32_t> unknown_link_types_;
    fragment_table fragments_;
    fragment_table::whole whole_; // the packet being looked into, if it came in fragments
    tcp_table tcp_;
    rtpsynth::time_point now_{};
    bool frame_cut_ = false; // by the snap length
};

} // namespace replay
