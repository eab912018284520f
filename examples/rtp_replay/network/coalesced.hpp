/// \file
/// UDP datagrams that receive offload (GRO) has joined before they were captured.
#pragma once

#include "capture/packet_bytes.hpp"

#include <cstddef>

namespace replay {

/// What a datagram that begins with an RTP header looks like.
struct coalescence {
    std::size_t segment = 0; ///< bytes of each datagram that was joined, but for a shorter last
    std::size_t count = 1;   ///< how many there are; 1 if it is an ordinary datagram
    std::size_t not_captured = 0; ///< more of them, whose headers the capture left out
    bool ends_with_rtcp = false;  ///< the last of count is RTCP
    bool certain = false;
};

/// Offload joins datagrams of one flow and of one size and does not look at RTP. It is certain that
/// it joined them if the payload is divided into equal parts, the last of which may be shorter, and
/// - each part begins with an RTP header; the last may be RTCP instead,
/// - each SSRC is the first part's, or comes at least twice, and there are four at most,
/// - the sequence numbers of an SSRC are all different and no more than 128 apart.
///
/// One RTP packet and one of RTCP are certain if RTCP has the same SSRC and ends with the payload.
/// If only the sequence numbers do not fit it is not certain. \p length is the payload's on the
/// wire; of parts whose header the capture left out nothing is asked.
coalescence find_coalescence(byte_span payload, std::size_t length) noexcept;

} // namespace replay
