/// \file
/// The VoIP metrics block of an extended report (RFC 3611 §4.7).
#pragma once

#include <cstdint>

namespace rtpsynth {

/// \addtogroup rtcp
/// \{

/// How a receiver conceals lost packets: the PLC bits of RFC 3611 §4.7.6.
enum class loss_concealment : std::uint8_t {
    unspecified = 0,
    disabled = 1, ///< silence instead of lost packets
    enhanced = 2, ///< by interpolation
    standard = 3, ///< by repeating the last audio, which fades
};

/// Whether a jitter buffer adapts: the JBA bits of RFC 3611 §4.7.6.
enum class buffer_kind : std::uint8_t { unknown = 0, reserved = 1, fixed = 2, adaptive = 3 };

/// A VoIP metrics block, in the units of the packet. The default of each field is "unavailable"
/// where the format has such a value.
///
/// Threads: a value type; distinct objects are independent.
struct voip_metrics {
    /// The value of an unknown field, in the fields whose comments say so.
    static constexpr std::uint8_t unavailable = 127;

    std::uint32_t ssrc = 0;              ///< the source reported on
    std::uint8_t loss_rate = 0;          ///< lost on the way, in 1/256
    std::uint8_t discard_rate = 0;       ///< came too late or too early, in 1/256
    std::uint8_t burst_density = 0;      ///< not played within bursts, in 1/256
    std::uint8_t gap_density = 0;        ///< not played within gaps, in 1/256
    std::uint16_t burst_duration = 0;    ///< mean, in ms
    std::uint16_t gap_duration = 0;      ///< mean, in ms
    std::uint16_t round_trip_delay = 0;  ///< between the RTP interfaces, in ms; 0: unknown
    std::uint16_t end_system_delay = 0;  ///< of the reporter, both ways, in ms; 0: unknown
    std::int8_t signal_level = 127;      ///< of speech, in dBm0; 127: unavailable
    std::int8_t noise_level = 127;       ///< in pauses, in dBm0; 127: unavailable
    std::uint8_t rerl = unavailable;     ///< residual echo return loss, in dB
    std::uint8_t gmin = 16;              ///< packets received in a row that end a burst
    std::uint8_t r_factor = unavailable; ///< 0..100: of this segment
    std::uint8_t ext_r_factor =
        unavailable;                   ///< 0..100: of an attached network, as behind a gateway
    std::uint8_t mos_lq = unavailable; ///< 10..50: listening quality, 10 times the MOS
    std::uint8_t mos_cq = unavailable; ///< 10..50: conversational quality, with delay
    loss_concealment concealment = loss_concealment::unspecified;
    buffer_kind buffer = buffer_kind::unknown;
    std::uint8_t buffer_rate = 0;         ///< 0..15: how fast an adaptive buffer adapts
    std::uint16_t buffer_nominal = 0;     ///< delay of a packet that is on time, in ms
    std::uint16_t buffer_maximum = 0;     ///< delay of the earliest packet not discarded, in ms
    std::uint16_t buffer_abs_maximum = 0; ///< the largest value of buffer_maximum, in ms

    friend bool operator==(const voip_metrics&, const voip_metrics&) = default;
};

/// \}

} // namespace rtpsynth
