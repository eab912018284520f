/// \file
/// Layers below IP.
#pragma once

#include "network/ethertype.hpp"

#include <cstdint>
#include <variant>

namespace replay {

using layer_result = std::variant<inner_packet, dead_end>;

/// Decodes the link layer of a frame; \p link_type is the LINKTYPE_ value of its capture file
/// (https://www.tcpdump.org/linktypes.html): Ethernet, raw IP, BSD loopback, Linux
/// cooked captures, PPP, Cisco HDLC, MPLS, NFLOG, IEEE 802.11 with or without radiotap.
layer_result link_layer(std::uint32_t link_type, packet_bytes frame) noexcept;

/// Decodes the layer named by \p type if it is one below IP: Ethernet, VLAN tags, IEEE 802.2, MPLS,
/// PPPoE, PPP. Otherwise a dead_end, `not_ip`.
layer_result below_ip(unsigned type, packet_bytes bytes) noexcept;

/// Whether \p bytes begin like an Ethernet frame with IP in it.
bool looks_like_ethernet(byte_span bytes) noexcept;
/// Whether \p bytes begin with an IP header whose fixed fields are right.
bool looks_like_ip(byte_span bytes) noexcept;

} // namespace replay
