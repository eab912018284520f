#include <rtpsynth/rtp/stream_rewriter.hpp>

#include <rtpsynth/base/detail/byte_order.hpp>
#include <rtpsynth/rtp/sequence.hpp>

#include <algorithm>
#include <stdexcept>

namespace rtpsynth {
namespace {

// Packets of a previous source are late if they come within this time of each other, or are at most
// most_overtaken numbers behind its highest one.
constexpr duration longest_late = std::chrono::seconds{1};
constexpr int most_overtaken = 100;

// No probation: the first packet of a source counts.
constexpr receiver_stats_options source_options{.min_sequential = 1};

// RFC 4733 §2.3: event, flags and volume, duration.
std::uint32_t event_duration(std::span<const std::uint8_t> payload) noexcept {
    return payload.size() < 4 ? 0U : detail::load_be16(&payload[2]);
}

} // namespace

stream_rewriter::stream_rewriter(std::uint32_t clock_rate, const stream_origin& origin,
                                 const options& opts)
    : clock_rate_(clock_rate),
      origin_(origin),
      numbers_(origin.seq),
      source_(std::max(clock_rate, 1U), source_options),
      forward_bye_(opts.forward_bye),
      cname_(opts.cname) {
    if (clock_rate == 0) {
        throw std::invalid_argument("rtpsynth::stream_rewriter: clock_rate must be at least 1 Hz");
    }
    if (cname_.size() > 255) {
        throw std::invalid_argument("rtpsynth::stream_rewriter: cname must be at most 255 bytes");
    }
    for (std::size_t i = 0; i < rules_.size(); ++i) {
        const auto type = static_cast<std::uint8_t>(i);
        const auto to = opts.payload_types[type];
        const payload_format format = opts.formats[type];
        rules_[i] = {format.clock_rate != 0 ? format.clock_rate : clock_rate, to.value_or(0),
                     to.has_value(), format.kind};
    }
}

stream_rewriter::outcome stream_rewriter::rewrite(std::span<std::uint8_t> packet,
                                                  time_point arrival) noexcept {
    rtp_packet_view view;
    if (view.assign(packet.data(), packet.size()) != errc{}) [[unlikely]] {
        ++stats_.malformed;
        return outcome::malformed;
    }
    if (view.ssrc() != source_ssrc_ || !has_source_ || is_asked_) [[unlikely]] {
        if (!take_over(view, arrival)) {
            ++stats_.late;
            return outcome::late;
        }
    }
    last_arrival_ = arrival;
    const payload_rule& rule = rules_[view.payload_type()];
    detail::timestamp_map& clock = clock_of(rule);
    const auto before = static_cast<std::int64_t>(source_.extended_highest_seq());
    const auto received = source_.update(view, arrival, {clock.clock_rate(), rule.kind});
    if (received == receiver_stats::outcome::rejected) [[unlikely]] {
        ++stats_.rejected;
        return outcome::rejected;
    }
    const auto highest = static_cast<std::int64_t>(source_.extended_highest_seq());
    const std::int64_t number = unwrap_seq(view.seq(), highest);
    if (received == receiver_stats::outcome::restarted || is_beginning_) [[unlikely]]
        begin_segment(number);
    if (!rule.mapped) [[unlikely]] {
        numbers_.drop(number);
        ++stats_.unmapped;
        return outcome::unmapped;
    }
    const bool is_newest = number == highest && received == receiver_stats::outcome::in_order;
    const bool is_event = rule.kind == payload_kind::event;
    if (is_newest && clock.is_aligned() && !is_event && clock.jumps(view.timestamp(), arrival))
        [[unlikely]]
        begin_segment(number);
    if (is_silent_) [[unlikely]]
        numbers_.begin(number); // a gap before the first forwarded packet is not a loss
    const auto out = numbers_.pass(number);
    if (!out) [[unlikely]] {
        ++stats_.overtaken;
        return outcome::overtaken;
    }
    const std::uint32_t covered = is_event ? event_duration(view.payload()) : 0;
    if (!clock.is_aligned()) [[unlikely]]
        clock.align(view.timestamp(), covered, arrival);
    else if (is_newest)
        clock.follow(view.timestamp(), covered, arrival, number == before + 1);
    bool marker = view.marker();
    if (rule.kind == payload_kind::media || rule.kind == payload_kind::unknown) {
        media_clock_ = clock_;
        marker |= is_unmarked_;
        is_unmarked_ = false;
    }

    std::uint8_t* const p = packet.data();
    p[1] = static_cast<std::uint8_t>(rule.to | (marker ? 0x80 : 0));
    detail::store_be16(p + 2, static_cast<std::uint16_t>(*out));
    detail::store_be_whole(p + 4, clock.to_output(view.timestamp()));
    detail::store_be_whole(p + 8, origin_.ssrc);
    ++stats_.forwarded;
    stats_.octets += view.payload().size();
    if (is_silent_) [[unlikely]] {
        is_silent_ = false;
        ++stats_.switches;
        return outcome::switched;
    }
    return outcome::forwarded;
}

// Makes the source of the packet the current one. Returns false if the packet is a late one of a
// previous source.
bool stream_rewriter::take_over(const rtp_packet_view& packet, time_point arrival) noexcept {
    const bool is_other = packet.ssrc() != source_ssrc_;
    if (!has_source_) {
        begun_at_ = arrival;
    } else if (is_other) {
        if (!is_asked_ && !may_take_over(packet, arrival)) return false;
        former_source* left = find_former(packet.ssrc()); // it becomes the current source
        if (!left) {
            left = &formers_[next_former_];
            next_former_ = (next_former_ + 1) % max_formers;
        }
        *left = {source_ssrc_, static_cast<std::uint16_t>(source_.extended_highest_seq()), true,
                 last_arrival_};
    }
    if (is_other) sender_reports_.fill(0);
    has_source_ = true;
    is_asked_ = false;
    source_ssrc_ = packet.ssrc();
    source_ = receiver_stats(clock_rate_, source_options);
    challenger_ = {};
    is_beginning_ = true;
    return true;
}

bool stream_rewriter::may_take_over(const rtp_packet_view& packet, time_point arrival) noexcept {
    former_source* const former = find_former(packet.ssrc());
    if (!former) return true;
    const auto silence = detail::elapsed_ns(former->last_arrival, arrival);
    former->last_arrival = arrival;
    const int ahead = seq_distance(packet.seq(), former->highest);
    if (ahead > 0 && silence >= longest_late.count()) return true;
    if (ahead <= 0 && ahead > -most_overtaken) return false;
    const challenger before = challenger_;
    challenger_ = {packet.ssrc(), packet.seq(), source_packets()};
    return before.packets == challenger_.packets && before.ssrc == packet.ssrc() &&
           packet.seq() == static_cast<std::uint16_t>(before.seq + 1);
}

stream_rewriter::former_source* stream_rewriter::find_former(std::uint32_t ssrc) noexcept {
    const auto found = std::find_if(formers_.begin(), formers_.end(), [ssrc](const auto& former) {
        return former.used && former.ssrc == ssrc;
    });
    return found == formers_.end() ? nullptr : &*found;
}

void stream_rewriter::begin_segment(std::int64_t number) noexcept {
    numbers_.begin(number);
    for (detail::timestamp_map& clock : clocks_) clock.end_segment();
    is_beginning_ = false;
    is_silent_ = is_unmarked_ = true;
    lost_before_ = lost_reported_;
    has_reported_ = false;
}

detail::timestamp_map& stream_rewriter::clock_of(const payload_rule& rule) noexcept {
    detail::timestamp_map& media = clocks_[media_clock_];
    if (rule.kind == payload_kind::comfort_noise && media.clock_rate() != 0) {
        clock_ = media_clock_;
        return media;
    }
    detail::timestamp_map& latest = clocks_[clock_];
    if (latest.clock_rate() == rule.clock_rate) [[likely]]
        return latest;
    return other_clock(rule.clock_rate);
}

detail::timestamp_map& stream_rewriter::other_clock(std::uint32_t clock_rate) noexcept {
    const auto found = std::find_if(clocks_.begin(), clocks_.end(), [=](const auto& clock) {
        return clock.clock_rate() == clock_rate;
    });
    if (found != clocks_.end()) {
        clock_ = static_cast<std::uint8_t>(found - clocks_.begin());
        return *found;
    }
    clock_ = static_cast<std::uint8_t>(next_clock_);
    next_clock_ = (next_clock_ + 1) % max_clocks;
    detail::timestamp_map& clock = clocks_[clock_];
    clock = detail::timestamp_map(clock_rate, origin_.timestamp, begun_at_);
    return clock;
}

} // namespace rtpsynth
