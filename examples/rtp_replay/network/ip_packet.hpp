/// \file
/// IPv4 and IPv6 headers.
#pragma once

#include "capture/packet_bytes.hpp"
#include "network/udp_packet.hpp"

#include <cstddef>
#include <cstdint>

namespace replay {

namespace ip_protocol {
inline constexpr unsigned ipv4 = 4, tcp = 6, udp = 17, ipv6 = 41, gre = 47, esp = 50, ah = 51,
                          icmp = 1, icmp6 = 58, mpls = 137, udp_lite = 136, sctp = 132;
} // namespace ip_protocol

/// An IP packet, or a fragment of one.
struct ip_packet {
    ip_address source, destination;
    unsigned protocol = 0; ///< of the payload
    packet_bytes payload;
    bool fragment = false; ///< the payload is a fragment
    std::uint32_t fragment_id = 0;
    std::size_t fragment_offset = 0; ///< in bytes
    bool more_fragments = false;     ///< not the last fragment
};

/// Reads the header at the beginning of \p bytes and skips extension headers. Returns false if
/// lengths contradict each other or it was not captured completely. Never reads outside \p bytes.
bool parse_ip(packet_bytes bytes, ip_packet& packet) noexcept;

/// Skips extension headers at the beginning of the payload of a reassembled packet. Returns false
/// as parse_ip().
bool skip_extensions(ip_packet& packet) noexcept;

} // namespace replay
