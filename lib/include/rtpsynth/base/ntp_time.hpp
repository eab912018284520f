/// \file
/// RTCP's wall clock: NTP timestamps (RFC 3550 §4).
#pragma once

#include <chrono>
#include <cstdint>

namespace rtpsynth {

/// \addtogroup base
/// \{

/// Seconds since 1900-01-01 UTC as 32.32 fixed point, wrapping every 136 years (next in 2036).
/// 0 in a sender report means that the sender has no wallclock.
///
/// Threads: a value type; distinct objects are independent.
class ntp_time {
public:
    /// From 1900-01-01 to 1970-01-01, in seconds.
    static constexpr std::int64_t unix_epoch_seconds = 2'208'988'800;

    constexpr ntp_time() noexcept = default;
    /// From the 64 bits of the timestamp: seconds in the upper half, fraction in the lower.
    constexpr explicit ntp_time(std::uint64_t value) noexcept : value_(value) {}

    /// From the time since 1970-01-01 UTC, as std::chrono::system_clock counts it, rounded to the
    /// nearest 2^-32 s. From 1968 to 2104, unix_time() returns the same nanoseconds again.
    static constexpr ntp_time from_unix(std::chrono::nanoseconds since_1970) noexcept {
        // std::chrono::floor would overflow at the earliest time there is.
        std::int64_t whole = since_1970.count() / 1'000'000'000;
        std::int64_t rest = since_1970.count() % 1'000'000'000;
        if (rest < 0) {
            --whole;
            rest += 1'000'000'000;
        }
        const auto seconds = static_cast<std::uint64_t>(whole + unix_epoch_seconds);
        const auto fraction =
            ((static_cast<std::uint64_t>(rest) << 32) + 500'000'000) / 1'000'000'000;
        return ntp_time{(seconds << 32) + fraction};
    }

    /// The time since 1970-01-01 UTC, rounded to the nearest nanosecond. As in RFC 4330 §3, the 32
    /// bits of seconds are taken to be a time from 1968 to 2104.
    constexpr std::chrono::nanoseconds unix_time() const noexcept {
        const auto era = seconds() & 0x8000'0000U ? std::int64_t{0} : std::int64_t{1} << 32;
        const auto ns = (std::uint64_t{fraction()} * 1'000'000'000 + 0x8000'0000U) >> 32;
        return std::chrono::seconds{seconds() + era - unix_epoch_seconds} +
               std::chrono::nanoseconds{static_cast<std::int64_t>(ns)};
    }

    constexpr std::uint64_t value() const noexcept { return value_; }
    constexpr std::uint32_t seconds() const noexcept {
        return static_cast<std::uint32_t>(value_ >> 32);
    }
    /// In units of 2^-32 s.
    constexpr std::uint32_t fraction() const noexcept { return static_cast<std::uint32_t>(value_); }
    /// The middle 32 bits, 16.16 seconds, as LSR carries them; wraps every 18.2 hours.
    constexpr std::uint32_t compact() const noexcept {
        return static_cast<std::uint32_t>(value_ >> 16);
    }

    friend constexpr bool operator==(ntp_time, ntp_time) noexcept = default;

private:
    std::uint64_t value_ = 0;
};

/// \}

} // namespace rtpsynth
