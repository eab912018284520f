/// \file
/// A reception report block (RFC 3550 §6.4.1), and the round trip time that it yields.
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
    std::uint32_t delay_since_last_sr = 0;  ///< in 1/65536 s; 0 without an SR

    friend bool operator==(const report_block&, const report_block&) = default;
};

/// The smallest value of report_block::cumulative_lost, a signed field of 24 bits.
inline constexpr std::int32_t cumulative_lost_min = -0x80'0000;
/// Its largest value.
inline constexpr std::int32_t cumulative_lost_max = 0x7f'ffff;

/// The round trip time to the sender of a report on our own source: A - LSR - DLSR of RFC 3550
/// §6.4.1. \p arrival is when the report arrived, by the clock that our sender reports are stamped
/// with. The result is exact to 1/65536 s for round trips below 9.1 hours, whether or not LSR's 16
/// bits of seconds have wrapped.
///
/// nullopt if the peer has received no SR of ours (LSR is 0), or if the result is negative: then a
/// clock was stepped or the peer is wrong. A result of -1 ms or more, which coarse clocks and
/// rounding at either end explain, is 0.
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
