#include <rtpsynth/rtcp/receiver_stats.hpp>

#include <rtpsynth/rtp/sequence.hpp>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <stdexcept>

namespace rtpsynth {
namespace {

constexpr std::int64_t ns_per_second = 1'000'000'000;

// A limit above half the number space never applies. Clamp it, so that it can be compared with a
// distance.
constexpr int to_limit(unsigned packets) noexcept {
    return static_cast<int>(std::min(packets, 0x1'0000U));
}

// After this long without a packet, the sequence number may have passed through a whole cycle.
constexpr std::int64_t long_silence_ns = 10 * ns_per_second;
constexpr std::int64_t sequence_cycle = 0x1'0000;

// The packets of a second numbering beside the current one are at most this far apart, ...
constexpr int other_numbering_step = 16;
// ... and this many of them distinguish it from strays and from late packets around a restart.
constexpr std::uint32_t other_numbering_proof = 3;

// This many duplicates in a row, over this much of the sender's time, are not a burst of
// retransmissions.
constexpr std::uint32_t restart_copies = 10;
constexpr double restart_seconds = 0.25;

// In 1/65536 s, clamped to 32 bits.
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
      clock_rate_{clock_rate},
      jitter_clock_rate_{clock_rate},
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
                                               time_point arrival, payload_format format) noexcept {
    const arrival_mark p{seq, format.kind, {timestamp, format.clock_rate, arrival}};
    const int ahead = seq_distance(seq, static_cast<std::uint16_t>(highest_));
    if (probation_ > 0) [[unlikely]] {
        // The first packet counts as one in sequence.
        probation_ = (ahead == 1 ? probation_ : min_sequential_) - 1;
        highest_ = seq;
        if (probation_ > 0) {
            ++rejected_;
            return outcome::probation;
        }
        begin(p);
        return outcome::in_order;
    }
    if (-ahead >= max_misorder_ && is_late(p, -ahead)) [[unlikely]]
        return late(p, -ahead);
    if (is_suspect(p, ahead)) [[unlikely]]
        return suspect(p);
    suspected_ = false;
    receive(p);
    const std::int64_t extended = highest_ + ahead;
    if (ahead > 0) {
        advance(p, extended);
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

bool receiver_stats::is_suspect(const arrival_mark& p, int ahead) const noexcept {
    if (ahead == 1) { // the usual packet, unless the suspect had the highest number
        return suspected_ && p.seq == static_cast<std::uint16_t>(suspect_.seq + 1) &&
               !pace_.is_old(1, p.at);
    }
    if (ahead > 0) {
        return ahead >= max_dropout_ ||
               (detail::elapsed_ns(pace_.newest().arrival, p.at.arrival) > long_silence_ns &&
                outage(p) >= sequence_cycle);
    }
    if (ahead < 0 && -ahead >= max_misorder_) return true;
    // The highest packet may be an event, whose timestamp is not compared. A packet behind it but
    // ahead of the newest audio may have any timestamp.
    const std::int64_t behind = pace_.newest_seq() - (highest_ + ahead);
    return p.kind != payload_kind::event && behind >= 0 &&
           !pace_.is_old(static_cast<int>(behind), p.at);
}

receiver_stats::outcome receiver_stats::suspect(const arrival_mark& p) noexcept {
    const int step = suspected_ ? seq_distance(p.seq, suspect_.seq) : 0;
    if (step != 0 && std::abs(step) <= other_numbering_step) {
        const std::int64_t distance = outage(suspect_);
        // Any packet near the suspect confirms the outage if its own distance fits.
        if (distance > 0 && (step == 1 || outage(p) == distance + step))
            return end_outage(p, distance);
    }
    if (step != 1) {
        note_other_numbering(p);
        suspect_ = p;
        suspected_ = true;
        ++rejected_;
        return outcome::rejected;
    }
    restart(p);
    begin(p);
    return outcome::restarted;
}

receiver_stats::outcome receiver_stats::end_outage(const arrival_mark& p,
                                                   std::int64_t distance) noexcept {
    suspected_ = false;
    --rejected_; // the suspect counts after all
    const int step = seq_distance(p.seq, suspect_.seq);
    const std::int64_t seq = highest_ + distance;
    receive(suspect_);
    advance(suspect_, seq);
    receive(p);
    if (step > 0) {
        advance(p, seq + step);
        return outcome::in_order;
    }
    mark_seen(seq + step);
    ++reordered_;
    max_reorder_depth_ = std::max(max_reorder_depth_, static_cast<std::uint32_t>(-step));
    return outcome::reordered;
}

// Counts a packet that is max_misorder or more behind.
bool receiver_stats::is_late(const arrival_mark& p, int behind) const noexcept {
    const std::int64_t seq = highest_ - behind;
    return behind < static_cast<int>(duplicate_window) && seq >= base_ &&
           pace_.is_from_behind(behind, p.at) && (p.at.clock_rate != 0 || !was_seen(seq));
}

receiver_stats::outcome receiver_stats::late(const arrival_mark& p, int behind) noexcept {
    suspected_ = false;
    ++received_; // the jitter does not change: its delay is not that of the path
    if (mark_seen(highest_ - behind)) {
        ++duplicates_;
        if (!note_copy(p)) return outcome::duplicate;
        // The sender restarted with the first of them, which does not count, as in every restart.
        duplicates_ -= copies_;
        --received_;
        ++rejected_;
        restart(p);
        base_ = static_cast<std::uint16_t>(copy_seq_ + 1);
        highest_ = base_ + static_cast<std::uint16_t>(p.seq - base_);
        has_transit_ = false;
        other_numbering_ = 0;
        copies_ = 0;
        pace_.begin(highest_, p.at);
        return outcome::restarted; // seen_ has the bits of the earlier numbers, which are the same
    }
    ++reordered_;
    max_reorder_depth_ = std::max(max_reorder_depth_, static_cast<std::uint32_t>(behind));
    return outcome::reordered;
}

// Adds a duplicate from far behind to the sequence of such. Returns whether they are a restart.
bool receiver_stats::note_copy(const arrival_mark& p) noexcept {
    const int step = seq_distance(p.seq, copy_.seq);
    if (copies_ > 0 && step > 0 && step <= other_numbering_step &&
        detail::went_on_together(copy_.at, p.at)) {
        ++copies_;
        copies_beside_ = copies_beside_ || copy_highest_ != highest_;
    } else {
        copies_ = 1;
        copies_beside_ = false;
        copy_seq_ = p.seq;
        copy_timestamp_ = p.at.timestamp;
    }
    copy_ = p;
    copy_highest_ = highest_;
    const auto media = static_cast<std::int32_t>(p.at.timestamp - copy_timestamp_);
    return !copies_beside_ && copies_ >= restart_copies &&
           media >= restart_seconds * p.at.clock_rate;
}

// Ends the current numbering and begins one with p.
void receiver_stats::restart(const arrival_mark& p) noexcept {
    const int from_left = seq_distance(p.seq, left_.seq);
    if (restarts_ > 0 && from_left > 0 && from_left < max_dropout_ &&
        detail::went_on_together(left_.at, p.at))
        ++collisions_;
    left_ = {static_cast<std::uint16_t>(highest_), payload_kind::unknown, pace_.newest()};
    expected_before_ = expected();
    ++restarts_;
}

// How far ahead of the highest a packet is, if an outage explains it; otherwise 0. If the distance
// without whole cycles is an ordinary gap, the rate must fit exactly: after a silence (music on
// hold, a muted microphone) the numbers continue where they were.
std::int64_t receiver_stats::outage(const arrival_mark& p) const noexcept {
    constexpr double loose = 2, exact = 1.05;
    const auto ahead = static_cast<std::uint16_t>(p.seq - static_cast<std::uint16_t>(highest_));
    return pace_.distance(ahead, p.at, ahead < max_dropout_ ? exact : loose);
}

void receiver_stats::note_other_numbering(const arrival_mark& p) noexcept {
    const int step = seq_distance(p.seq, suspect_.seq);
    const bool beside = !suspected_ && step > 0 && step <= other_numbering_step;
    other_numbering_ = beside && other_numbering_ > 0 ? other_numbering_ + 1 : 1;
    if (other_numbering_ == other_numbering_proof)
        collisions_ += other_numbering_proof;
    else if (other_numbering_ > other_numbering_proof)
        ++collisions_;
}

std::uint64_t receiver_stats::missing() const noexcept {
    // Duplicates older than the window count as new packets and may outnumber the losses.
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
        // 256 is only possible if no packet of the interval counts, which a restart can cause.
        const auto lost = static_cast<std::uint64_t>(lost_interval);
        report.fraction_lost = static_cast<std::uint8_t>(
            std::min<std::uint64_t>((lost << 8) / expected_interval, 0xff));
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
        report.delay_since_last_sr = compact_delay(detail::elapsed_ns(last_sr_arrival_, now));
    }
    return report;
}

// The first packet that counts, at the start or after a restart.
void receiver_stats::begin(const arrival_mark& p) noexcept {
    base_ = highest_ = p.seq;
    suspected_ = false;
    other_numbering_ = 0;
    copies_ = 0;
    has_transit_ = false; // the timestamps restart as well
    pace_.begin(highest_, p.at);
    seen_.fill(0);
    mark_seen(highest_);
    receive(p);
}

void receiver_stats::advance(const arrival_mark& p, std::int64_t seq) noexcept {
    if (seq - highest_ >= static_cast<std::int64_t>(duplicate_window)) {
        seen_.fill(0);
    } else {
        for (std::int64_t s = highest_ + 1; s < seq; ++s) {
            const auto bit = static_cast<std::size_t>(s) % duplicate_window;
            seen_[bit / 64] &= ~(std::uint64_t{1} << bit % 64);
        }
    }
    const auto bit = static_cast<std::size_t>(seq) % duplicate_window;
    seen_[bit / 64] |= std::uint64_t{1} << bit % 64;
    highest_ = seq;
    // The timestamps of events do not advance; those of other packets cannot be compared with them.
    if (p.kind != payload_kind::event) pace_.follow(seq, p.at);
}

// Precondition: seq is within the window.
bool receiver_stats::was_seen(std::int64_t seq) const noexcept {
    const auto bit = static_cast<std::size_t>(seq) % duplicate_window;
    return (seen_[bit / 64] >> bit % 64 & 1) != 0;
}

// Returns whether seq was seen before; always false outside the window.
bool receiver_stats::mark_seen(std::int64_t seq) noexcept {
    if (highest_ - seq >= static_cast<std::int64_t>(duplicate_window)) return false;
    const auto bit = static_cast<std::size_t>(seq) % duplicate_window;
    std::uint64_t& word = seen_[bit / 64];
    const std::uint64_t mask = std::uint64_t{1} << bit % 64;
    const bool seen = (word & mask) != 0;
    word |= mask;
    return seen;
}

void receiver_stats::receive(const arrival_mark& p) noexcept {
    ++received_;
    if (p.kind == payload_kind::event || p.kind == payload_kind::comfort_noise) return;
    if (p.at.clock_rate != jitter_clock_rate_) [[unlikely]] {
        use_clock(p.at.clock_rate);
        if (p.at.clock_rate == 0) return;
    }
    if (has_transit_) {
        if (p.kind == payload_kind::unknown && p.at.timestamp == last_timestamp_) return;
        // The difference of transit times (A.8), computed from two differences that stay small and
        // exact.
        const double advance = static_cast<std::int32_t>(p.at.timestamp - last_timestamp_);
        const double difference = std::abs(
            static_cast<double>(detail::elapsed_ns(last_arrival_, p.at.arrival)) * units_per_ns_ -
            advance);
        const double jump = detail::timestamp_jump_seconds * jitter_clock_rate_;
        if (std::abs(advance) < jump || difference < jump) [[likely]] {
            jitter_ += (difference - jitter_) / 16;
            max_jitter_ = std::max(max_jitter_, jitter_);
            jitter_sum_ += jitter_;
            ++jitter_count_;
        }
    }
    has_transit_ = true;
    last_arrival_ = p.at.arrival;
    last_timestamp_ = p.at.timestamp;
}

// Converts the jitter to units of another clock. No-op for an unknown clock rate.
void receiver_stats::use_clock(std::uint32_t rate) noexcept {
    has_transit_ = false;
    if (rate == 0) return;
    const double scale = static_cast<double>(rate) / jitter_clock_rate_;
    jitter_ *= scale;
    max_jitter_ *= scale;
    jitter_sum_ *= scale;
    jitter_clock_rate_ = rate;
    units_per_ns_ = rate / 1e9;
    ms_per_unit_ = 1e3 / rate;
}

} // namespace rtpsynth
