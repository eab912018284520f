/// \file
/// Integers of capture files, in either byte order.
#pragma once

#include "capture/packet_bytes.hpp"

namespace replay {

constexpr unsigned read16(byte_span b, std::size_t at, bool big_endian) noexcept {
    return big_endian ? be16(b, at) : static_cast<unsigned>(b[at] | b[at + 1] << 8);
}

constexpr std::uint32_t read32(byte_span b, std::size_t at, bool big_endian) noexcept {
    return big_endian ? be32(b, at)
                      : read16(b, at, false) | std::uint32_t{read16(b, at + 2, false)} << 16;
}

/// A frame that was \p length bytes long, of which \p captured is in the file.
inline packet_bytes frame_bytes(byte_span captured, std::uint32_t length) noexcept {
    packet_bytes result{captured};
    result.limit(length);
    return result;
}

} // namespace replay
