#include "packet_framing.hpp"

#include <rtpsynth/datagram_kind.hpp>

#include <algorithm>
#include <string_view>

namespace replay {
namespace {

using rtpsynth::datagram_kind;

constexpr std::size_t most_waited_for = 16 * 1024; // of the first packet, which tells the kind

std::string_view text_of(byte_span bytes) noexcept {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// What shares a connection with RTP (RFC 7983), by its first byte.
bool is_media(byte_span packet) noexcept {
    switch (rtpsynth::classify(packet)) {
    case datagram_kind::rtp:
    case datagram_kind::rtcp:
    case datagram_kind::stun:
    case datagram_kind::dtls:
        return true;
    default:
        return false;
    }
}

bool begins_like_stun(byte_span bytes) noexcept {
    return bytes.size() >= 8 && bytes[0] < 4 && be32(bytes, 4) == 0x2112a442;
}

bool begins_like_channel_data(byte_span bytes) noexcept {
    return bytes.size() >= 5 && bytes[0] >= 0x40 && bytes[0] <= 0x4f && bytes[4] >> 6 == 2;
}

bool begins_like_sip(std::string_view text) noexcept {
    constexpr std::string_view words[] = {"SIP/2.0 ", "INVITE ",   "ACK ",        "BYE ",
                                          "CANCEL ",  "REGISTER ", "OPTIONS sip", "PRACK ",
                                          "UPDATE ",  "INFO ",     "SUBSCRIBE ",  "NOTIFY ",
                                          "REFER ",   "MESSAGE ",  "PUBLISH "};
    return std::ranges::any_of(words, [text](auto word) { return text.starts_with(word); });
}

bool begins_like_rtsp(byte_span bytes) noexcept {
    if (bytes[0] >= 'A' && bytes[0] <= 'Z') {
        const std::string_view text = text_of(bytes).substr(0, 512);
        return text.substr(0, text.find('\n')).find("RTSP/") != text.npos;
    }
    return bytes.size() >= 5 && bytes[0] == '$' && bytes[4] >> 6 == 2;
}

/// A packet behind its length: RTP, RTCP or STUN, which can be recognised.
bool begins_like_framed(byte_span bytes) noexcept {
    return bytes.size() >= 3 && be16(bytes, 0) >= 8 &&
           (bytes[2] >> 6 == 2 || begins_like_stun(bytes.subspan(2)));
}

/// One packet that ends with the bytes, or several: less would be found in anything.
bool begins_like_rfc4571(byte_span bytes) noexcept {
    unsigned packets = 0;
    while (begins_like_framed(bytes)) {
        const std::size_t size = 2 + std::size_t{be16(bytes, 0)};
        if (bytes.size() == size) return true;
        if (bytes.size() < size) return packets >= 2;
        bytes = bytes.subspan(size);
        ++packets;
    }
    return bytes.size() < 3 && packets >= 2;
}

/// The packet that would tell is not all there.
bool may_become_rfc4571(byte_span bytes) noexcept {
    if (bytes.size() < 8) return true; // some senders send the length on its own
    const std::size_t length = be16(bytes, 0);
    return begins_like_framed(bytes) && length <= most_waited_for && bytes.size() < 2 + length;
}

} // namespace

packet_framing::kind packet_framing::kind_of(byte_span bytes) noexcept {
    if (begins_like_sip(text_of(bytes))) return kind::sip;
    if (begins_like_rtsp(bytes)) return kind::rtsp;
    if (begins_like_stun(bytes) || begins_like_channel_data(bytes)) return kind::turn;
    if (begins_like_rfc4571(bytes)) return kind::rfc4571;
    return kind::unknown;
}

void packet_framing::add(byte_span bytes, std::size_t missing, framing_listener& listener) {
    if (!bytes.empty()) {
        if (held_.empty()) {
            bytes = parse(bytes, listener);
            held_.assign(bytes.begin(), bytes.end());
        } else {
            held_.insert(held_.end(), bytes.begin(), bytes.end());
            const byte_span rest = parse(held_, listener);
            held_.erase(held_.begin(), held_.end() - static_cast<std::ptrdiff_t>(rest.size()));
        }
    }
    if (missing != 0) gap(missing, listener);
}

/// How long the unit at the beginning of \p bytes is, which are not empty.
packet_framing::reading packet_framing::read_unit(byte_span bytes, unit& u) const noexcept {
    switch (kind_) {
    case kind::rfc4571:
        if (bytes.size() < 3) return reading::too_few_bytes;
        u = {2, be16(bytes, 0), 0};
        return u.body == 0 || is_media(bytes.subspan(2)) ? reading::unit : reading::no_unit;
    case kind::rtsp:
        if (bytes[0] != '$') return reading::no_unit;
        if (bytes.size() < 4) return reading::too_few_bytes;
        u = {4, be16(bytes, 2), 0};
        return reading::unit;
    case kind::turn: {
        if (bytes.size() < 4) return reading::too_few_bytes;
        const std::size_t length = be16(bytes, 2);
        if (bytes[0] < 4)
            u = {20, length, 0};
        else
            u = {4, length, (4 - length % 4) % 4}; // channel data is padded (RFC 8656 §12.5)
        return bytes[0] < 4 || (bytes[0] & 0xf0) == 0x40 ? reading::unit : reading::no_unit;
    }
    default:
        return reading::no_unit;
    }
}

/// Returns what is left: the beginning of a unit.
byte_span packet_framing::parse(byte_span bytes, framing_listener& listener) {
    if (kind_ == kind::unknown) {
        while (text_of(bytes).starts_with("\r\n")) bytes = bytes.subspan(2); // SIP's keep-alive
        if (bytes.empty()) return {};
        kind_ = kind_of(bytes);
        if (kind_ == kind::unknown && may_become_rfc4571(bytes)) return bytes;
    }
    while (!bytes.empty()) {
        if (kind_ == kind::unknown) return {};
        if (kind_ == kind::sip) {
            listener.sip_bytes(bytes);
            return {};
        }
        if (kind_ == kind::rtsp && bytes[0] != '$') { // a message; a packet may follow it
            const std::size_t end = text_of(bytes).find("\n$");
            if (end == std::string_view::npos) return {};
            bytes = bytes.subspan(end + 1);
        }
        unit u;
        switch (read_unit(bytes, u)) {
        case reading::too_few_bytes:
            return bytes;
        case reading::no_unit:
            kind_ = kind::unknown; // until a segment begins like one
            return {};
        case reading::unit:
            break;
        }
        if (bytes.size() < u.size()) return bytes;
        deliver({bytes.subspan(u.header, u.body)}, {bytes.first(u.size())}, listener);
        bytes = bytes.subspan(u.size());
    }
    return {};
}

void packet_framing::deliver(packet_bytes body, packet_bytes whole,
                             framing_listener& listener) const {
    if (kind_ == kind::turn)
        listener.turn_message(whole);
    else if (body.size_on_wire() != 0)
        listener.framed_packet(body);
}

/// A unit whose end is missing is delivered as far as it is there. Then the next segment decides
/// what comes, unless the gap ends with the unit.
void packet_framing::gap(std::size_t missing, framing_listener& listener) {
    const byte_span there = held_;
    if (kind_ == kind::unknown && begins_like_framed(there) &&
        2 + std::size_t{be16(there, 0)} == there.size() + missing)
        kind_ = kind::rfc4571; // a segment that is just one packet
    bool ends_with_unit = false;
    unit u;
    if (!there.empty() && read_unit(there, u) == reading::unit && there.size() > u.header) {
        const byte_span body = there.subspan(u.header);
        const std::size_t captured = std::min(u.body, body.size());
        deliver({body.first(captured), u.body - captured}, {there, u.size() - there.size()},
                listener);
        ends_with_unit = there.size() + missing == u.size();
    }
    held_.clear();
    if (!ends_with_unit) kind_ = kind::unknown;
}

} // namespace replay
