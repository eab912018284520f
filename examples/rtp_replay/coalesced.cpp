#include "coalesced.hpp"

#include <algorithm>
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
    // The SSRC is looked for again. Nearly always it is not there, and often not even its first
    // byte, for which the library looks fastest; where that occurs often, the whole is looked for.
    constexpr unsigned many = 8;
    if (payload.size() < 2 * rtp_header) return {};
    const byte_span ssrc = payload.subspan(ssrc_at, 4);
    byte_span rest = payload.subspan(rtp_header + ssrc_at);
    for (unsigned misses = 0; rest.size() >= ssrc.size();) {
        const std::uint8_t* found = nullptr;
        if (misses < many) {
            found = static_cast<const std::uint8_t*>(
                std::memchr(rest.data(), ssrc[0], rest.size() - 3));
        } else {
            const auto at = std::search(rest.begin(), rest.end(), ssrc.begin(), ssrc.end());
            if (at != rest.end()) found = &*at;
        }
        if (!found) return {};
        rest = rest.subspan(static_cast<std::size_t>(found - rest.data()) + 1);
        ++misses;
        if (std::memcmp(found, ssrc.data(), ssrc.size()) != 0) continue;
        const auto segment = static_cast<std::size_t>(found - payload.data()) - ssrc_at;
        const coalescence c = of_segments(payload, length, segment);
        if (c.count > 1) return c; // the smallest parts decide: two of them look like one, too
    }
    return {};
}

} // namespace replay
