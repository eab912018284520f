// What the delay of a playout should be, and what it is.
#pragma once

#include "transit_window.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>

namespace rtpsynth::detail {

// Times in microseconds. A "schedule" is the time at which audio is pulled, less its position: a
// packet is in time if its transit is not above the schedule of its tick.
class delay_control {
public:
    delay_control(std::int64_t initial, std::int64_t least, std::int64_t most,
                  double late_target) noexcept
        : initial_(initial), min_(least), max_(most), late_target_(late_target) {}

    // A stream begins, whose first packet has this transit.
    void begin(std::int64_t transit) noexcept {
        window_.clear();
        base_ = transit;
        forget_schedule();
    }

    void arrived(std::int64_t arrival, std::int64_t transit) noexcept {
        window_.add(arrival, transit - base_);
        // A clock that drifts must not make packets late before the delay is changed.
        constexpr std::int64_t margin = 2'000;
        const std::int64_t least = window_.least();
        std::int64_t need = window_.exceeded_by(late_target_);
        need = window_.size() < few ? std::max(need, initial_) : need + margin;
        wanted_ = std::clamp(need, least + min_, least + max_);
        least_ = least;
    }

    // The schedule that the network needs.
    std::int64_t wanted() const noexcept { return base_ + wanted_; }
    // The same as a delay, that of the quickest packet.
    std::int64_t target() const noexcept { return wanted_ - least_; }
    std::int64_t max_delay() const noexcept { return max_; }

    // A packet was scheduled so.
    void scheduled(std::int64_t schedule) noexcept {
        if (++count_ > recent) {
            before_ = std::exchange(lowest_, schedule);
            count_ = 0;
            was_full_ = true;
        }
        lowest_ = std::min(lowest_, schedule);
    }
    // The delay has changed by an unknown amount: it has to be measured anew.
    void forget_schedule() noexcept {
        lowest_ = before_ = std::numeric_limits<std::int64_t>::max();
        was_full_ = false;
        floor_ = std::numeric_limits<std::int64_t>::min();
        count_ = 0;
    }
    // The delay was shrunk, by no more than \p most; 0: it has grown.
    void changed(std::int64_t most) noexcept {
        const std::int64_t floor = is_known() ? std::min(lowest_, before_) : floor_;
        forget_schedule();
        if (most != 0 && floor != floor_) floor_ = floor - most;
    }
    // By how much the delay is longer than it has to be; 0 if that is not known.
    std::int64_t excess() const noexcept {
        if (is_known()) return std::min(lowest_, before_) - wanted();
        return std::max(floor_, wanted()) - wanted();
    }

private:
    bool is_known() const noexcept { return was_full_ || count_ >= 3; }

    static constexpr std::size_t few = 8;
    static constexpr std::size_t recent = 25;

    std::int64_t initial_;
    std::int64_t min_;
    std::int64_t max_;
    double late_target_;
    transit_window window_; // transits less base_
    std::int64_t base_ = 0;
    std::int64_t wanted_ = 0;
    std::int64_t least_ = 0;
    // Of the last packets, and of the 25 before them.
    std::int64_t lowest_ = std::numeric_limits<std::int64_t>::max();
    std::int64_t before_ = std::numeric_limits<std::int64_t>::max();
    std::int64_t floor_ = std::numeric_limits<std::int64_t>::min(); // while lowest_ is not known
    std::size_t count_ = 0;
    bool was_full_ = false;
};

} // namespace rtpsynth::detail
