#include "framing_kind.hpp"

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace replay {
namespace {

constexpr framing_kind with_units[] = {framing_kind::rfc4571, framing_kind::turn,
                                       framing_kind::rtsp};
constexpr std::size_t rtp_header = 12, ssrc_at = 8;
constexpr unsigned most_looked_at = 16;            // units, for two of one SSRC
constexpr std::size_t most_waited_for = 64 * 1024; // bytes, until it is clear what they are

bool is_rtp_or_rtcp(byte_span bytes, std::size_t at) noexcept { return bytes[at] >> 6 == 2; }

bool is_stun(byte_span bytes) noexcept {
    return bytes.size() >= 8 && bytes[0] < 4 && be32(bytes, 4) == 0x2112a442;
}

/// Whether \p bytes, at least 8, begin like a unit whose first bytes can be recognised.
bool begins_like(framing_kind kind, byte_span bytes) noexcept {
    switch (kind) {
    case framing_kind::rfc4571:
        return be16(bytes, 0) >= 8 && (is_rtp_or_rtcp(bytes, 2) || is_stun(bytes.subspan(2)));
    case framing_kind::turn:
        return ((bytes[0] & 0xf0) == 0x40 && is_rtp_or_rtcp(bytes, 4)) || is_stun(bytes);
    case framing_kind::rtsp:
        return bytes[0] == '$' && is_rtp_or_rtcp(bytes, 4);
    default:
        return false;
    }
}

enum class verdict { yes, no, more_bytes_needed };

verdict judge(framing_kind kind, const byte_span bytes) noexcept {
    std::optional<std::uint32_t> ssrc;
    byte_span rest = bytes;
    for (unsigned n = 0; n < most_looked_at; ++n) {
        if (rest.size() < 8) return verdict::more_bytes_needed;
        if (!begins_like(kind, rest)) return verdict::no;
        const framed_unit unit = unit_of(kind, rest);
        if (rest.size() < unit.size())
            return bytes.size() < most_waited_for ? verdict::more_bytes_needed : verdict::no;
        if (rest.size() == unit.size()) return verdict::yes;
        const byte_span body = rest.subspan(unit.header, unit.body);
        if (is_stun(rest) || is_stun(body)) return verdict::yes;
        if (unit.body >= rtp_header) {
            if (ssrc == be32(body, ssrc_at)) return verdict::yes;
            ssrc = be32(body, ssrc_at);
        }
        rest = rest.subspan(unit.size());
    }
    return verdict::no;
}

std::string_view first_line(byte_span bytes) noexcept {
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()),
                                std::min<std::size_t>(bytes.size(), 512));
    return text.substr(0, text.find('\n'));
}

bool is_sip(std::string_view line) noexcept {
    constexpr std::string_view words[] = {"SIP/2.0 ", "INVITE ",   "ACK ",       "BYE ",
                                          "CANCEL ",  "REGISTER ", "OPTIONS ",   "PRACK ",
                                          "UPDATE ",  "INFO ",     "SUBSCRIBE ", "NOTIFY ",
                                          "REFER ",   "MESSAGE ",  "PUBLISH "};
    return std::ranges::any_of(words, [line](auto word) { return line.starts_with(word); });
}

} // namespace

framed_unit unit_of(framing_kind kind, byte_span bytes) noexcept {
    const std::size_t length = be16(bytes, kind == framing_kind::rfc4571 ? 0 : 2);
    if (kind == framing_kind::rfc4571) return {2, length, 0};
    if (kind == framing_kind::turn && bytes[0] < 4) return {20, length, 0}; // STUN
    // Channel data is padded to a multiple of 4 in TCP (RFC 8656 §12.5).
    return {4, length, kind == framing_kind::turn ? (4 - length % 4) % 4 : 0};
}

std::optional<framing_kind> kind_of(byte_span segment) noexcept {
    if (segment.size() < 8) return std::nullopt; // some senders send the length on its own
    if (segment[0] >= 'A' && segment[0] <= 'Z') {
        const std::string_view line = first_line(segment);
        if (line.find("RTSP/") != line.npos) return framing_kind::rtsp;
        if (is_sip(line)) return framing_kind::sip;
    }
    bool may_be_one = false;
    for (const framing_kind kind :
         {framing_kind::rfc4571, framing_kind::turn, framing_kind::rtsp}) {
        const verdict v = judge(kind, segment);
        if (v == verdict::yes) return kind;
        may_be_one = may_be_one || v == verdict::more_bytes_needed;
    }
    if (may_be_one) return std::nullopt;
    return framing_kind::unknown;
}

framing_kind kind_of_cut(byte_span segment, std::size_t missing) noexcept {
    if (segment.size() >= 8)
        for (const framing_kind kind : with_units)
            if (begins_like(kind, segment) &&
                unit_of(kind, segment).size() == segment.size() + missing)
                return kind;
    return framing_kind::unknown;
}

std::size_t find_rfc4571(byte_span bytes) noexcept {
    constexpr std::size_t header = 2 + rtp_header;
    for (std::size_t at = 0; at + 2 * header <= bytes.size(); ++at) {
        const std::size_t length = be16(bytes, at), next = at + 2 + length;
        if (is_rtp_or_rtcp(bytes, at + 2) && length >= rtp_header &&
            next + header <= bytes.size() && is_rtp_or_rtcp(bytes, next + 2) &&
            be16(bytes, next) >= rtp_header &&
            be32(bytes, at + 2 + ssrc_at) == be32(bytes, next + 2 + ssrc_at))
            return at;
    }
    return bytes.size();
}

} // namespace replay
