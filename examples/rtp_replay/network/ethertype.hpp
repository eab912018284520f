/// \file
/// Ethertypes, by which this program names the next layer, whatever the current layer calls it.
#pragma once

#include "capture/packet_bytes.hpp"
#include "network/frame_counts.hpp"

#include <cstdint>
#include <optional>

namespace replay::ethertype {

inline constexpr unsigned ipv4 = 0x0800, ipv6 = 0x86dd;
inline constexpr unsigned vlan = 0x8100, service_vlan = 0x88a8, old_service_vlan = 0x9100;
inline constexpr unsigned mpls = 0x8847, mpls_multicast = 0x8848;
inline constexpr unsigned pppoe_session = 0x8864;
inline constexpr unsigned ethernet = 0x6558; ///< transparent Ethernet bridging: a whole frame
inline constexpr unsigned ppp = 0x880b;      ///< from the protocol field, or from ff 03 before it
inline constexpr unsigned llc = 4;           ///< Linux's value for an IEEE 802.2 header

/// Several frames in one of IEEE 802.11; out of an ethertype's range, so that no header can name
/// it.
inline constexpr unsigned a_msdu = 0x10000;

/// IP of either version: the first four bits tell which.
inline constexpr unsigned ip = ipv4;

constexpr bool is_vlan(unsigned type) noexcept {
    return type == vlan || type == service_vlan || type == old_service_vlan;
}

} // namespace replay::ethertype

namespace replay {

/// The contents of a layer.
struct inner_packet {
    unsigned type; ///< an ethertype
    packet_bytes bytes;
    std::uint64_t frame_counts::*counts_as = nullptr; ///< null if the layer is not counted
};

/// Why a layer cannot be decoded further.
struct dead_end {
    std::uint64_t frame_counts::*counts_as;
};

} // namespace replay
