/// \file
/// Tunnels: packets in packets.
#pragma once

#include "network/ethertype.hpp"

#include <cstdint>
#include <optional>

namespace replay {

/// The contents of an IP packet's payload if \p protocol is a tunnel: IP in IP (RFC 2003, 2473,
/// 4213), GRE (RFC 2784, 2890, 2637) with any ethertype, ERSPAN (draft-foschiano-erspan) of types
/// I, II and III, MPLS in IP (RFC 4023).
std::optional<inner_packet> ip_tunnel(unsigned protocol, packet_bytes payload) noexcept;

/// The contents of a UDP datagram if it is a tunnel: VXLAN (RFC 7348, and VXLAN-GPE), Geneve (RFC
/// 8926), GTP-U (3GPP TS 29.281), L2TP (RFC 2661), MPLS in UDP (RFC 7510), TZSP. They are
/// recognised by port and header; VXLAN and GTP-U on other ports by the header alone.
std::optional<inner_packet> udp_tunnel(std::uint16_t destination_port,
                                       packet_bytes payload) noexcept;

/// The datagram in TURN's channel data (RFC 8656 §12.4) or in the DATA attribute of a TURN
/// indication (§11.5, §11.6).
std::optional<packet_bytes> turn_payload(packet_bytes message) noexcept;

} // namespace replay
