/// \file
/// Tells apart the protocols that share a socket with RTP (RFC 7983 §7, RFC 5761 §4).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace rtpsynth {

/// \addtogroup rtp
/// \{

/// The protocols that share a socket with RTP; unknown: none of them.
enum class datagram_kind : std::uint8_t { rtp, rtcp, stun, zrtp, dtls, turn_channel, unknown };

/// Decides by the first byte, and between RTP and RTCP by the second (192..223 is RTCP). The result
/// is the parser to use; it does not say that the datagram is well formed.
///
/// An empty datagram is unknown. A single byte of 128..191 is rtp, which rtp_packet_view::parse()
/// then refuses as too short.
constexpr datagram_kind classify(std::span<const std::uint8_t> datagram) noexcept {
    if (datagram.empty()) return datagram_kind::unknown;
    const unsigned first = datagram[0];
    if (first >> 6 == 2) {
        const bool rtcp = datagram.size() > 1 && datagram[1] >> 5 == 192 >> 5;
        return rtcp ? datagram_kind::rtcp : datagram_kind::rtp;
    }
    if (first <= 3) return datagram_kind::stun;
    if (first >= 16 && first <= 19) return datagram_kind::zrtp;
    if (first >= 20 && first <= 63) return datagram_kind::dtls;
    if (first >= 64 && first <= 79) return datagram_kind::turn_channel;
    return datagram_kind::unknown;
}

/// \}

} // namespace rtpsynth
