#include "coalesced.hpp"

#include <cstring>

namespace replay {
namespace {

constexpr std::size_t rtp_header = 12;
constexpr std::size_t ssrc_at = 8;

bool is_rtp_header(byte_span payload, std::size_t at) noexcept {
    return payload[at] >> 6 == 2 && std::memcmp(&payload[at + ssrc_at], &payload[ssrc_at], 4) == 0;
}

coalescence of_segments(byte_span payload, std::size_t length, std::size_t segment) noexcept {
    coalescence found{segment, 1, true};
    for (std::size_t at = segment; at < length; at += segment) {
        if (length - at < rtp_header) return {};
        if (at + rtp_header > payload.size()) break; // not captured
        if (!is_rtp_header(payload, at)) return {};
        const unsigned expected = (be16(payload, 2) + static_cast<unsigned>(found.count)) & 0xffff;
        found.certain = found.certain && be16(payload, at + 2) == expected;
        ++found.count;
    }
    return found;
}

} // namespace

coalescence find_coalescence(byte_span payload, std::size_t length) noexcept {
    if (payload.size() < 2 * rtp_header) return {};
    // The next SSRC is looked for; nearly always there is none, and that is all.
    const std::uint8_t* const end = payload.data() + payload.size();
    const std::uint8_t* from = payload.data() + rtp_header + ssrc_at;
    while (from < end) {
        const auto* found = static_cast<const std::uint8_t*>(
            memmem(from, static_cast<std::size_t>(end - from), payload.data() + ssrc_at, 4));
        if (!found) break;
        const auto segment = static_cast<std::size_t>(found - payload.data()) - ssrc_at;
        const coalescence c = of_segments(payload, length, segment);
        if (c.count > 1) return c; // the smallest parts decide: two of them look like one, too
        from = found + 1;
    }
    return {};
}

} // namespace replay
