/// \file
/// Internal: maps a source's timestamps of one clock rate to those of a rewritten stream.
#pragma once

#include <rtpsynth/base/clock.hpp>
#include <rtpsynth/rtcp/detail/reception_pace.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace rtpsynth::detail {

/// Within a segment, the output's timestamps differ from the source's by a constant. From one
/// segment to the next the output advances by the arrival times.
///
/// The packets before and after a switch arrive with jitter. How much later than average the packet
/// before came is known, and is subtracted. The output may also be ahead of the arrival times,
/// where segments were shorter than a packet; later switches make up for that. Otherwise the
/// output's clock would drift over many switches.
class timestamp_map {
public:
    timestamp_map() = default;
    /// \param begin_at the output's timestamp of a packet that arrives at \p arrival.
    timestamp_map(std::uint32_t clock_rate, std::uint32_t begin_at, time_point arrival) noexcept
        : clock_rate_(clock_rate),
          step_(std::max(clock_rate / 50, 1U)),
          newest_(begin_at),
          arrival_(arrival),
          units_per_ns_(clock_rate / 1e9) {}

    std::uint32_t clock_rate() const noexcept { return clock_rate_; } // 0: none
    bool is_aligned() const noexcept { return aligned_; }
    std::uint32_t to_output(std::uint32_t in) const noexcept { return in + shift_; }

    /// The next packet belongs to another segment.
    void end_segment() noexcept { aligned_ = false; }

    /// The first packet of a segment. \p covered: how much media after its timestamp has passed
    /// when it arrives: the duration of an event, otherwise 0.
    void align(std::uint32_t in, std::uint32_t covered, time_point arrival) noexcept {
        const double wanted = excess_delay_ + units(arrival);
        double least = covered;
        if (has_begun_) least += step_;
        const double advance = std::max(std::nearbyint(std::min(wanted, longest)), least);
        newest_ += static_cast<std::uint32_t>(static_cast<std::uint64_t>(advance));
        set_excess_delay(has_begun_ ? wanted - advance : 0);
        shift_ = newest_ - covered - in;
        arrival_ = arrival;
        aligned_ = has_begun_ = true;
    }

    /// A packet with the highest number of the segment so far. \p is_next: none is missing before
    /// it.
    void follow(std::uint32_t in, std::uint32_t covered, time_point arrival,
                bool is_next) noexcept {
        const std::uint32_t out = in + covered + shift_;
        const auto advance = static_cast<std::int32_t>(out - newest_);
        if (advance <= 0) return;
        set_excess_delay((excess_delay_ + units(arrival) - advance) * (1 - 1.0 / averaged_packets));
        if (is_next && static_cast<std::uint32_t>(advance) <= clock_rate_ / 8)
            step_ = static_cast<std::uint32_t>(advance);
        newest_ = out;
        arrival_ = arrival;
    }

    /// Whether the timestamp of a packet with the highest number jumps: neither the newest
    /// timestamp nor the arrival times explain it.
    bool jumps(std::uint32_t in, time_point arrival) const noexcept {
        const auto advance = static_cast<std::int32_t>(in + shift_ - newest_);
        const double most = timestamp_jump_seconds * clock_rate_;
        if (advance >= 0 && advance < most) [[likely]]
            return false;
        if (advance >= 0) return std::abs(units(arrival) - advance) >= most;
        return !went_on_together({newest_, clock_rate_, arrival_},
                                 {in + shift_, clock_rate_, arrival});
    }

private:
    static constexpr int averaged_packets = 16;
    static constexpr double longest = 1e18; // units; fits 64 bits

    double units(time_point arrival) const noexcept {
        return static_cast<double>(elapsed_ns(arrival_, arrival)) * units_per_ns_;
    }
    // More than 0.25 s is not jitter.
    void set_excess_delay(double units) noexcept {
        excess_delay_ = std::clamp(units, -0.25 * clock_rate_, 0.25 * clock_rate_);
    }

    std::uint32_t clock_rate_ = 0;
    std::uint32_t shift_ = 0;
    std::uint32_t step_ = 0; // the latest advance from a packet to the next
    // The newest timestamp of the output, and when its packet arrived.
    std::uint32_t newest_ = 0;
    time_point arrival_{};
    double excess_delay_ = 0; // how much later than average that packet came, in timestamp units
    double units_per_ns_ = 0;
    bool aligned_ = false;
    bool has_begun_ = false;
};

} // namespace rtpsynth::detail
