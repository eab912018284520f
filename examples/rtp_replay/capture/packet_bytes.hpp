/// \file
/// A part of a captured packet, and big-endian integers in it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace replay {

using byte_span = std::span<const std::uint8_t>;

constexpr unsigned be16(byte_span b, std::size_t at) noexcept {
    return static_cast<unsigned>(b[at] << 8 | b[at + 1]);
}

constexpr std::uint32_t be32(byte_span b, std::size_t at) noexcept {
    return std::uint32_t{be16(b, at)} << 16 | be16(b, at + 2);
}

/// The rest of a packet after some of its headers.
struct packet_bytes {
    byte_span data;          ///< as far as it was captured
    std::size_t missing = 0; ///< bytes after them that were not captured

    std::size_t size_on_wire() const noexcept { return data.size() + missing; }

    /// Skips a header. Returns false, without effect, if it was not captured whole.
    bool skip(std::size_t header) noexcept {
        if (data.size() < header) return false;
        data = data.subspan(header);
        return true;
    }

    /// Sets the length of this part on the wire: bytes beyond are padding of a lower layer, and if
    /// there are fewer, the others were not captured.
    void limit(std::size_t length) noexcept {
        missing = length - std::min(length, data.size());
        data = data.first(length - missing);
    }
};

} // namespace replay
