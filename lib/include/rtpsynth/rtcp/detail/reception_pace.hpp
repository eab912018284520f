/// \file
/// Internal: the rate at which a source's sequence numbers and timestamps advance, and whether a
/// packet far from the last one fits this rate.
#pragma once

#include <rtpsynth/base/clock.hpp>

#include <cstdint>

namespace rtpsynth::detail {

/// The timestamp of a packet on its sender's clock, and the time of its arrival.
struct packet_instant {
    std::uint32_t timestamp = 0;
    std::uint32_t clock_rate = 0; // Hz; 0: not known
    time_point arrival{};
};

/// Nanoseconds. Unsigned arithmetic, since a difference of two time points may overflow.
constexpr std::int64_t elapsed_ns(time_point from, time_point to) noexcept {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(to.time_since_epoch().count()) -
                                     static_cast<std::uint64_t>(from.time_since_epoch().count()));
}

/// A jump of this many seconds means a new origin of the timestamps and not jitter: after hold or a
/// transfer, the media comes from elsewhere. A path that delays packets does not change their
/// timestamps.
inline constexpr double timestamp_jump_seconds = 5;

/// Whether the timestamps of two packets are as far apart as their arrivals, within 0.25 s and 5 %,
/// over any number of timestamp cycles. False if the clock rates differ or are unknown, and over a
/// time so long that the tolerance reaches a cycle.
bool went_on_together(const packet_instant& before, const packet_instant& after) noexcept;

/// Learns the rate from packets in order.
class reception_pace {
public:
    /// The first packet after a start or restart of the source.
    void begin(std::int64_t seq, const packet_instant& at) noexcept {
        newest_ = at;
        newest_seq_ = first_seq_ = seq;
        media_ = 0;
        step_ = advance_ = 0;
    }

    /// The next packet in order.
    void follow(std::int64_t seq, const packet_instant& at) noexcept {
        if (at.clock_rate != newest_.clock_rate) [[unlikely]] {
            begin(seq, at);
            return;
        }
        const auto advance = static_cast<std::int32_t>(at.timestamp - newest_.timestamp);
        const std::int64_t packets = seq - newest_seq_;
        // A pause of the sender, such as hold, does not change its pace.
        const bool pause = step_ != 0 && advance > static_cast<double>(steps_in_reach * step_) *
                                                       static_cast<double>(packets);
        media_ += pause ? step_ * packets : advance;
        if (advance > 0 && packets == 1) {
            // Take the first advance, and later only one that occurs twice in a row: a single odd
            // one changes nothing.
            if (step_ == 0 || advance == advance_) step_ = advance;
            advance_ = advance;
        }
        newest_ = at;
        newest_seq_ = seq;
    }

    const packet_instant& newest() const noexcept { return newest_; }
    std::int64_t newest_seq() const noexcept { return newest_seq_; }

    /// Whether the timestamp of a packet \p behind numbers behind the newest is behind as well.
    /// After a restart of the sender it is not. It may be slightly ahead: video is sent in decoding
    /// order.
    bool is_old(int behind, const packet_instant& at) const noexcept {
        if (at.clock_rate != newest_.clock_rate) return true; // nothing to compare with
        const std::int64_t reach = step_ == 0 ? unknown_reach : steps_in_reach * step_;
        const auto ahead = static_cast<std::int32_t>(at.timestamp - newest_.timestamp);
        return -reach * behind <= ahead && ahead <= reach / 4;
    }

    /// The same without tolerance: the timestamp is not ahead. False while the rate is unknown.
    bool is_from_behind(int behind, const packet_instant& at) const noexcept {
        return step_ != 0 && at.clock_rate == newest_.clock_rate && is_old(behind, at) &&
               static_cast<std::int32_t>(at.timestamp - newest_.timestamp) <= 0;
    }

    /// How many numbers a packet is ahead of the newest, if that is \p ahead modulo 2^16. 0 if its
    /// timestamp and arrival did not advance together, or if the distance does not fit the rate
    /// within \p factor.
    std::int64_t distance(std::uint16_t ahead, const packet_instant& at,
                          double factor) const noexcept;

private:
    static constexpr std::int64_t steps_in_reach = 64;
    static constexpr std::int64_t unknown_reach = 0x1'0000;

    packet_instant newest_;
    std::int64_t newest_seq_ = 0;
    std::int64_t first_seq_ = 0; // media_ counts from here
    std::int64_t media_ = 0;     // timestamp units
    std::int32_t step_ = 0;      // usual advance of consecutive packets; 0: not known
    std::int32_t advance_ = 0;   // the latest advance
};

} // namespace rtpsynth::detail
