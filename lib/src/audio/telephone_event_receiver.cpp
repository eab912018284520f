#include <rtpsynth/audio/telephone_event_receiver.hpp>

#include <rtpsynth/rtp/sequence.hpp>

#include <algorithm>
#include <stdexcept>

namespace rtpsynth {
namespace {

using namespace std::chrono_literals;

// The timestamp of a segment minus that of the previous segment.
constexpr std::uint32_t segment = 0xffff;
// For senders that change the timestamp within an event: the largest step from packet to packet.
constexpr duration longest_tick = 30ms;
// How many times the final packet of an event is sent.
constexpr int end_packets = 3;
// Packets without a marker that are at most this many numbers apart leave no room for the ends of
// one press and the beginning of the next.
constexpr int one_press = end_packets + 1;
// With a constant duration, this many packets of such a sender are more likely one press.
constexpr int likely_one_press = one_press + 2;
// The duration in the last of the final packets can be two ticks old.
constexpr duration end_lag = 2 * longest_tick;
// The longest time by which a packet is late.
constexpr duration latest_packet = 5s;
// A packet of an ended press is not later than this if it has a shorter duration.
constexpr duration reuse_after = 500ms;

// Signed distance a - b: positive when a comes after b.
constexpr std::int32_t distance(std::uint32_t a, std::uint32_t b) noexcept {
    return static_cast<std::int32_t>(a - b);
}

} // namespace

telephone_event_receiver::telephone_event_receiver(std::uint32_t clock_rate)
    : clock_rate_(clock_rate) {
    if (clock_rate == 0) throw std::invalid_argument("clock_rate must be at least 1 Hz");
}

std::int64_t telephone_event_receiver::units(duration d) const noexcept {
    return d / 1ms * clock_rate_ / 1000;
}

telephone_event_changes telephone_event_receiver::receive(std::uint16_t seq,
                                                          std::uint32_t timestamp, bool marker,
                                                          const telephone_event& event,
                                                          time_point now) noexcept {
    telephone_event_changes out = expire(now);
    const report r{seq, timestamp, marker, event, now};
    const std::int32_t ahead = distance(timestamp, latest_.last_timestamp);
    const bool is_new = !started_ || reuses_timestamp(latest_, r);
    if (!is_new && belongs(latest_, r)) {
        go_on(r, out);
    } else if (is_new || ahead > 0 || (ahead == 0 && !is_known(r))) {
        begin(r, out);
    } else if (ahead < -units(latest_packet) || now - latest_.last_arrival > latest_packet) {
        remembered_ = 0; // the timestamps have a new origin
        begin(r, out);
    } else if (!is_known(r) && !is_older_than_all(r)) {
        late(r, out);
    }
    return out;
}

telephone_event_changes telephone_event_receiver::expire(time_point now) noexcept {
    if (const auto end_at = deadline(); end_at && now >= *end_at) return finish();
    return {};
}

telephone_event_changes telephone_event_receiver::finish() noexcept {
    telephone_event_changes out;
    if (going_on_) end(out);
    return out;
}

std::optional<time_point> telephone_event_receiver::deadline() const noexcept {
    if (!going_on_) return std::nullopt;
    return latest_.last_arrival + end_timeout;
}

std::optional<std::uint8_t> telephone_event_receiver::pressed() const noexcept {
    if (!going_on_) return std::nullopt;
    return latest_.event;
}

bool telephone_event_receiver::reuses_timestamp(const press& p, const report& r) const noexcept {
    return !going_on_ && p.event == r.event.event && p.last_timestamp == r.timestamp &&
           r.event.duration < p.last_duration && r.arrival - p.last_arrival >= reuse_after;
}

bool telephone_event_receiver::belongs(const press& p, const report& r) const noexcept {
    if (r.event.event != p.event) return false;
    const std::int32_t from_first = distance(r.timestamp, p.first_timestamp);
    const std::int32_t from_last = distance(r.timestamp, p.last_timestamp);
    if (from_first >= 0 && from_last <= 0) return true;
    if (from_last > 0) return continues(p, r);
    // The packet was overtaken by the next packet, or the next segment.
    const std::uint32_t before = p.first_timestamp - r.timestamp;
    return before == segment ||
           (!r.event.end && seq_distance(p.first_seq, r.seq) == 1 && before <= units(longest_tick));
}

// Whether a timestamp after the last one of p continues p.
bool telephone_event_receiver::continues(const press& p, const report& r) const noexcept {
    const std::uint32_t step = r.timestamp - p.last_timestamp;
    const int packets = seq_distance(r.seq, p.last_seq);
    const bool close = packets > 0 && step <= packets * units(longest_tick);
    const std::int64_t counted = std::int64_t{r.event.duration} - p.last_duration;
    if (p.end_seen)
        return r.event.end && close && packets < end_packets && (counted == 0 || counted == step);
    // The next segment, or the one after it if the next was lost completely.
    if (step == segment || step == 2 * segment) return true;
    if (r.marker) return packets == 1 && step < p.last_duration;
    if (counts_from_start_) return counted >= 0 && counts_on(p, r, step, packets);
    if (step < p.last_duration) return true;
    if (packets == 1) return step - p.last_duration <= units(longest_tick);
    if (!close) return false;
    if (counted > 0 && counts_on(p, r, step, packets)) return true;
    const bool constant =
        counted == 0 &&
        (p.last_duration == 0 || step == p.last_duration * static_cast<std::uint32_t>(packets));
    if (moves_timestamp_) return packets <= (constant ? likely_one_press : one_press);
    return constant && packets <= one_press;
}

// Whether the duration, which has grown, counts from the start of p while the timestamp changes.
bool telephone_event_receiver::counts_on(const press& p, const report& r, std::uint32_t step,
                                         int packets) const noexcept {
    const auto counted = static_cast<std::uint32_t>(r.event.duration - p.last_duration);
    if (counted == step) {
        // In a later press, timestamp and duration together would have advanced by the time that
        // has passed.
        return packets <= one_press || units(r.arrival - p.last_arrival) < step + step / 2;
    }
    // For a sender that is not known to change it, if there is no room for another press.
    return (moves_timestamp_ || packets < one_press) && r.event.end && counted < step &&
           step - counted <= units(end_lag);
}

bool telephone_event_receiver::is_known(const report& r) const noexcept {
    const auto known =
        earlier_.begin() + static_cast<std::ptrdiff_t>(std::min(remembered_, earlier_.size()));
    return std::any_of(earlier_.begin(), known, [&](const press& p) { return belongs(p, r); });
}

bool telephone_event_receiver::is_older_than_all(const report& r) const noexcept {
    if (remembered_ < earlier_.size()) return false;
    return std::all_of(earlier_.begin(), earlier_.end(), [&](const press& p) {
        return distance(r.timestamp, p.first_timestamp) < 0;
    });
}

void telephone_event_receiver::begin(const report& r, telephone_event_changes& out) noexcept {
    if (going_on_) end(out);
    if (started_) remember(latest_);
    started_ = true;
    going_on_ = true;
    latest_ = press_of(r);
    add(out, telephone_event_change::kind::began, latest_);
    if (r.event.end) end(out);
}

void telephone_event_receiver::go_on(const report& r, telephone_event_changes& out) noexcept {
    press& p = latest_;
    const std::int32_t step = distance(r.timestamp, p.last_timestamp);
    if (step > 0) {
        const int counted = r.event.duration - p.last_duration;
        if (counted == step || !r.event.end) counts_from_start_ = counted == step;
        moves_timestamp_ = moves_timestamp_ || static_cast<std::uint32_t>(step) % segment != 0;
        p.last_timestamp = r.timestamp;
        p.last_duration = r.event.duration;
        if (!p.end_seen) p.last_seq = r.seq;
    } else if (step == 0) {
        p.last_duration = std::max(p.last_duration, r.event.duration);
        if (!p.end_seen && seq_distance(r.seq, p.last_seq) > 0) p.last_seq = r.seq;
    }
    if (distance(r.timestamp, p.first_timestamp) < 0) {
        p.length += p.first_timestamp - r.timestamp;
        p.first_timestamp = r.timestamp;
    }
    if (seq_distance(r.seq, p.first_seq) < 0) p.first_seq = r.seq;
    p.last_arrival = r.arrival;
    p.end_seen = p.end_seen || r.event.end;
    if (!going_on_) return;
    // A sender that changes the timestamp may send the duration since the start.
    const std::uint32_t offset = r.timestamp - p.first_timestamp;
    p.length = std::max(p.length,
                        r.event.duration > offset ? r.event.duration : offset + r.event.duration);
    if (r.event.end) end(out);
}

void telephone_event_receiver::end(telephone_event_changes& out) noexcept {
    going_on_ = false;
    add(out, telephone_event_change::kind::ended, latest_);
}

void telephone_event_receiver::late(const report& r, telephone_event_changes& out) noexcept {
    const press p = press_of(r);
    add(out, telephone_event_change::kind::began, p);
    add(out, telephone_event_change::kind::ended, p);
    remember(p);
}

telephone_event_receiver::press telephone_event_receiver::press_of(const report& r) noexcept {
    return {.first_timestamp = r.timestamp,
            .last_timestamp = r.timestamp,
            .length = r.event.duration,
            .first_seq = r.seq,
            .last_seq = r.seq,
            .last_duration = r.event.duration,
            .event = r.event.event,
            .end_seen = r.event.end,
            .last_arrival = r.arrival};
}

void telephone_event_receiver::remember(const press& p) noexcept {
    earlier_[remembered_++ % earlier_.size()] = p;
}

void telephone_event_receiver::add(telephone_event_changes& out, telephone_event_change::kind what,
                                   const press& p) const noexcept {
    telephone_event_change& change = out.changes_[out.size_++];
    change = {what, p.event, p.first_timestamp, duration{}};
    if (what == telephone_event_change::kind::ended)
        change.length = duration{
            static_cast<std::int64_t>(std::uint64_t{p.length} * 1'000'000'000 / clock_rate_)};
}

} // namespace rtpsynth
