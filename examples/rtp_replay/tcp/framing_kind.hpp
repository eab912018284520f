/// \file
/// What a TCP connection carries, by the looks of its bytes.
#pragma once

#include "capture/packet_bytes.hpp"

#include <cstddef>
#include <optional>

namespace replay {

enum class framing_kind {
    unknown,
    rfc4571, ///< packets, each behind its length in two bytes
    turn,    ///< TURN messages and channel data (RFC 8656)
    rtsp,    ///< RTSP with interleaved packets (RFC 7826 §14)
    sip
};

/// The sizes of a packet and what is around it, in bytes.
struct framed_unit {
    std::size_t header = 0, body = 0, padding = 0;
    std::size_t size() const noexcept { return header + body + padding; }
};

/// The unit that \p bytes, at least 4, begin with; \p kind is one that has units: not SIP.
framed_unit unit_of(framing_kind kind, byte_span bytes) noexcept;

/// What a segment begins with. Nothing if more bytes are needed to tell. Any bytes may look like a
/// unit: they are taken for one if it ends where the segment ends, if units follow of which two
/// have one SSRC and two numbers, or if it is STUN's.
std::optional<framing_kind> kind_of(byte_span segment) noexcept;

/// The same of a segment that the capture has cut short by \p missing bytes: it is told if it is
/// just one unit, and is otherwise unknown.
framing_kind kind_of_cut(byte_span segment, std::size_t missing) noexcept;

/// Where units begin, and of which kind.
struct framing_place {
    framing_kind kind = framing_kind::unknown;
    std::size_t at = 0;
};

/// The first place in \p bytes where units follow one another, two of the same SSRC among them;
/// unknown, at the end, if there is none.
framing_place find_units(byte_span bytes) noexcept;

} // namespace replay
