/// \file
/// Maps the payload types of an incoming stream to those of an outgoing one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace rtpsynth {

/// \addtogroup rtp
/// \{

/// Maps payload types to payload types. A new map maps each to itself. The highest bit of a payload
/// type is ignored. 128 bytes.
///
/// Threads: a value type; distinct objects are independent.
class payload_type_map {
public:
    constexpr payload_type_map() noexcept {
        for (std::size_t type = 0; type < to_.size(); ++type)
            to_[type] = static_cast<std::uint8_t>(type);
    }

    /// The outgoing payload type; nullopt: packets of \p payload_type are dropped.
    constexpr std::optional<std::uint8_t> operator[](std::uint8_t payload_type) const noexcept {
        const std::uint8_t to = to_[payload_type & 0x7fU];
        if (to == dropped) return std::nullopt;
        return to;
    }
    constexpr void set(std::uint8_t from, std::uint8_t to) noexcept {
        to_[from & 0x7fU] = to & 0x7fU;
    }
    constexpr void drop(std::uint8_t from) noexcept { to_[from & 0x7fU] = dropped; }
    /// Drops all payload types that are not set() afterwards.
    constexpr void drop_all() noexcept { to_.fill(dropped); }

private:
    static constexpr std::uint8_t dropped = 0xff;

    std::array<std::uint8_t, 128> to_{};
};

/// \}

} // namespace rtpsynth
