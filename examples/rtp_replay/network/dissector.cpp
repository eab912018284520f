#include "network/dissector.hpp"

#include "network/coalesced.hpp"
#include "network/tunnels.hpp"
#include "network/wireless.hpp"

#include <utility>
#include <variant>

namespace replay {
namespace {

constexpr unsigned most_layers = 24;
constexpr std::size_t most_behind_subframes = 7; // bytes of padding and frame check sequence
constexpr std::size_t most_link_types = 8;       // unsupported ones that are named

bool is_ip(unsigned type) noexcept { return type == ethertype::ipv4 || type == ethertype::ipv6; }

/// Goes by the version in the header: not every lower layer names it.
bool has_ip_version(byte_span packet) noexcept {
    return packet.empty() || packet[0] >> 4 == 4 || packet[0] >> 4 == 6;
}

} // namespace

void dissector::add(const captured_frame& frame) {
    ++counts_.frames;
    now_ = frame.arrival;
    frame_cut_ = frame.bytes.missing != 0;
    const layer_result first = link_layer(frame.link_type, frame.bytes);
    if (const auto* layer = std::get_if<inner_packet>(&first)) {
        follow(*layer);
        if (fragments_.may_have_lone_first()) use_lone_fragments(false);
        return;
    }
    count_dead_end(std::get<dead_end>(first).counts_as);
    if (std::get<dead_end>(first).counts_as == &frame_counts::unknown_link &&
        unknown_link_types_.size() < most_link_types)
        unknown_link_types_.insert(frame.link_type);
}

void dissector::finish() {
    use_lone_fragments(true);
    tcp_.finish(*this);
    fragments_.finish();
    counts_.fragments_unused = fragments_.unused();
}

/// Decodes one layer after the other.
void dissector::follow(inner_packet layer) {
    for (unsigned depth = 0; depth < most_layers; ++depth) {
        if (layer.counts_as) ++(counts_.*layer.counts_as);
        if (layer.type == ethertype::a_msdu) {
            while (const auto subframe = next_subframe(layer.bytes))
                follow({ethertype::llc, *subframe});
            if (layer.bytes.size_on_wire() > most_behind_subframes)
                count_dead_end(&frame_counts::malformed);
            return;
        }
        if (is_ip(layer.type)) {
            if (!has_ip_version(layer.bytes.data)) return count_dead_end(&frame_counts::not_ip);
            ip_packet packet;
            if (!parse_ip(layer.bytes, packet)) return count_dead_end(&frame_counts::malformed);
            if (packet.fragment && !reassemble(packet)) return;
            const auto inner = transport_layer(packet);
            if (!inner) return;
            layer = *inner;
        } else {
            const layer_result next = below_ip(layer.type, layer.bytes);
            if (const auto* end = std::get_if<dead_end>(&next))
                return count_dead_end(end->counts_as);
            layer = std::get<inner_packet>(next);
        }
    }
    ++counts_.too_deep;
}

/// In a truncated frame, lengths that do not fit are not malformed.
void dissector::count_dead_end(std::uint64_t frame_counts::*count) noexcept {
    if (count == &frame_counts::malformed && frame_cut_) count = &frame_counts::cut_headers;
    ++(counts_.*count);
}

/// Returns whether \p packet is complete; its bytes are then in whole_.
bool dissector::reassemble(ip_packet& packet) {
    ++counts_.fragments;
    auto whole = fragments_.add(packet, now_);
    if (!whole) return false;
    ++counts_.reassembled;
    whole_ = std::move(*whole);
    packet.payload = {whole_.bytes, whole_.missing};
    packet.fragment = false;
    if (skip_extensions(packet) && !packet.fragment) return true;
    count_dead_end(&frame_counts::malformed);
    return false;
}

void dissector::use_lone_fragments(bool at_end) {
    const rtpsynth::time_point now = now_;
    while (auto fragment = fragments_.take_lone_first(now, at_end)) {
        ++counts_.fragments_alone;
        now_ = fragment->arrival;
        whole_ = std::move(fragment->piece);
        ip_packet packet;
        packet.source = fragment->source;
        packet.destination = fragment->destination;
        packet.protocol = fragment->protocol;
        packet.payload = {whole_.bytes, whole_.missing};
        frame_cut_ = true;
        if (const auto inner = transport_layer(packet)) follow(*inner);
    }
    now_ = now;
}

/// The packet in a tunnel; nothing if it is not a tunnel: then it has been handled.
std::optional<inner_packet> dissector::transport_layer(const ip_packet& packet) {
    switch (packet.protocol) {
    case ip_protocol::udp:
    case ip_protocol::udp_lite:
        return udp(packet);
    case ip_protocol::tcp:
        ++counts_.tcp_segments;
        if (!tcp_.add(packet, now_, *this)) count_dead_end(&frame_counts::malformed);
        return std::nullopt;
    case ip_protocol::icmp:
    case ip_protocol::icmp6:
        ++counts_.icmp;
        return std::nullopt;
    case ip_protocol::esp:
        ++counts_.esp;
        return std::nullopt;
    case ip_protocol::sctp:
        ++counts_.sctp;
        return std::nullopt;
    default:
        break;
    }
    const auto inner = ip_tunnel(packet.protocol, packet.payload);
    if (!inner) ++counts_.other_ip;
    return inner;
}

std::optional<inner_packet> dissector::udp(const ip_packet& ip) {
    const byte_span header = ip.payload.data;
    packet_bytes payload = ip.payload;
    const std::size_t length = header.size() < 8 ? 1 : be16(header, 4);
    if (length != 0 && length < 8) {
        count_dead_end(&frame_counts::malformed);
        return std::nullopt;
    }
    // In UDP-Lite the field is the checksum coverage; 0 means a jumbogram, or offload.
    if (length != 0 && ip.protocol == ip_protocol::udp) payload.limit(length);
    payload.skip(8);
    const auto destination_port = static_cast<std::uint16_t>(be16(header, 2));
    if (auto inner = udp_tunnel(destination_port, payload)) return inner;
    ++counts_.udp;
    counts_.cut_short += payload.missing != 0;
    udp_packet packet;
    packet.source = {ip.source, static_cast<std::uint16_t>(be16(header, 0))};
    packet.destination = {ip.destination, destination_port};
    datagram(packet, payload);
    return std::nullopt;
}

/// A UDP datagram, or a packet framed in TCP.
void dissector::datagram(udp_packet packet, packet_bytes payload) {
    if (const auto inner = turn_payload(payload)) {
        ++counts_.turn;
        payload = *inner;
    }
    if (packet.over == transport::udp && !payload.data.empty() && payload.data[0] >> 6 == 2) {
        const coalescence c = find_coalescence(payload.data, payload.size_on_wire());
        if (c.certain) {
            ++counts_.coalesced;
            counts_.coalesced_packets += c.count - c.ends_with_rtcp;
            counts_.coalesced_not_captured += c.not_captured;
            for (std::size_t i = 0; i < c.count; ++i) {
                packet_bytes segment = payload;
                segment.skip(i * c.segment);
                if (segment.size_on_wire() > c.segment) segment.limit(c.segment);
                media(packet, segment);
            }
            return;
        }
        counts_.coalesced_unclear += c.count > 1;
    }
    media(packet, payload);
}

void dissector::media(udp_packet packet, packet_bytes payload) {
    packet.payload = payload.data;
    packet.cut_short = payload.missing != 0;
    packet.length = payload.size_on_wire();
    listener_.packet(packet, now_);
}

void dissector::tcp_packet(const endpoint& source, const endpoint& destination, packet_bytes packet,
                           bool turn) {
    if (turn && !turn_payload(packet)) return; // another TURN message
    ++counts_.tcp_packets;
    udp_packet framed;
    framed.source = source;
    framed.destination = destination;
    framed.over = transport::tcp;
    datagram(framed, packet);
}

void dissector::sip_bytes(const endpoint& source, const endpoint& destination, byte_span bytes) {
    listener_.sip_bytes(source, destination, bytes, now_);
}

void dissector::tcp_bytes_missing(std::uint64_t count) { counts_.tcp_missing_bytes += count; }

} // namespace replay
