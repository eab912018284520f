#include "network/tunnels.hpp"

#include "network/ip_packet.hpp"
#include "network/link_layer.hpp"

#include <algorithm>

namespace replay {
namespace {

using result = std::optional<inner_packet>;

result after(packet_bytes bytes, std::size_t size, unsigned type,
             std::uint64_t frame_counts::*counts_as) noexcept {
    if (!bytes.skip(size)) return std::nullopt;
    return inner_packet{type, bytes, counts_as};
}

/// Types I to III. Type I has no header, and GRE without a sequence number.
result erspan(packet_bytes bytes, bool sequence_number) noexcept {
    constexpr auto counted = &frame_counts::gre;
    if (!sequence_number) return inner_packet{ethertype::ethernet, bytes, counted};
    if (bytes.data.size() < 12) return std::nullopt;
    if (bytes.data[0] >> 4 != 2) return after(bytes, 8, ethertype::ethernet, counted);
    const bool subheader = (bytes.data[11] & 1) != 0;
    return after(bytes, subheader ? 20 : 12, ethertype::ethernet, counted);
}

result gre(packet_bytes bytes) noexcept {
    if (bytes.data.size() < 4) return std::nullopt;
    const unsigned flags = be16(bytes.data, 0), type = be16(bytes.data, 2), version = flags & 7;
    if (version > 1) return std::nullopt;
    const bool checksum = (flags & 0x8000) != 0, routing = (flags & 0x4000) != 0;
    const bool key = (flags & 0x2000) != 0, sequence_number = (flags & 0x1000) != 0;
    const bool acknowledgement = version == 1 && (flags & 0x0080) != 0;
    bytes.skip(4);
    if (!bytes.skip(std::size_t{4} * (checksum || routing) + std::size_t{4} * key +
                    std::size_t{4} * sequence_number + std::size_t{4} * acknowledgement))
        return std::nullopt;
    for (bool more = routing; more;) { // RFC 1701: source routes, up to one of length 0
        if (bytes.data.size() < 4) return std::nullopt;
        const std::size_t length = bytes.data[3];
        more = length != 0 || be16(bytes.data, 0) != 0;
        if (!bytes.skip(4 + length)) return std::nullopt;
    }
    if (type == 0x88be || type == 0x22eb) return erspan(bytes, sequence_number);
    return inner_packet{type, bytes, &frame_counts::gre};
}

/// \p on_port: accepts flags of extensions as well, such as group policy.
result vxlan(packet_bytes bytes, bool on_port) noexcept {
    const byte_span b = bytes.data;
    if (b.size() < 8 || (b[0] & 0x08) == 0 || b[7] != 0) return std::nullopt;
    if (!on_port && (be32(b, 0) != 0x0800'0000 || !looks_like_ethernet(b.subspan(8))))
        return std::nullopt;
    return after(bytes, 8, ethertype::ethernet, &frame_counts::vxlan);
}

/// draft-ietf-nvo3-vxlan-gpe.
result vxlan_gpe(packet_bytes bytes) noexcept {
    constexpr unsigned types[] = {0, ethertype::ipv4, ethertype::ipv6, ethertype::ethernet,
                                  0, ethertype::mpls};
    const byte_span b = bytes.data;
    if (b.size() < 8 || (b[0] & 0xf8) != 0x08 || b[3] >= std::size(types)) return std::nullopt;
    const bool names_next = (b[0] & 0x04) != 0;
    return after(bytes, 8, names_next ? types[b[3]] : ethertype::ethernet, &frame_counts::vxlan);
}

result geneve(packet_bytes bytes) noexcept {
    const byte_span b = bytes.data;
    if (b.size() < 8 || b[0] >> 6 != 0 || (b[1] & 0x3f) != 0 || b[7] != 0) return std::nullopt;
    const std::size_t options = std::size_t{4} * (b[0] & 0x3fU);
    return after(bytes, 8 + options, be16(b, 2), &frame_counts::geneve);
}

/// A G-PDU (message type 255) of version 1, whose length excludes the first 8 bytes.
result gtp_u(packet_bytes bytes) noexcept {
    const byte_span b = bytes.data;
    if (b.size() < 8 || (b[0] & 0xf0) != 0x30 || b[1] != 255) return std::nullopt;
    const std::size_t length = be16(b, 2);
    if (length > bytes.size_on_wire() - 8) return std::nullopt;
    const bool optional_fields = (b[0] & 0x07) != 0, extensions = (b[0] & 0x04) != 0;
    bytes.skip(8);
    bytes.limit(length);
    if (optional_fields) {
        if (bytes.data.size() < 4) return std::nullopt;
        unsigned next = extensions ? bytes.data[3] : 0U;
        bytes.skip(4);
        while (next != 0) { // each of at least 4 bytes, counted in units of 4
            const std::size_t size = bytes.data.empty() ? 0 : std::size_t{4} * bytes.data[0];
            if (size == 0 || bytes.data.size() < size) return std::nullopt;
            next = bytes.data[size - 1];
            bytes.skip(size);
        }
    }
    const unsigned type = looks_like_ip(bytes.data)         ? ethertype::ip
                          : looks_like_ethernet(bytes.data) ? ethertype::ethernet
                                                            : 0;
    if (type == 0) return std::nullopt;
    return inner_packet{type, bytes, &frame_counts::gtp_u};
}

/// Data messages of version 2, which carry PPP.
result l2tp(packet_bytes bytes) noexcept {
    if (bytes.data.size() < 6) return std::nullopt;
    const unsigned flags = be16(bytes.data, 0);
    if ((flags & 0x800f) != 0x0002) return std::nullopt;
    const bool length = (flags & 0x4000) != 0, sequence = (flags & 0x0800) != 0;
    const bool offset = (flags & 0x0200) != 0;
    bytes.skip(2);
    if (!bytes.skip(std::size_t{2} * length + 4 + std::size_t{4} * sequence)) return std::nullopt;
    std::size_t padding = 0;
    if (offset) {
        if (bytes.data.size() < 2) return std::nullopt;
        padding = 2 + be16(bytes.data, 0);
    }
    return after(bytes, padding, ethertype::ppp, &frame_counts::l2tp);
}

/// TaZmen Sniffer Protocol, which mirrors the traffic of routers and access points.
result tzsp(packet_bytes bytes) noexcept {
    const byte_span b = bytes.data;
    if (b.size() < 5 || b[0] != 1 || b[1] > 1 || be16(b, 2) != 1) return std::nullopt;
    bytes.skip(4);
    for (;;) { // tags of a type, a length and a value; 0 is padding and 1 the last, of one byte
        if (bytes.data.empty()) return std::nullopt;
        const unsigned tag = bytes.data[0];
        if (tag == 1) return after(bytes, 1, ethertype::ethernet, &frame_counts::tzsp);
        if (tag != 0 && bytes.data.size() < 2) return std::nullopt;
        if (!bytes.skip(tag == 0 ? 1 : 2 + std::size_t{bytes.data[1]})) return std::nullopt;
    }
}

} // namespace

result ip_tunnel(unsigned protocol, packet_bytes payload) noexcept {
    switch (protocol) {
    case ip_protocol::ipv4:
    case ip_protocol::ipv6:
        return inner_packet{ethertype::ip, payload, &frame_counts::ip_in_ip};
    case ip_protocol::gre:
        return gre(payload);
    case ip_protocol::mpls:
        return inner_packet{ethertype::mpls, payload};
    default:
        return std::nullopt;
    }
}

result udp_tunnel(std::uint16_t destination_port, packet_bytes payload) noexcept {
    switch (destination_port) {
    case 4789:
    case 8472: // Linux's default
        if (const auto inner = vxlan(payload, true)) return inner;
        break;
    case 4790:
        if (const auto inner = vxlan_gpe(payload)) return inner;
        break;
    case 6081:
        if (const auto inner = geneve(payload)) return inner;
        break;
    case 1701:
        if (const auto inner = l2tp(payload)) return inner;
        break;
    case 6635:
        if (looks_like_ip(payload.data.subspan(std::min<std::size_t>(4, payload.data.size()))))
            return inner_packet{ethertype::mpls, payload};
        break;
    case 37008:
        if (const auto inner = tzsp(payload)) return inner;
        break;
    default:
        break;
    }
    if (payload.data.empty()) return std::nullopt;
    if (payload.data[0] == 0x08) return vxlan(payload, false);
    if ((payload.data[0] & 0xf0) == 0x30) return gtp_u(payload);
    return std::nullopt;
}

std::optional<packet_bytes> turn_payload(packet_bytes message) noexcept {
    constexpr std::uint32_t magic_cookie = 0x2112a442;
    constexpr unsigned send_indication = 0x0016, data_indication = 0x0017, data_attribute = 0x0013;
    const byte_span b = message.data;
    if (b.size() < 4) return std::nullopt;
    const unsigned type = be16(b, 0), length = be16(b, 2);
    if (b[0] >= 0x40 && b[0] <= 0x4f) { // a channel's number; at most 3 bytes of padding
        const std::size_t rest = message.size_on_wire() - 4;
        if (length > rest || rest > ((length + 3U) & ~3U)) return std::nullopt;
        message.skip(4);
        message.limit(length);
        return message;
    }
    if ((type != send_indication && type != data_indication) || b.size() < 20 ||
        be32(b, 4) != magic_cookie)
        return std::nullopt;
    message.skip(20);
    while (message.data.size() >= 4) {
        const unsigned attribute = be16(message.data, 0);
        const std::size_t size = be16(message.data, 2);
        message.skip(4);
        if (attribute == data_attribute) {
            if (size > message.size_on_wire()) return std::nullopt;
            message.limit(size);
            return message;
        }
        if (!message.skip((size + 3) & ~std::size_t{3})) return std::nullopt;
    }
    return std::nullopt;
}

} // namespace replay
