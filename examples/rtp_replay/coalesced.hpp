/// \file
/// UDP datagrams that receive offload (GRO) has joined before they were captured.
#pragma once

#include "packet_bytes.hpp"

#include <cstddef>

namespace replay {

/// What a datagram that begins with an RTP header looks like.
struct coalescence {
    std::size_t segment = 0; ///< bytes of each datagram that was joined, but for a shorter last
    std::size_t count = 1;   ///< how many there are; 1 if it is an ordinary datagram
    bool certain = false;
};

/// It is certain that datagrams were joined if the payload is divided into equal parts, the last of
/// which may be shorter, and each begins with an RTP header of the first one's SSRC and of the next
/// sequence number: offload joins datagrams of one flow and of one size. If only the sequence
/// numbers do not fit it is not certain. \p length is the payload's on the wire; of parts that the
/// capture left out nothing is asked.
coalescence find_coalescence(byte_span payload, std::size_t length) noexcept;

} // namespace replay
