#include "network/ip_packet.hpp"

#include <algorithm>

namespace replay {
namespace {

/// A length of 0 means the whole frame: a jumbogram, or segmentation offload.
void limit_unless_0(packet_bytes& bytes, std::size_t length) noexcept {
    if (length != 0) bytes.limit(length);
}

bool parse_ipv4(packet_bytes bytes, ip_packet& packet) noexcept {
    const byte_span b = bytes.data;
    if (b.size() < 20) return false;
    const std::size_t header = std::size_t{4} * (b[0] & 0x0fU);
    const std::size_t total = be16(b, 2);
    if (header < 20 || b.size() < header || (total != 0 && total < header)) return false;
    std::copy_n(b.begin() + 12, 4, packet.source.bytes.begin());
    std::copy_n(b.begin() + 16, 4, packet.destination.bytes.begin());
    packet.protocol = b[9];
    const unsigned fragment = be16(b, 6) & 0x3fff; // MF and the offset
    packet.fragment = fragment != 0;
    packet.fragment_id = be16(b, 4);
    packet.more_fragments = (fragment & 0x2000) != 0;
    packet.fragment_offset = std::size_t{8} * (fragment & 0x1fff);
    limit_unless_0(bytes, total);
    bytes.skip(header);
    packet.payload = bytes;
    return packet.fragment || skip_extensions(packet);
}

bool parse_ipv6(packet_bytes bytes, ip_packet& packet) noexcept {
    const byte_span b = bytes.data;
    if (b.size() < 40) return false;
    packet.source.v6 = packet.destination.v6 = true;
    std::copy_n(b.begin() + 8, 16, packet.source.bytes.begin());
    std::copy_n(b.begin() + 24, 16, packet.destination.bytes.begin());
    packet.protocol = b[6];
    const std::size_t length = be16(b, 4);
    bytes.skip(40);
    limit_unless_0(bytes, length);
    packet.payload = bytes;
    return skip_extensions(packet);
}

} // namespace

bool parse_ip(packet_bytes bytes, ip_packet& packet) noexcept {
    packet = {};
    return !bytes.data.empty() &&
           (bytes.data[0] >> 4 == 6 ? parse_ipv6(bytes, packet) : parse_ipv4(bytes, packet));
}

bool skip_extensions(ip_packet& packet) noexcept {
    for (;;) { // terminates: each step takes at least 8 bytes
        const byte_span b = packet.payload.data;
        std::size_t size = 8;
        switch (packet.protocol) {
        case 0:   // hop-by-hop options
        case 43:  // routing
        case 60:  // destination options
        case 135: // mobility
        case 139: // host identity
        case 140: // shim6
            if (!packet.source.v6) return true;
            if (b.size() < 8) return false;
            size = std::size_t{8} * (b[1] + 1U);
            break;
        case 44: // fragment; an "atomic" one (RFC 6946) is the whole packet
            if (!packet.source.v6) return true;
            if (b.size() < 8) return false;
            packet.more_fragments = (b[3] & 1) != 0;
            packet.fragment_offset = be16(b, 2) & 0xfff8;
            packet.fragment_id = be32(b, 4);
            packet.fragment = packet.more_fragments || packet.fragment_offset != 0;
            break;
        case ip_protocol::ah: // counted in units of 4 bytes (RFC 4302 §2.2)
            if (b.size() < 8) return false;
            size = std::size_t{4} * (b[1] + 2U);
            if (size < 8) return false;
            break;
        default:
            return true;
        }
        packet.protocol = b[0];
        if (!packet.payload.skip(size)) return false;
        if (packet.fragment) return true;
    }
}

} // namespace replay
