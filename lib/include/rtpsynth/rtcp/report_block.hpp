/// \file
/// A reception report block (RFC 3550 §6.4.1), and the round-trip time computed from it.
#pragma once

#include <rtpsynth/base/clock.hpp>
#include <rtpsynth/base/ntp_time.hpp>

#include <cstdint>
#include <optional>

namespace rtpsynth {

/// \addtogroup rtcp
/// \{

/// One reception report block.
///
/// Threads: a value type; distinct objects are independent.
struct report_block {
    std::uint32_t ssrc = 0;                 ///< the source reported on
    std::uint8_t fraction_lost = 0;         ///< since the last report, in 1/256
    std::int32_t cumulative_lost = 0;       ///< packets, -8388608..8388607
    std::uint32_t extended_highest_seq = 0; ///< cycles << 16 | highest sequence number
    std::uint32_t jitter = 0;               ///< in units of the source's clock rate
    std::uint32_t last_sr = 0;              ///< ntp_time::compact() of the last SR; 0: none yet
    std::uint32_t delay_since_last_sr = 0;  ///< in 1/65536 s; 0 if there was no SR

    friend bool operator==(const report_block&, const report_block&) = default;
};

/// The smallest value of report_block::cumulative_lost, a signed field of 24 bits.
inline constexpr std::int32_t cumulative_lost_min = -0x80'0000;
/// The largest value of report_block::cumulative_lost.
inline constexpr std::int32_t cumulative_lost_max = 0x7f'ffff;

/// The round-trip time to the sender of a report on our own source: A - LSR - DLSR of RFC 3550
/// §6.4.1. \p arrival is when the report arrived, by the same clock as the NTP times of our sender
/// reports. Exact to 1/65536 s for round trips below 9.1 hours, also when the 16 bits of LSR's
/// seconds have wrapped.
///
/// nullopt if the reporter has received no SR of ours (LSR is 0), or if the result is negative,
/// since a clock was stepped or the report is wrong. A result from -1 ms to 0, which coarse clocks
/// and rounding explain, counts as 0.
constexpr std::optional<duration> round_trip_time(const report_block& report,
                                                  ntp_time arrival) noexcept {
    if (report.last_sr == 0) return std::nullopt;
    const std::int64_t units =
        static_cast<std::int32_t>(arrival.compact() - report.last_sr - report.delay_since_last_sr);
    if (units < -65) return std::nullopt;
    return duration{units < 0 ? 0 : units * 1'000'000'000 / 65'536};
}

/// \}

} // namespace rtpsynth
