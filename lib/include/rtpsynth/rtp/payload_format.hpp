/// \file
/// What the packets of a payload type are, as far as their timestamps go: clock rate and kind.
/// A session's payload types are a payload_format_table, filled from SDP or by hand.
#pragma once

#include <rtpsynth/rtp/payload_type.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace rtpsynth {

/// How the timestamps of a payload type's packets behave.
enum class payload_kind : std::uint8_t {
    unknown,       ///< not told: perhaps media, perhaps events
    media,         ///< audio or video: the timestamp is the sampling instant
    event,         ///< telephone-event (RFC 4733): it stands still while an event lasts
    comfort_noise, ///< RFC 3389: sent when the level of the noise changes, not at a pace
};

/// What a payload type says of its packets' timestamps.
struct payload_format {
    std::uint32_t clock_rate = 0; ///< of the timestamps in Hz; 0: not known
    payload_kind kind = payload_kind::unknown;

    bool operator==(const payload_format&) const = default;
};

/// The format that RFC 3551 §6 gives \p payload_type; clock rate 0 if it gives none.
constexpr payload_format static_format(std::uint8_t payload_type) noexcept {
    constexpr std::uint8_t cn = 13;
    const rtp_profile* profile = static_profile(payload_type);
    if (!profile) return {};
    return {static_cast<std::uint32_t>(profile->clock_rate),
            payload_type == cn ? payload_kind::comfort_noise : payload_kind::media};
}

/// Payload types and their formats. Begins with RFC 3551's static types. 1 KB, a value type.
class payload_format_table {
public:
    constexpr payload_format_table() noexcept {
        for (std::size_t type = 0; type < formats_.size(); ++type)
            formats_[type] = static_format(static_cast<std::uint8_t>(type));
    }

    /// The format of \p payload_type, of which the lower 7 bits count.
    constexpr payload_format operator[](std::uint8_t payload_type) const noexcept {
        return formats_[payload_type & 0x7fU];
    }
    /// Says what \p payload_type is, of which the lower 7 bits count.
    constexpr void set(std::uint8_t payload_type, payload_format format) noexcept {
        formats_[payload_type & 0x7fU] = format;
    }

private:
    std::array<payload_format, 128> formats_;
};

} // namespace rtpsynth
