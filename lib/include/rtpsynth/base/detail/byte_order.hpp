/// \file
/// Internal: numbers in network byte order.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace rtpsynth::detail {

constexpr std::uint16_t load_be16(const std::uint8_t* p) noexcept {
    return static_cast<std::uint16_t>(p[0] << 8 | p[1]);
}

constexpr std::uint32_t load_be32(const std::uint8_t* p) noexcept {
    return static_cast<std::uint32_t>(p[0]) << 24 | static_cast<std::uint32_t>(p[1]) << 16 |
           static_cast<std::uint32_t>(p[2]) << 8 | p[3];
}

constexpr void store_be16(std::uint8_t* p, std::uint16_t v) noexcept {
    p[0] = static_cast<std::uint8_t>(v >> 8);
    p[1] = static_cast<std::uint8_t>(v);
}

constexpr void store_be32(std::uint8_t* p, std::uint32_t v) noexcept {
    store_be16(p, static_cast<std::uint16_t>(v >> 16));
    store_be16(p + 2, static_cast<std::uint16_t>(v));
}

/// Compilers recognise the pattern of these two functions and emit one instruction for each.
constexpr std::uint32_t byte_swap(std::uint32_t v) noexcept {
    return v << 24 | (v & 0xff00) << 8 | (v >> 8 & 0xff00) | v >> 24;
}
constexpr std::uint64_t byte_swap(std::uint64_t v) noexcept {
    v = (v & 0x00ff00ff00ff00ff) << 8 | (v >> 8 & 0x00ff00ff00ff00ff);
    v = (v & 0x0000ffff0000ffff) << 16 | (v >> 16 & 0x0000ffff0000ffff);
    return v << 32 | v >> 32;
}

/// Writes an unsigned number in network order with a single store. Compilers do not always merge
/// the byte stores of store_be32() into one.
template <class Unsigned>
void store_be_whole(std::uint8_t* p, Unsigned v) noexcept {
    if constexpr (std::endian::native == std::endian::little) v = byte_swap(v);
    std::memcpy(p, &v, sizeof v);
}

} // namespace rtpsynth::detail
