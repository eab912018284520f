/// \file
/// Log-linear histogram of durations: quantiles in fixed memory, however many durations are
/// recorded.
#pragma once

#include <rtpsynth/base/clock.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace rtpsynth {

/// \addtogroup base
/// \{

/// Log-linear histogram of durations, from 1 ns to 292 years. Buckets are 1 ns wide below 32 ns and
/// at most 1/16 of their value wide above, so a quantile is at most 6.25 % too large. Count,
/// minimum and maximum are exact; mean and sum have the precision of a double. Negative durations
/// count as 0. An object takes 8 KB.
///
/// Threads: a value type; distinct objects are independent.
class duration_histogram {
public:
    void record(duration d) noexcept {
        const auto ns = static_cast<std::uint64_t>(std::max<duration::rep>(d.count(), 0));
        ++buckets_[index(ns)];
        ++count_;
        sum_ += static_cast<double>(ns);
        min_ = std::min(min_, ns);
        max_ = std::max(max_, ns);
    }

    /// Adds what \p other has counted.
    void merge(const duration_histogram& other) noexcept {
        for (std::size_t i = 0; i != buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
        count_ += other.count_;
        sum_ += other.sum_;
        min_ = std::min(min_, other.min_);
        max_ = std::max(max_, other.max_);
    }

    std::uint64_t count() const noexcept { return count_; }
    /// 0 if nothing was recorded; so are max(), mean() and quantile().
    duration min() const noexcept { return to_duration(count_ ? min_ : 0); }
    duration max() const noexcept { return to_duration(max_); }
    duration mean() const noexcept {
        if (count_ == 0) return {};
        const auto mean = static_cast<std::uint64_t>(sum_ / static_cast<double>(count_));
        return to_duration(std::clamp(mean, min_, max_)); // 2^63 - 1 as a double is 2^63
    }

    /// The sum of all recorded durations in seconds, with the precision of a double.
    double sum() const noexcept { return sum_ * 1e-9; }

    /// The \p q quantile: the upper bound of its bucket, but at most max(). \p q is clamped to
    /// 0..1.
    duration quantile(double q) const noexcept {
        const double wanted = std::ceil(std::clamp(q, 0.0, 1.0) * static_cast<double>(count_));
        std::uint64_t seen = 0;
        for (std::size_t i = 0; i != buckets_.size(); ++i) {
            seen += buckets_[i];
            if (seen != 0 && static_cast<double>(seen) >= wanted)
                return to_duration(std::min(upper(i), max_));
        }
        return {};
    }

    /// Calls \p visit(duration low, duration high, std::uint64_t count) for every bucket that is
    /// not empty, in ascending order. The bucket includes both low and high.
    template <class Visitor>
    void for_each_bucket(Visitor&& visit) const {
        for (std::size_t i = 0; i != buckets_.size(); ++i)
            if (buckets_[i]) visit(to_duration(lower(i)), to_duration(upper(i)), buckets_[i]);
    }

private:
    static constexpr unsigned precision = 4; // bits below the leading one
    static constexpr std::uint64_t exact = 2U << precision;

    static constexpr std::size_t index(std::uint64_t ns) noexcept {
        if (ns < exact) return static_cast<std::size_t>(ns);
        const auto magnitude = static_cast<unsigned>(std::bit_width(ns)) - 1 - precision;
        return (std::size_t{magnitude} << precision) + static_cast<std::size_t>(ns >> magnitude);
    }
    static constexpr std::uint64_t lower(std::uint64_t i) noexcept {
        if (i < exact) return i;
        const std::uint64_t magnitude = (i >> precision) - 1;
        return ((i & ((1U << precision) - 1)) + (1U << precision)) << magnitude;
    }
    static constexpr std::uint64_t upper(std::size_t i) noexcept { return lower(i + 1) - 1; }
    static duration to_duration(std::uint64_t ns) noexcept {
        return duration{static_cast<duration::rep>(ns)};
    }

    std::array<std::uint64_t, (64 - precision) << precision> buckets_{}; // up to 2^63 - 1
    std::uint64_t count_ = 0;
    std::uint64_t min_ = ~std::uint64_t{0};
    std::uint64_t max_ = 0;
    double sum_ = 0;
};

/// \}

} // namespace rtpsynth
