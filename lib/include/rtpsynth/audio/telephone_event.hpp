/// \file
/// The payload of telephone events (RFC 4733), such as DTMF digits.
#pragma once

#include <rtpsynth/base/detail/byte_order.hpp>
#include <rtpsynth/base/error.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace rtpsynth {

/// \addtogroup audio
/// \{

/// Size of one event report in a payload, in bytes.
inline constexpr std::size_t telephone_event_size = 4;

/// One report of an event (RFC 4733 §2.3).
///
/// Threads: a value type; distinct objects are independent.
struct telephone_event {
    std::uint8_t event = 0;     ///< event code; 0..15 are the DTMF digits, see digit_of()
    bool end = false;           ///< E: the event is over, and duration is final
    std::uint8_t volume = 10;   ///< 0..63: the power of a tone in -dBm0
    std::uint16_t duration = 0; ///< so far, of this segment, in units of the clock rate

    /// Reads the first report of \p payload. Fails with errc::packet_too_short below 4 bytes. The
    /// reserved bit is ignored.
    [[nodiscard]] static constexpr result<telephone_event> parse(
        std::span<const std::uint8_t> payload) noexcept {
        if (payload.size() < telephone_event_size) return errc::packet_too_short;
        return telephone_event{payload[0], (payload[1] & 0x80) != 0,
                               static_cast<std::uint8_t>(payload[1] & 0x3f),
                               detail::load_be16(&payload[2])};
    }

    /// Writes the report. Only the low 6 bits of the volume are written.
    constexpr void store(std::span<std::uint8_t, telephone_event_size> out) const noexcept {
        out[0] = event;
        out[1] = static_cast<std::uint8_t>((end ? 0x80 : 0) | (volume & 0x3f));
        detail::store_be16(&out[2], duration);
    }

    friend bool operator==(const telephone_event&, const telephone_event&) = default;
};

namespace detail {
inline constexpr std::string_view dtmf_digits = "0123456789*#ABCD";
} // namespace detail

/// The event code of a digit: one of 0..9, *, #, A..D or a..d; nullopt for others.
constexpr std::optional<std::uint8_t> event_of(char digit) noexcept {
    if (digit >= 'a' && digit <= 'd') digit = static_cast<char>(digit - 'a' + 'A');
    const std::size_t code = detail::dtmf_digits.find(digit);
    if (code == std::string_view::npos) return std::nullopt;
    return static_cast<std::uint8_t>(code);
}

/// The digit of an event code; nullopt if the code is not a DTMF digit.
constexpr std::optional<char> digit_of(std::uint8_t event) noexcept {
    if (event >= detail::dtmf_digits.size()) return std::nullopt;
    return detail::dtmf_digits[event];
}

/// \}

} // namespace rtpsynth
