#include "network/coalesced.hpp"

#include <algorithm>
#include <array>
#include <bitset>
#include <cstring>

namespace replay {
namespace {

constexpr std::size_t rtp_header = 12, rtcp_header = 8;
constexpr std::size_t ssrc_at = 8, rtcp_ssrc_at = 4;
constexpr unsigned most_streams = 4;

bool is_rtcp(byte_span header) noexcept {
    return header[0] >> 6 == 2 && header[1] >= 192 && header[1] <= 223; // RFC 5761 §4
}

/// Whether the lengths of RTCP packets lead to the end of \p bytes.
bool is_whole_rtcp(byte_span bytes) noexcept {
    while (bytes.size() >= rtcp_header && is_rtcp(bytes)) {
        const std::size_t size = 4 * (std::size_t{be16(bytes, 2)} + 1);
        if (size >= bytes.size()) return size == bytes.size();
        bytes = bytes.subspan(size);
    }
    return false;
}

/// The sequence numbers of one SSRC.
class numbers {
public:
    /// Returns whether the numbers are all different and close together.
    bool add(unsigned number) noexcept {
        if (count_++ == 0) first_ = number;
        const int ahead = static_cast<std::int16_t>(number - first_);
        least_ = std::min(least_, ahead);
        most_ = std::max(most_, ahead);
        if (most_ - least_ > most_apart) return false;
        const auto bit = static_cast<std::size_t>(ahead + most_apart);
        const bool is_new = !seen_[bit];
        seen_.set(bit);
        return is_new;
    }
    unsigned count() const noexcept { return count_; }

private:
    static constexpr int most_apart = 128;

    unsigned first_ = 0, count_ = 0;
    int least_ = 0, most_ = 0;
    std::bitset<2 * most_apart + 1> seen_;
};

class streams {
public:
    /// Returns false if there are too many.
    bool add(byte_span header) noexcept {
        const std::uint32_t ssrc = be32(header, ssrc_at);
        std::size_t i = 0;
        while (i < size_ && ssrcs_[i] != ssrc) ++i;
        if (i == most_streams) return false;
        if (i == size_) ssrcs_[size_++] = ssrc;
        in_order_ = numbers_[i].add(be16(header, 2)) && in_order_;
        return true;
    }
    bool in_order() const noexcept { return in_order_; }
    bool only_the_first() const noexcept { return size_ == 1; }
    /// Whether every SSRC but the first came at least twice.
    bool proven() const noexcept {
        return std::all_of(numbers_.begin() + 1, numbers_.begin() + size_,
                           [](const numbers& n) { return n.count() > 1; });
    }

private:
    std::array<std::uint32_t, most_streams> ssrcs_{};
    std::array<numbers, most_streams> numbers_;
    std::uint8_t size_ = 0;
    bool in_order_ = true;
};

coalescence of_segments(byte_span payload, std::size_t length, std::size_t segment) noexcept {
    coalescence found{segment, 0, 0, false, false};
    streams parts;
    for (std::size_t at = 0; at < length; at += segment) {
        const std::size_t size = std::min(segment, length - at);
        const bool is_last = at + size == length;
        if (size < (is_last ? rtcp_header : rtp_header)) return {};
        const byte_span part = payload.subspan(std::min(at, payload.size()));
        if (part.size() < std::min(size, rtp_header)) {
            found.not_captured = (length - at + segment - 1) / segment;
            break;
        }
        ++found.count;
        if (is_rtcp(part)) {
            if (!is_last || 4 * (std::size_t{be16(part, 2)} + 1) > size) return {};
            found.ends_with_rtcp = true;
        } else if (size < rtp_header || part[0] >> 6 != 2 || !parts.add(part)) {
            return {};
        }
    }
    if (!parts.proven()) return {};
    found.certain = parts.in_order();
    // Sequence numbers are evidence only for an SSRC other than the one that was searched for.
    if (!found.certain && !parts.only_the_first()) return {};
    return found;
}

/// The parts if the first one's SSRC is found again at \p at.
coalescence of_ssrc_at(byte_span payload, std::size_t length, std::size_t at) noexcept {
    const std::size_t rtcp = at - rtcp_ssrc_at;
    if (rtcp >= length - rtcp && length == payload.size() && is_whole_rtcp(payload.subspan(rtcp)))
        return {rtcp, 2, 0, true, true};
    if (at < rtp_header + ssrc_at) return {};
    const std::size_t distance = at - ssrc_at;
    for (std::size_t streams = most_streams; streams > 0; --streams) { // between the two
        if (distance % streams != 0 || distance / streams < rtp_header) continue;
        const coalescence c = of_segments(payload, length, distance / streams);
        if (c.count > 1) return c; // smallest parts first: two of them would also look like one
    }
    return {};
}

} // namespace

coalescence find_coalescence(byte_span payload, std::size_t length) noexcept {
    // Searches for another occurrence of the SSRC. Nearly always there is none, and often not even
    // its first byte, which memchr finds fastest; if that byte is frequent, all four are compared.
    constexpr unsigned many = 8;
    if (payload.size() < rtp_header + rtcp_header || is_rtcp(payload)) return {};
    const byte_span ssrc = payload.subspan(ssrc_at, 4);
    byte_span rest = payload.subspan(rtp_header + rtcp_ssrc_at);
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
        const coalescence c =
            of_ssrc_at(payload, length, static_cast<std::size_t>(found - payload.data()));
        if (c.count > 1) return c;
    }
    return {};
}

} // namespace replay
