#include "answers/answer_log.hpp"

#include <rtpsynth/rtp/payload_type.hpp>
#include <rtpsynth/rtp/sequence.hpp>

#include <algorithm>
#include <chrono>
#include <cstdlib>

namespace load {
namespace {

using namespace std::chrono_literals;

constexpr int proof_distance = 100;              // RFC 3550 A.1, MAX_MISORDER
constexpr std::uint32_t any_clock_rate = 8000;   // to count packets of an unknown clock rate
constexpr rtpsynth::duration longest_jump = 10s; // of timestamps against arrival times
constexpr std::int64_t most_units = std::int64_t{1} << 45;

constexpr rtpsynth::receiver_stats_options proven{.min_sequential = 0};

std::uint32_t clock_rate_of(std::uint8_t payload_type) noexcept {
    const rtpsynth::rtp_profile* const profile = rtpsynth::static_profile(payload_type);
    return profile ? static_cast<std::uint32_t>(profile->clock_rate) : 0;
}

} // namespace

answer_log::source::source(std::uint32_t ssrc, std::uint8_t payload_type, rtpsynth::duration delay)
    : ssrc_(ssrc),
      clock_rate_(clock_rate_of(payload_type)),
      stats_(clock_rate_ != 0 ? clock_rate_ : any_clock_rate, proven),
      clock_(delay) {}

rtpsynth::duration answer_log::source::media_time(std::int64_t units) const noexcept {
    if (clock_rate_ == 0) return {};
    const std::int64_t rate = clock_rate_;
    return std::chrono::seconds(units / rate) +
           rtpsynth::duration{units % rate * std::nano::den / rate};
}

void answer_log::source::begin(std::int64_t number, std::uint32_t timestamp,
                               rtpsynth::time_point arrival) noexcept {
    begun_ = true;
    highest_ = number;
    first_arrival_ = last_arrival_ = arrival;
    last_timestamp_ = timestamp;
    units_ = furthest_units_ = 0;
}

/// \p end is one past the segment's last tick.
void answer_log::source::end_segment(std::int64_t end) noexcept {
    if (!begun_) return;
    const auto took = last_arrival_ - first_arrival_;
    media_ += clock_rate_ != 0 ? std::min(media_time(furthest_units_), took + longest_jump) : took;
    clock_.stop(end);
}

/// Whether timestamps start anew while numbers continue.
bool answer_log::source::jumps(std::uint32_t timestamp,
                               rtpsynth::time_point arrival) const noexcept {
    const auto step = media_time(static_cast<std::int32_t>(timestamp - last_timestamp_));
    const auto difference = step - (arrival - last_arrival_);
    return difference > longest_jump || difference < -longest_jump || std::abs(units_) > most_units;
}

void answer_log::source::take(std::uint16_t seq, std::uint32_t timestamp,
                              rtpsynth::time_point arrival) {
    using outcome = rtpsynth::receiver_stats::outcome;
    const outcome what = stats_.update(seq, timestamp, arrival);
    if (what == outcome::rejected) {
        suspect_timestamp_ = timestamp;
        suspect_arrival_ = arrival;
    }
    if (what != outcome::in_order && what != outcome::reordered && what != outcome::restarted)
        return;
    const auto number =
        rtpsynth::unwrap_seq(seq, static_cast<std::int64_t>(stats_.extended_highest_seq()));
    if (what == outcome::restarted) {
        end_segment(highest_ + 1);
        begin(number - 1, suspect_timestamp_, suspect_arrival_);
        play(number - 1, suspect_timestamp_, suspect_arrival_);
    } else if (!begun_ || jumps(timestamp, arrival)) {
        end_segment(number);
        begin(number, timestamp, arrival);
    }
    play(number, timestamp, arrival);
}

void answer_log::source::play(std::int64_t number, std::uint32_t timestamp,
                              rtpsynth::time_point arrival) noexcept {
    units_ += static_cast<std::int32_t>(timestamp - last_timestamp_);
    last_timestamp_ = timestamp;
    last_arrival_ = arrival;
    highest_ = std::max(highest_, number);
    furthest_units_ = std::max(furthest_units_, units_);
    if (clock_rate_ != 0) clock_.arrive(number, media_time(units_), arrival);
}

void answer_log::source::add_to(answer_totals& totals) {
    end_segment(highest_ + 1);
    ++totals.sources;
    totals.received += stats_.received() + stats_.rejected();
    totals.unique += stats_.unique();
    totals.missing += stats_.missing();
    totals.duplicates += stats_.duplicates();
    totals.reordered += stats_.reordered();
    totals.restarts += stats_.restarts();
    totals.media += media_;
    if (clock_rate_ == 0) return;
    ++totals.timed;
    totals.played += clock_.played();
    totals.late += clock_.late();
    totals.concealed += clock_.concealed();
    totals.mean_jitter_ms += stats_.mean_jitter_ms(); // a sum until the end
    totals.max_jitter_ms = std::max(totals.max_jitter_ms, stats_.max_jitter_ms());
}

answer_log::source* answer_log::find(std::uint32_t ssrc) noexcept {
    const auto found = std::find_if(sources_.begin(), sources_.end(),
                                    [&](const source& s) { return s.ssrc() == ssrc; });
    return found != sources_.end() ? &*found : nullptr;
}

void answer_log::take(const rtpsynth::rtp_packet_view& packet, rtpsynth::time_point arrival) {
    if (source* const known = find(packet.ssrc())) {
        known->take(packet.seq(), packet.timestamp(), arrival);
        return;
    }
    for (candidate& c : candidates_) {
        if (c.copies == 0 || c.ssrc != packet.ssrc()) continue;
        const int distance = rtpsynth::seq_distance(packet.seq(), c.seq);
        if (distance == 0) {
            ++c.copies;
        } else if (std::abs(distance) >= proof_distance || sources_.size() == most_sources) {
            strays_ += c.copies;
            c = {packet.ssrc(), packet.seq(), packet.timestamp(), arrival, 1};
        } else {
            source& proved = sources_.emplace_back(c.ssrc, packet.payload_type(), delay_);
            for (; c.copies != 0; --c.copies) proved.take(c.seq, c.timestamp, c.arrival);
            proved.take(packet.seq(), packet.timestamp(), arrival);
        }
        return;
    }
    candidate& c = candidates_[next_candidate_++ % candidates_.size()];
    strays_ += c.copies;
    c = {packet.ssrc(), packet.seq(), packet.timestamp(), arrival, 1};
}

answer_totals answer_log::finish() {
    answer_totals totals;
    for (source& s : sources_) s.add_to(totals);
    if (totals.timed != 0) totals.mean_jitter_ms /= static_cast<double>(totals.timed);
    totals.strays = strays_;
    for (const candidate& c : candidates_) totals.strays += c.copies;
    return totals;
}

} // namespace load
