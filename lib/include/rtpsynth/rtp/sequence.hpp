/// \file
/// Serial number arithmetic on RTP's 16-bit sequence numbers (RFC 1982, RFC 3550 §5.1).
#pragma once

#include <cstdint>

namespace rtpsynth {

/// \addtogroup rtp
/// \{

/// Signed distance a - b, in -32768..32767: positive when \p a comes after \p b.
/// Numbers exactly half the circle apart count as behind.
constexpr int seq_distance(std::uint16_t a, std::uint16_t b) noexcept {
    return static_cast<std::int16_t>(static_cast<std::uint16_t>(a - b));
}

/// The 64-bit sequence number nearest to \p reference whose low 16 bits are \p seq. It never wraps.
/// It is negative for a packet from before a stream that began at 0.
constexpr std::int64_t unwrap_seq(std::uint16_t seq, std::int64_t reference) noexcept {
    return reference + seq_distance(seq, static_cast<std::uint16_t>(reference));
}

/// \}

} // namespace rtpsynth
