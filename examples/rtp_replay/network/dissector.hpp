/// \file
/// Extracts datagrams from captured frames.
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

/// Receives the packets of a capture, in the order in which they were complete. Addresses are those
/// of the innermost IP header. Bytes are valid until the call returns.
class packet_listener {
public:
    virtual void packet(const udp_packet& packet, rtpsynth::time_point arrival) = 0;
    /// The next bytes of one direction of a TCP connection that carries SIP, in order.
    virtual void sip_bytes(const endpoint& source, const endpoint& destination, byte_span bytes,
                           rtpsynth::time_point arrival) = 0;

protected:
    ~packet_listener() = default;
};

/// Decodes link layers and tunnels, reassembles fragments and TCP connections, and counts what it
/// cannot use. Never reads outside a frame's bytes, whatever the lengths in it say; memory is
/// bounded.
class dissector : private tcp_listener {
public:
    /// \p listener must outlive this object.
    explicit dissector(packet_listener& listener) : listener_(listener) {}

    /// \throws std::bad_alloc
    void add(const captured_frame& frame);
    /// Ends the capture: delivers what still waits for earlier bytes.
    void finish();

    const frame_counts& counts() const noexcept { return counts_; }
    /// The first few unsupported link types, by their LINKTYPE_ value.
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
    fragment_table::whole whole_; // the current packet, if it came in fragments
    tcp_table tcp_;
    rtpsynth::time_point now_{};
    bool frame_cut_ = false; // cut by the snap length
};

} // namespace replay
