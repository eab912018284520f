/// \file
/// Layers below IP.
#pragma once

#include "network/ethertype.hpp"

#include <cstdint>
#include <variant>

namespace replay {

using layer_result = std::variant<inner_packet, dead_end>;

/// Steps over the link layer of a frame, of which \p link_type is the LINKTYPE_ value of its
/// capture file (https://www.tcpdump.org/linktypes.html): Ethernet, raw IP, BSD loopback, Linux
/// cooked captures, PPP, Cisco HDLC, MPLS, NFLOG, IEEE 802.11 with or without radiotap.
layer_result link_layer(std::uint32_t link_type, packet_bytes frame) noexcept;

/// Steps over the layer that \p type names, if it is one of those below IP: Ethernet, VLAN tags,
/// IEEE 802.2, MPLS, PPPoE, PPP. Its end is a dead end, `not_ip`, if it is none of them.
layer_result below_ip(unsigned type, packet_bytes bytes) noexcept;

/// Whether it begins like an Ethernet frame that holds IP.
bool looks_like_ethernet(byte_span bytes) noexcept;
/// Whether it begins like an IP header, of which all that is fixed is right.
bool looks_like_ip(byte_span bytes) noexcept;

} // namespace replay
