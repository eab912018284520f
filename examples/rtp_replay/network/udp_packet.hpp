/// \file
/// A datagram of a capture and its addresses.
#pragma once

#include "capture/packet_bytes.hpp"

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>

namespace replay {

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

enum class transport {
    udp,
    tcp, ///< the datagram was framed in a TCP connection (RFC 4571, RFC 7826 §14, RFC 8656 §12.5)
};

struct udp_packet {
    endpoint source, destination;
    byte_span payload;      ///< as far as it was captured
    bool cut_short = false; ///< the payload was not captured completely
    std::size_t length = 0; ///< of the payload on the wire, in bytes
    transport over = transport::udp;
};

} // namespace replay
