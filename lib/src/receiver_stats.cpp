#include <rtpsynth/receiver_stats.hpp>

#include <rtpsynth/sequence.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace rtpsynth {
namespace {

constexpr std::int64_t ns_per_second = 1'000'000'000;

// Past half the number space a limit never applies; so capped, it compares with a signed distance.
constexpr int to_limit(unsigned packets) noexcept {
    return static_cast<int>(std::min(packets, 0x1'0000U));
}

// Unsigned, as no pair of time points may overflow.
std::int64_t elapsed_ns(time_point from, time_point to) noexcept {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(to.time_since_epoch().count()) -
                                     static_cast<std::uint64_t>(from.time_since_epoch().count()));
}

// In 1/65536 s, held at the ends of 32 bits.
std::uint32_t compact_delay(std::int64_t ns) noexcept {
    if (ns < 0) return 0;
    const std::int64_t seconds = ns / ns_per_second;
    if (seconds > 0xffff) return std::numeric_limits<std::uint32_t>::max();
    return static_cast<std::uint32_t>(seconds << 16 | (ns % ns_per_second << 16) / ns_per_second);
}

} // namespace

receiver_stats::receiver_stats(std::uint32_t clock_rate, const options& opts)
    : probation_{std::max(opts.min_sequential, 1U)},
      max_dropout_{to_limit(opts.max_dropout)},
      max_misorder_{to_limit(opts.max_misorder)},
      min_sequential_{probation_},
      units_per_ns_{clock_rate / 1e9},
      ms_per_unit_{1e3 / clock_rate} {
    if (clock_rate == 0) {
        throw std::invalid_argument("rtpsynth::receiver_stats: clock_rate must be at least 1 Hz");
    }
    if (opts.max_dropout < 2) {
        throw std::invalid_argument("rtpsynth::receiver_stats: max_dropout must be at least 2");
    }
}

receiver_stats::outcome receiver_stats::update(std::uint16_t seq, std::uint32_t timestamp,
                                               time_point arrival) noexcept {
    const int ahead = seq_distance(seq, static_cast<std::uint16_t>(highest_));
    if (probation_ > 0) [[unlikely]] {
        // The first packet has none to follow, and is one in sequence all the same.
        probation_ = (ahead == 1 ? probation_ : min_sequential_) - 1;
        highest_ = seq;
        if (probation_ > 0) {
            ++rejected_;
            return outcome::probation;
        }
        begin(seq);
        receive(timestamp, arrival);
        return outcome::in_order;
    }
    if (ahead > 0 ? ahead >= max_dropout_ : ahead != 0 && -ahead >= max_misorder_) [[unlikely]] {
        if (seq != bad_seq_) {
            bad_seq_ = static_cast<std::uint16_t>(seq + 1);
            ++rejected_;
            return outcome::rejected;
        }
        expected_before_ = expected();
        ++restarts_;
        begin(seq);
        receive(timestamp, arrival);
        return outcome::restarted;
    }
    receive(timestamp, arrival);
    const std::int64_t extended = highest_ + ahead;
    if (ahead > 0) {
        advance(extended);
        return outcome::in_order;
    }
    if (mark_seen(extended)) {
        ++duplicates_;
        return outcome::duplicate;
    }
    ++reordered_;
    early_ += extended < base_;
    max_reorder_depth_ = std::max(max_reorder_depth_, static_cast<std::uint32_t>(-ahead));
    return outcome::reordered;
}

std::uint64_t receiver_stats::missing() const noexcept {
    // Duplicates older than the window pass for new packets, and may outnumber the losses.
    const std::uint64_t came = unique() - early_;
    return expected() > came ? expected() - came : 0;
}

void receiver_stats::sender_report_received(ntp_time ntp, time_point arrival) noexcept {
    last_sr_ = ntp.compact();
    last_sr_arrival_ = arrival;
}

report_block receiver_stats::make_report(std::uint32_t ssrc, time_point now) noexcept {
    report_block report;
    report.ssrc = ssrc;
    const std::uint64_t expected_interval = expected() - expected_prior_;
    const auto lost_interval =
        static_cast<std::int64_t>(expected_interval - received_since_report());
    if (lost_interval > 0) {
        // Below 256: what moves the highest number, and so what is expected, has been received.
        report.fraction_lost = static_cast<std::uint8_t>(
            (static_cast<std::uint64_t>(lost_interval) << 8) / expected_interval);
    }
    expected_prior_ = expected();
    received_prior_ = received_;

    report.cumulative_lost = static_cast<std::int32_t>(
        std::clamp<std::int64_t>(cumulative_lost(), cumulative_lost_min, cumulative_lost_max));
    report.extended_highest_seq = static_cast<std::uint32_t>(extended_highest_seq());
    report.jitter = static_cast<std::uint32_t>(
        std::min(jitter_, double{std::numeric_limits<std::uint32_t>::max()}));
    if (last_sr_ != 0) {
        report.last_sr = last_sr_;
        report.delay_since_last_sr = compact_delay(elapsed_ns(last_sr_arrival_, now));
    }
    return report;
}

void receiver_stats::begin(std::uint16_t seq) noexcept {
    base_ = highest_ = seq;
    bad_seq_ = no_bad_seq;
    has_transit_ = false; // the timestamps restart as well
    seen_.fill(0);
    mark_seen(seq);
}

void receiver_stats::advance(std::int64_t seq) noexcept {
    if (seq - highest_ >= static_cast<std::int64_t>(duplicate_window)) {
        seen_.fill(0);
    } else {
        for (std::int64_t s = highest_ + 1; s < seq; ++s) {
            const auto bit = static_cast<std::uint64_t>(s) % duplicate_window;
            seen_[bit / 64] &= ~(std::uint64_t{1} << bit % 64);
        }
    }
    const auto bit = static_cast<std::uint64_t>(seq) % duplicate_window;
    seen_[bit / 64] |= std::uint64_t{1} << bit % 64;
    highest_ = seq;
}

// Returns whether seq was seen before; always false outside the window.
bool receiver_stats::mark_seen(std::int64_t seq) noexcept {
    if (highest_ - seq >= static_cast<std::int64_t>(duplicate_window)) return false;
    const auto bit = static_cast<std::uint64_t>(seq) % duplicate_window;
    std::uint64_t& word = seen_[bit / 64];
    const std::uint64_t mask = std::uint64_t{1} << bit % 64;
    const bool seen = (word & mask) != 0;
    word |= mask;
    return seen;
}

void receiver_stats::receive(std::uint32_t timestamp, time_point arrival) noexcept {
    ++received_;
    if (has_transit_) {
        // A.8's transit difference, from differences alone: they stay small and exact for weeks.
        const double difference =
            static_cast<double>(elapsed_ns(last_arrival_, arrival)) * units_per_ns_ -
            static_cast<std::int32_t>(timestamp - last_timestamp_);
        jitter_ += (std::abs(difference) - jitter_) / 16;
        max_jitter_ = std::max(max_jitter_, jitter_);
        jitter_sum_ += jitter_;
        ++jitter_count_;
    }
    has_transit_ = true;
    last_arrival_ = arrival;
    last_timestamp_ = timestamp;
}

} // namespace rtpsynth
