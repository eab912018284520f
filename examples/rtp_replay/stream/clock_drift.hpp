/// \file
/// How fast a sender's media clock runs.
#pragma once

#include <rtpsynth/base/clock.hpp>

#include <cstdint>
#include <optional>

namespace replay {

/// Compares the timestamps of media with the times of arrival. The quickest packet of each second
/// counts, which waited least in the network, and a line is fitted through these (least squares).
/// Where the timestamps jump, another line of the same slope begins; lines of less than ten points
/// say too little, and do not count.
class clock_drift {
public:
    /// A packet of media, in order of arrival. \p clock_rate in Hz, not 0.
    void add(std::uint32_t timestamp, std::uint32_t clock_rate, rtpsynth::time_point arrival);

    /// Parts per million; positive: the sender's clock is fast. nullopt if there is no line.
    std::optional<double> ppm() const;

private:
    /// Sums of a line's points.
    struct line {
        double n = 0, x = 0, y = 0, xx = 0, xy = 0;

        void add(double at, double value);
        double covariance() const { return n > 0 ? xy - x * y / n : 0; }
        double variance() const { return n > 0 ? xx - x * x / n : 0; }
    };

    void begin(std::uint32_t timestamp, std::uint32_t clock_rate, rtpsynth::time_point arrival);
    void end_second();

    std::uint32_t clock_rate_ = 0;
    std::uint32_t last_timestamp_ = 0;
    std::int64_t media_ = 0; // timestamp units since the line began
    rtpsynth::time_point begin_{};
    double last_transit_ = 0; // seconds
    std::int64_t second_ = 0; // since the line began
    double least_ = 0;        // the least transit of that second
    double least_at_ = 0;     // when it arrived
    line line_;
    double covariance_ = 0, variance_ = 0; // of the lines before
};

} // namespace replay
