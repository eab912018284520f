#include "udp_packet.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <optional>

namespace replay {
namespace {

using bytes = std::span<const std::uint8_t>;

constexpr unsigned ethertype_ipv4 = 0x0800;
constexpr unsigned ethertype_ipv6 = 0x86dd;

constexpr unsigned protocol_udp = 17;

constexpr unsigned be16(bytes b, std::size_t at) noexcept {
    return static_cast<unsigned>(b[at] << 8 | b[at + 1]);
}

/// The IP version named by a BSD address family; every system has its own number for IPv6.
constexpr unsigned ethertype_of_family(unsigned family) noexcept {
    switch (family) {
    case 2:
        return ethertype_ipv4;
    case 10: // Linux
    case 24: // NetBSD, OpenBSD
    case 28: // FreeBSD
    case 30: // macOS
        return ethertype_ipv6;
    default:
        return 0;
    }
}

constexpr bool is_vlan_tag(unsigned ethertype) noexcept {
    return ethertype == 0x8100 || ethertype == 0x88a8 || ethertype == 0x9100; // 802.1Q, 802.1ad
}

/// Steps over the link layer. Returns the ethertype of what is left in \p rest, 0 if there is none.
unsigned skip_link_layer(link_type link, bytes& rest) noexcept {
    unsigned ethertype = 0;
    std::size_t header = 0;
    switch (link) {
    case link_type::ethernet:
        header = 14;
        if (rest.size() >= header) ethertype = be16(rest, 12);
        break;
    case link_type::linux_sll:
        header = 16;
        if (rest.size() >= header) ethertype = be16(rest, 14);
        break;
    case link_type::linux_sll2:
        header = 20;
        if (rest.size() >= header) ethertype = be16(rest, 0);
        break;
    case link_type::bsd_null:
        header = 4; // in the byte order of the machine that captured: families fit in one byte
        if (rest.size() >= header)
            ethertype = ethertype_of_family(rest[0] != 0 ? rest[0] : rest[3]);
        break;
    case link_type::raw_ip:
        if (!rest.empty()) {
            const int version = rest[0] >> 4;
            ethertype = version == 4 ? ethertype_ipv4 : version == 6 ? ethertype_ipv6 : 0;
        }
        break;
    }
    if (rest.size() < header) return 0;
    rest = rest.subspan(header);
    while (is_vlan_tag(ethertype)) {
        if (rest.size() < 4) return 0;
        ethertype = be16(rest, 2);
        rest = rest.subspan(4);
    }
    return ethertype;
}

/// Keeps \p length bytes of \p rest: what follows them is link-layer padding, and if there are
/// fewer, the capture has cut the packet short. A length of 0 stands for "all" (a jumbogram, or
/// segmentation left to the network card).
void limit(bytes& rest, std::size_t length, bool& cut_short) noexcept {
    if (length == 0) return;
    cut_short = cut_short || length > rest.size();
    rest = rest.first(std::min(length, rest.size()));
}

frame_kind parse_udp_header(bytes rest, udp_packet& packet) noexcept {
    if (rest.size() < 8) return frame_kind::too_short;
    packet.source.port = static_cast<std::uint16_t>(be16(rest, 0));
    packet.destination.port = static_cast<std::uint16_t>(be16(rest, 2));
    const std::size_t length = be16(rest, 4);
    if (length != 0 && length < 8) return frame_kind::too_short;
    limit(rest, length, packet.cut_short);
    packet.payload = rest.subspan(8);
    return frame_kind::udp;
}

frame_kind parse_ipv4(bytes rest, udp_packet& packet) noexcept {
    if (rest.size() < 20 || rest[0] >> 4 != 4) return frame_kind::too_short;
    const std::size_t header = std::size_t{4} * (rest[0] & 0x0fU);
    const std::size_t total = be16(rest, 2);
    if (header < 20 || rest.size() < header || (total != 0 && total < header))
        return frame_kind::too_short;
    if (rest[9] != protocol_udp) return frame_kind::other;
    if ((be16(rest, 6) & 0x3fff) != 0) return frame_kind::fragment; // MF or an offset
    std::copy_n(rest.begin() + 12, 4, packet.source.address.bytes.begin());
    std::copy_n(rest.begin() + 16, 4, packet.destination.address.bytes.begin());
    limit(rest, total, packet.cut_short);
    return parse_udp_header(rest.subspan(header), packet);
}

/// Steps over one IPv6 extension header of type \p next, and sets \p next to the type that follows.
/// Returns what the frame is if the walk ends there.
std::optional<frame_kind> skip_extension(bytes& rest, unsigned& next) noexcept {
    std::size_t units_of_8 = 0;
    switch (next) {
    case 0:   // hop-by-hop options
    case 43:  // routing
    case 60:  // destination options
    case 135: // mobility
    case 139: // host identity
    case 140: // shim6
        if (rest.size() < 8) return frame_kind::too_short;
        units_of_8 = rest[1] + std::size_t{1};
        break;
    case 44: // fragment; an "atomic" one (RFC 6946) is the whole datagram
        if (rest.size() < 8) return frame_kind::too_short;
        if ((be16(rest, 2) & 0xfff9) != 0)
            return rest[0] == protocol_udp ? frame_kind::fragment : frame_kind::other;
        units_of_8 = 1;
        break;
    case 51: { // authentication, counted in units of 4 bytes (RFC 4302 §2.2)
        if (rest.size() < 8) return frame_kind::too_short;
        const std::size_t size = (rest[1] + std::size_t{2}) * 4;
        if (size < 8 || rest.size() < size) return frame_kind::too_short;
        next = rest[0];
        rest = rest.subspan(size);
        return std::nullopt;
    }
    default:
        return frame_kind::other;
    }
    if (rest.size() < units_of_8 * 8) return frame_kind::too_short;
    next = rest[0];
    rest = rest.subspan(units_of_8 * 8);
    return std::nullopt;
}

frame_kind parse_ipv6(bytes rest, udp_packet& packet) noexcept {
    if (rest.size() < 40 || rest[0] >> 4 != 6) return frame_kind::too_short;
    const std::size_t length = be16(rest, 4);
    unsigned next = rest[6];
    packet.source.address.v6 = packet.destination.address.v6 = true;
    std::copy_n(rest.begin() + 8, 16, packet.source.address.bytes.begin());
    std::copy_n(rest.begin() + 24, 16, packet.destination.address.bytes.begin());
    rest = rest.subspan(40);
    limit(rest, length, packet.cut_short);
    while (next != protocol_udp) { // ends: each step takes at least 8 bytes
        if (const auto kind = skip_extension(rest, next)) return *kind;
    }
    return parse_udp_header(rest, packet);
}

} // namespace

std::string to_string(const ip_address& address) {
    char text[INET6_ADDRSTRLEN] = "";
    inet_ntop(address.v6 ? AF_INET6 : AF_INET, address.bytes.data(), text, sizeof text);
    return text;
}

std::string to_string(const endpoint& e) {
    const std::string address = to_string(e.address);
    return (e.address.v6 ? '[' + address + ']' : address) + ':' + std::to_string(e.port);
}

frame_kind parse_udp(link_type link, std::span<const std::uint8_t> frame,
                     udp_packet& packet) noexcept {
    packet = {};
    switch (skip_link_layer(link, frame)) {
    case ethertype_ipv4:
        return parse_ipv4(frame, packet);
    case ethertype_ipv6:
        return parse_ipv6(frame, packet);
    default:
        return frame_kind::other;
    }
}

} // namespace replay
