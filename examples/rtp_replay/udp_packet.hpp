/// \file
/// From a captured frame to the UDP datagram in it: link layer, VLAN tags, IPv4 or IPv6, UDP.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace replay {

/// The layers below IP that are understood.
enum class link_type {
    ethernet,
    raw_ip,    ///< no link layer: the IP header comes first
    bsd_null,  ///< 4 bytes of address family, in either byte order (DLT_NULL and DLT_LOOP)
    linux_sll, ///< "Linux cooked" version 1, 16 bytes
    linux_sll2 ///< "Linux cooked" version 2, 20 bytes
};

/// An IPv4 address in the first 4 bytes (the others 0), or an IPv6 address.
struct ip_address {
    std::array<std::uint8_t, 16> bytes{};
    bool v6 = false;

    auto operator<=>(const ip_address&) const = default;
};

struct endpoint {
    ip_address address;
    std::uint16_t port = 0;

    auto operator<=>(const endpoint&) const = default;
};

std::string to_string(const ip_address& address);
/// `192.0.2.1:5004` or `[2001:db8::1]:5004`.
std::string to_string(const endpoint& e);

struct udp_packet {
    endpoint source, destination;
    std::span<const std::uint8_t> payload; ///< as far as it was captured
    bool cut_short = false;                ///< the capture's snaplen left out its end
};

/// What a frame turned out to hold.
enum class frame_kind {
    udp,
    other,     ///< not UDP over IP
    fragment,  ///< a piece of a fragmented IP datagram
    too_short, ///< ends before its UDP payload begins, or its lengths contradict each other
};

/// Looks into \p frame, the captured bytes, and fills \p packet if it is UDP. The payload borrows
/// the frame's bytes. Never reads outside \p frame, whatever the lengths in it say.
frame_kind parse_udp(link_type link, std::span<const std::uint8_t> frame,
                     udp_packet& packet) noexcept;

} // namespace replay
