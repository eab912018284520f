/// \file
/// Clock rate and kind of each payload type of a session, as negotiated in SDP.
#pragma once

#include <rtpsynth/rtp/payload_type.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace rtpsynth {

/// \addtogroup rtp
/// \{

/// How the timestamps of a payload type's packets behave.
enum class payload_kind : std::uint8_t {
    unknown,       ///< not given: may be media or events
    media,         ///< audio or video: the timestamp is the sampling instant
    event,         ///< telephone-event (RFC 4733): the timestamp is the same throughout an event
    comfort_noise, ///< RFC 3389: sent when the level of the noise changes, not at regular times
};

/// Clock rate and kind of a payload type.
struct payload_format {
    std::uint32_t clock_rate = 0; ///< Hz; 0: not known
    payload_kind kind = payload_kind::unknown;

    bool operator==(const payload_format&) const = default;
};

/// The format of a static \p payload_type (RFC 3551 §6); clock rate 0 for any other.
constexpr payload_format static_format(std::uint8_t payload_type) noexcept {
    constexpr std::uint8_t cn = 13;
    const rtp_profile* profile = static_profile(payload_type);
    if (!profile) return {};
    return {static_cast<std::uint32_t>(profile->clock_rate),
            payload_type == cn ? payload_kind::comfort_noise : payload_kind::media};
}

/// The formats of all payload types. A new table has those of RFC 3551's static types; set() the
/// others from SDP. 1 KB.
///
/// Threads: a value type; distinct objects are independent.
class payload_format_table {
public:
    constexpr payload_format_table() noexcept {
        for (std::size_t type = 0; type < formats_.size(); ++type)
            formats_[type] = static_format(static_cast<std::uint8_t>(type));
    }

    /// The format of \p payload_type; its highest bit is ignored.
    constexpr payload_format operator[](std::uint8_t payload_type) const noexcept {
        return formats_[payload_type & 0x7fU];
    }
    /// Sets the format of \p payload_type; its highest bit is ignored.
    constexpr void set(std::uint8_t payload_type, payload_format format) noexcept {
        formats_[payload_type & 0x7fU] = format;
    }

private:
    std::array<payload_format, 128> formats_;
};

/// \}

} // namespace rtpsynth
