#include "tcp/framing_kind.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

namespace replay {
namespace {

constexpr framing_kind with_units[] = {framing_kind::rfc4571, framing_kind::turn,
                                       framing_kind::rtsp};
constexpr std::size_t rtp_header = 12, ssrc_at = 8;
constexpr unsigned most_looked_at = 16;            // units, to find two of the same SSRC
constexpr std::size_t most_waited_for = 64 * 1024; // bytes, until they are recognised

bool is_rtp_or_rtcp(byte_span bytes, std::size_t at) noexcept { return bytes[at] >> 6 == 2; }

bool is_stun(byte_span bytes) noexcept {
    return bytes.size() >= 8 && bytes[0] < 4 && be32(bytes, 4) == 0x2112a442;
}

/// Whether \p bytes, which are at least 8, begin like a unit.
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

bool is_rtp(byte_span body) noexcept {
    return body.size() >= rtp_header && body[0] >> 6 == 2 && (body[1] < 192 || body[1] > 223);
}

/// SSRC and sequence number of a packet: repeated bytes are not two packets.
struct source {
    std::uint32_t ssrc;
    unsigned number;

    bool is_another_of(source other) const noexcept {
        return ssrc == other.ssrc && number != other.number;
    }
};

/// Evidence that bytes are units; where they may begin anywhere, only two of the same SSRC count.
enum class proof { any, ssrc };

verdict judge(framing_kind kind, const byte_span bytes, proof wanted) noexcept {
    std::array<source, most_looked_at> before;
    std::size_t sources = 0;
    byte_span rest = bytes;
    for (unsigned n = 0; n < most_looked_at; ++n) {
        if (rest.size() < 8) return verdict::more_bytes_needed;
        if (!begins_like(kind, rest)) return verdict::no;
        const framed_unit unit = unit_of(kind, rest);
        if (rest.size() < unit.header) return verdict::more_bytes_needed;
        const byte_span there = rest.subspan(unit.header);
        const byte_span body = there.first(std::min(unit.body, there.size()));
        if (is_rtp(body)) {
            const source rtp{be32(body, ssrc_at), be16(body, 2)};
            const auto end = before.begin() + sources;
            if (std::any_of(before.begin(), end, [rtp](source s) { return rtp.is_another_of(s); }))
                return verdict::yes;
            before[sources++] = rtp;
        }
        if (rest.size() < unit.size())
            return bytes.size() < most_waited_for ? verdict::more_bytes_needed : verdict::no;
        if (wanted == proof::any && (rest.size() == unit.size() || is_stun(rest) || is_stun(body)))
            return verdict::yes;
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
    for (const framing_kind kind : with_units) {
        const verdict v = judge(kind, segment, proof::any);
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

framing_place find_units(byte_span bytes) noexcept {
    for (std::size_t at = 0; at + 8 <= bytes.size(); ++at)
        for (const framing_kind kind : with_units)
            if (judge(kind, bytes.subspan(at), proof::ssrc) == verdict::yes) return {kind, at};
    return {framing_kind::unknown, bytes.size()};
}

} // namespace replay
