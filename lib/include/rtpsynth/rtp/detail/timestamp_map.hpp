/// \file
/// Internal: from a source's timestamps of one clock rate to those of a rewritten stream.
#pragma once

#include <rtpsynth/base/clock.hpp>
#include <rtpsynth/rtcp/detail/reception_pace.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace rtpsynth::detail {

/// Within a stretch of one source the timestamps differ by a constant. From one stretch to the next
/// the output goes on by the wall clock.
///
/// The packet before and the packet behind a switch came with jitter. That of the one before is
/// known: how much later it came than packets did on average. So is by how much the output is ahead
/// of the wall clock since stretches followed each other more quickly than packets last. Both are
/// made up for, or else the output's clock would wander off over many switches.
class timestamp_map {
public:
    timestamp_map() = default;
    /// \param begin_at timestamp of the first packet that arrives at \p arrival.
    timestamp_map(std::uint32_t clock_rate, std::uint32_t begin_at, time_point arrival) noexcept
        : clock_rate_(clock_rate),
          step_(std::max(clock_rate / 50, 1U)),
          newest_(begin_at),
          arrival_(arrival),
          units_per_ns_(clock_rate / 1e9) {}

    std::uint32_t clock_rate() const noexcept { return clock_rate_; } // 0: none
    bool is_aligned() const noexcept { return aligned_; }
    std::uint32_t to_output(std::uint32_t in) const noexcept { return in + shift_; }

    /// The next packet is of another stretch.
    void end_stretch() noexcept { aligned_ = false; }

    /// The first packet of a stretch. \p covered: how much of the media behind its timestamp is
    /// over: the duration of an event, otherwise 0.
    void align(std::uint32_t in, std::uint32_t covered, time_point arrival) noexcept {
        const double wanted = late_ + units(arrival);
        double least = covered;
        if (has_begun_) least += step_;
        const double advance = std::max(std::nearbyint(std::min(wanted, longest)), least);
        newest_ += static_cast<std::uint32_t>(static_cast<std::uint64_t>(advance));
        set_late(has_begun_ ? wanted - advance : 0);
        shift_ = newest_ - covered - in;
        arrival_ = arrival;
        aligned_ = has_begun_ = true;
    }

    /// A packet ahead of all before it in the stretch. \p is_next: none is missing before it.
    void follow(std::uint32_t in, std::uint32_t covered, time_point arrival,
                bool is_next) noexcept {
        const std::uint32_t out = in + covered + shift_;
        const auto advance = static_cast<std::int32_t>(out - newest_);
        if (advance <= 0) return;
        set_late((late_ + units(arrival) - advance) * (1 - 1.0 / averaged_packets));
        if (is_next && static_cast<std::uint32_t>(advance) <= clock_rate_ / 8)
            step_ = static_cast<std::uint32_t>(advance);
        newest_ = out;
        arrival_ = arrival;
    }

    /// Whether the timestamp of a packet ahead of all others is that of another numbering.
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
    // More than 0.25 s is no jitter.
    void set_late(double units) noexcept {
        late_ = std::clamp(units, -0.25 * clock_rate_, 0.25 * clock_rate_);
    }

    std::uint32_t clock_rate_ = 0;
    std::uint32_t shift_ = 0;
    std::uint32_t step_ = 0; // the latest advance from a packet to the next
    // The newest instant of the output, and when it arrived.
    std::uint32_t newest_ = 0;
    time_point arrival_{};
    double late_ = 0; // how much later than on average that was, in units
    double units_per_ns_ = 0;
    bool aligned_ = false;
    bool has_begun_ = false;
};

} // namespace rtpsynth::detail
