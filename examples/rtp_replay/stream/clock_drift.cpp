#include "stream/clock_drift.hpp"

#include <chrono>
#include <cmath>

namespace replay {
namespace {

constexpr double least_points = 10; // seconds of a line

} // namespace

void clock_drift::line::add(double at, double value) {
    n += 1;
    x += at;
    y += value;
    xx += at * at;
    xy += at * value;
}

void clock_drift::begin(std::uint32_t timestamp, std::uint32_t clock_rate,
                        rtpsynth::time_point arrival) {
    if (line_.n >= least_points) {
        covariance_ += line_.covariance();
        variance_ += line_.variance();
    }
    line_ = {};
    clock_rate_ = clock_rate;
    last_timestamp_ = timestamp;
    media_ = 0;
    begin_ = arrival;
    last_transit_ = least_ = least_at_ = 0;
    second_ = 0;
}

void clock_drift::end_second() { line_.add(least_at_, least_); }

void clock_drift::add(std::uint32_t timestamp, std::uint32_t clock_rate,
                      rtpsynth::time_point arrival) {
    if (clock_rate != clock_rate_) {
        begin(timestamp, clock_rate, arrival);
        return;
    }
    media_ += static_cast<std::int32_t>(timestamp - last_timestamp_);
    last_timestamp_ = timestamp;
    const double at = std::chrono::duration<double>(arrival - begin_).count();
    const double transit = at - static_cast<double>(media_) / clock_rate;
    // Slower than a network, or a sender of bursts: the timestamps have jumped.
    if (std::abs(transit - last_transit_) > 2 || at < 0) {
        begin(timestamp, clock_rate, arrival);
        return;
    }
    last_transit_ = transit;
    const auto second = static_cast<std::int64_t>(at);
    if (second != second_) {
        end_second();
        second_ = second;
        least_ = transit;
        least_at_ = at;
    } else if (transit < least_) {
        least_ = transit;
        least_at_ = at;
    }
}

std::optional<double> clock_drift::ppm() const {
    const bool is_long = line_.n >= least_points;
    const double variance = variance_ + (is_long ? line_.variance() : 0);
    if (!(variance > 0)) return std::nullopt;
    return -1e6 * (covariance_ + (is_long ? line_.covariance() : 0)) / variance;
}

} // namespace replay
