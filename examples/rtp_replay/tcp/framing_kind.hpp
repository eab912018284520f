/// \file
/// Recognises what a TCP connection carries.
#pragma once

#include "capture/packet_bytes.hpp"

#include <cstddef>
#include <optional>

namespace replay {

enum class framing_kind {
    unknown,
    rfc4571, ///< packets, each after a 16-bit length
    turn,    ///< TURN messages and channel data (RFC 8656)
    rtsp,    ///< RTSP with interleaved packets (RFC 7826 §14)
    sip
};

/// Sizes of a framed packet in bytes.
struct framed_unit {
    std::size_t header = 0, body = 0, padding = 0;
    std::size_t size() const noexcept { return header + body + padding; }
};

/// The unit at the beginning of \p bytes, which are at least 4; \p kind is not SIP.
framed_unit unit_of(framing_kind kind, byte_span bytes) noexcept;

/// What a segment begins with; nothing if more bytes are needed. Since any bytes may look like a
/// unit, a unit is accepted only if it ends with the segment, if two of the units after it have the
/// same SSRC and different sequence numbers, or if it is STUN.
std::optional<framing_kind> kind_of(byte_span segment) noexcept;

/// The same for a segment of which the last \p missing bytes were not captured: recognised if it is
/// exactly one unit, otherwise unknown.
framing_kind kind_of_cut(byte_span segment, std::size_t missing) noexcept;

/// The place and kind of the first unit.
struct framing_place {
    framing_kind kind = framing_kind::unknown;
    std::size_t at = 0;
};

/// The first place in \p bytes where consecutive units begin, two of them with the same SSRC; kind
/// unknown, at the end, if there is none.
framing_place find_units(byte_span bytes) noexcept;

} // namespace replay
