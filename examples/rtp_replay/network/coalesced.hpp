/// \file
/// UDP datagrams that receive offload (GRO) joined before they were captured.
#pragma once

#include "capture/packet_bytes.hpp"

#include <cstddef>

namespace replay {

/// How a datagram that begins with an RTP header was joined.
struct coalescence {
    std::size_t segment = 0;      ///< bytes of each joined datagram; the last may be shorter
    std::size_t count = 1;        ///< number of joined datagrams; 1 for an ordinary datagram
    std::size_t not_captured = 0; ///< further ones whose headers were not captured
    bool ends_with_rtcp = false;  ///< the last one is RTCP
    bool certain = false;
};

/// Offload joins datagrams of one flow and size and knows nothing of RTP. Datagrams were certainly
/// joined if the payload divides into equal parts, the last of which may be shorter, and
/// - each part begins with an RTP header; the last may be RTCP instead,
/// - each SSRC is the first part's, or comes at least twice, and there are four at most,
/// - the sequence numbers of an SSRC are all different and no more than 128 apart.
///
/// One RTP packet and one of RTCP are certain if RTCP has the same SSRC and ends with the payload.
/// If only the sequence numbers do not fit, it is uncertain. \p length is that of the payload on
/// the wire; parts whose header was not captured are not checked.
coalescence find_coalescence(byte_span payload, std::size_t length) noexcept;

} // namespace replay
