#include "network/link_layer.hpp"

#include "capture/file_integers.hpp"
#include "network/wireless.hpp"

namespace replay {
namespace {

constexpr dead_end too_short{&frame_counts::malformed};
constexpr dead_end no_ip{&frame_counts::not_ip};

/// The contents after a header of \p size bytes.
layer_result after(packet_bytes bytes, std::size_t size, unsigned type,
                   std::uint64_t frame_counts::*counts_as = nullptr) noexcept {
    if (!bytes.skip(size)) return too_short;
    return inner_packet{type, bytes, counts_as};
}

/// The IP version of a BSD address family; each system has its own number for IPv6.
constexpr unsigned ethertype_of_family(unsigned family) noexcept {
    switch (family) {
    case 2:
        return ethertype::ipv4;
    case 10: // Linux
    case 24: // NetBSD, OpenBSD
    case 28: // FreeBSD
    case 30: // macOS
        return ethertype::ipv6;
    default:
        return 0;
    }
}

/// Ethernet II, or IEEE 802.3, which has a length in place of the type and an IEEE 802.2 header
/// after it.
layer_result ethernet(packet_bytes bytes) noexcept {
    if (bytes.data.size() < 14) return too_short;
    const unsigned type = be16(bytes.data, 12);
    return after(bytes, 14, type < 0x0600 ? ethertype::llc : type);
}

/// IEEE 802.2; only SNAP can carry IP.
layer_result llc(packet_bytes bytes) noexcept {
    if (bytes.data.size() < 8) return no_ip;
    const bool snap = bytes.data[0] == 0xaa && bytes.data[1] == 0xaa && bytes.data[2] == 3;
    return snap ? after(bytes, 8, be16(bytes.data, 6)) : no_ip;
}

/// A label stack does not name its contents (RFC 3032 §2.2): they are IP, recognised by the
/// version, or an Ethernet pseudowire with (RFC 4385 §3) or without a control word.
layer_result mpls(packet_bytes bytes) noexcept {
    bool last = false;
    while (!last) {
        if (bytes.data.size() < 4) return too_short;
        last = (bytes.data[2] & 1) != 0;
        bytes.skip(4);
    }
    constexpr auto counted = &frame_counts::mpls;
    if (looks_like_ip(bytes.data)) return inner_packet{ethertype::ip, bytes, counted};
    if (bytes.data.size() >= 4 && bytes.data[0] >> 4 == 0 &&
        looks_like_ethernet(bytes.data.subspan(4)))
        return after(bytes, 4, ethertype::ethernet, counted);
    return inner_packet{ethertype::ethernet, bytes, counted};
}

/// RFC 1661 §2 and 1662: address and control are optional, the protocol may have one byte.
layer_result ppp(packet_bytes bytes) noexcept {
    if (bytes.data.size() >= 2 && bytes.data[0] == 0xff && bytes.data[1] == 0x03) bytes.skip(2);
    if (bytes.data.size() < 2) return too_short;
    const bool one_byte = (bytes.data[0] & 1) != 0;
    const unsigned protocol = one_byte ? bytes.data[0] : be16(bytes.data, 0);
    const std::size_t size = one_byte ? 1 : 2;
    switch (protocol) {
    case 0x0021:
        return after(bytes, size, ethertype::ipv4);
    case 0x0057:
        return after(bytes, size, ethertype::ipv6);
    case 0x0281:
        return after(bytes, size, ethertype::mpls);
    default:
        return no_ip;
    }
}

/// RFC 2516 §4.
layer_result pppoe(packet_bytes bytes) noexcept {
    if (bytes.data.size() < 6) return too_short;
    if (bytes.data[0] != 0x11 || bytes.data[1] != 0) return no_ip;
    const std::size_t length = be16(bytes.data, 4);
    bytes.skip(6);
    bytes.limit(length);
    return inner_packet{ethertype::ppp, bytes, &frame_counts::pppoe};
}

/// Linux's netfilter log: 4 bytes, then attributes of a length, a type and a value, padded to 4,
/// in the byte order of the machine. The packet is attribute 9.
layer_result nflog(packet_bytes bytes) noexcept {
    if (bytes.data.size() < 4) return too_short;
    const unsigned family = bytes.data[0];
    bytes.skip(4);
    while (bytes.data.size() >= 4) {
        const bool big_endian = bytes.data[0] == 0 && bytes.data[2] == 0;
        const std::size_t length = read16(bytes.data, 0, big_endian);
        const unsigned type = read16(bytes.data, 2, big_endian) & 0x7fff;
        if (length < 4) return too_short;
        if (type == 9) {
            bytes.limit(length);
            return after(bytes, 4, ethertype_of_family(family));
        }
        if (!bytes.skip((length + 3) & ~std::size_t{3})) return too_short;
    }
    return no_ip;
}

/// A family of 4 bytes in the byte order of the machine that captured: families fit in one byte.
layer_result bsd_null(packet_bytes bytes) noexcept {
    if (bytes.data.size() < 4) return too_short;
    return after(bytes, 4, ethertype_of_family(bytes.data[0] != 0 ? bytes.data[0] : bytes.data[3]));
}

layer_result type_at(packet_bytes bytes, std::size_t header, std::size_t at) noexcept {
    if (bytes.data.size() < header) return too_short;
    return after(bytes, header, be16(bytes.data, at));
}

} // namespace

bool looks_like_ip(byte_span bytes) noexcept {
    if (bytes.size() < 20) return false;
    if (bytes[0] >> 4 == 4) {
        const std::size_t header = std::size_t{4} * (bytes[0] & 0x0fU), total = be16(bytes, 2);
        return header >= 20 && (total == 0 || total >= header) && bytes[8] != 0;
    }
    return bytes[0] >> 4 == 6 && bytes.size() >= 40 && bytes[7] != 0;
}

bool looks_like_ethernet(byte_span bytes) noexcept {
    if (bytes.size() < 14) return false;
    const unsigned type = be16(bytes, 12);
    return type == ethertype::ipv4 || type == ethertype::ipv6 || ethertype::is_vlan(type) ||
           type == ethertype::mpls || type == ethertype::pppoe_session;
}

layer_result below_ip(unsigned type, packet_bytes bytes) noexcept {
    switch (type) {
    case ethertype::vlan:
    case ethertype::service_vlan:
    case ethertype::old_service_vlan:
        return type_at(bytes, 4, 2);
    case ethertype::ethernet:
        return ethernet(bytes);
    case ethertype::llc:
        return llc(bytes);
    case ethertype::mpls:
    case ethertype::mpls_multicast:
        return mpls(bytes);
    case ethertype::pppoe_session:
        return pppoe(bytes);
    case ethertype::ppp:
        return ppp(bytes);
    default:
        return no_ip;
    }
}

layer_result link_layer(std::uint32_t link_type, packet_bytes frame) noexcept {
    switch (link_type) {
    case 1:
        return ethernet(frame);
    case 0:   // BSD loopback
    case 108: // OpenBSD's
        return bsd_null(frame);
    case 12: // raw IP, as some systems number it
    case 14:
    case 101:
    case 228: // IPv4
    case 229: // IPv6
        return frame.data.empty() ? layer_result(no_ip) : after(frame, 0, ethertype::ip);
    case 113: // Linux cooked
        return type_at(frame, 16, 14);
    case 276: // Linux cooked, version 2
        return type_at(frame, 20, 0);
    case 9:  // PPP
    case 50: // PPP in HDLC-like framing
        return ppp(frame);
    case 204: // PPP behind a byte that tells the direction
        return after(frame, 1, ethertype::ppp);
    case 51: // PPPoE
        return pppoe(frame);
    case 104: // Cisco HDLC
        return type_at(frame, 4, 2);
    case 219:
        return mpls(frame);
    case 239:
        return nflog(frame);
    case 105:
        return wlan_layer(frame);
    case 127:
        return radiotap_layer(frame);
    default:
        return dead_end{&frame_counts::unknown_link};
    }
}

} // namespace replay
