#include <rtpsynth/audio/telephone_event_sender.hpp>

#include <rtpsynth/base/detail/byte_order.hpp>

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <utility>

namespace rtpsynth {
namespace {

constexpr std::uint64_t max_segment = 0xffff;
constexpr duration longest_timing = std::chrono::hours{1};

bool in_range(const digit_timing& t, bool held) noexcept {
    const bool on = held || (t.on > duration{} && t.on <= longest_timing);
    return on && t.off >= duration{} && t.off <= longest_timing && t.volume <= 63;
}

} // namespace

telephone_event_sender::telephone_event_sender(std::uint32_t clock_rate) : clock_rate_(clock_rate) {
    if (clock_rate == 0) throw std::invalid_argument("clock_rate must be at least 1 Hz");
}

// Rounds up, so that no event is shorter than a unit; at most 2^32 * 3600.
std::uint64_t telephone_event_sender::units_of(duration d) const noexcept {
    constexpr std::uint64_t second = 1'000'000'000;
    const auto ns = static_cast<std::uint64_t>(d.count());
    return ns / second * clock_rate_ + (ns % second * clock_rate_ + second - 1) / second;
}

errc telephone_event_sender::put(std::uint8_t event, const digit_timing& timing,
                                 bool held) noexcept {
    if (!in_range(timing, held)) return errc::invalid_argument;
    if (queued_ == max_queued) return errc::buffer_too_small;
    queue_[(front_ + queued_++) % max_queued] = {held ? 0 : units_of(timing.on),
                                                 units_of(timing.off), event, timing.volume, held};
    return {};
}

result<void> telephone_event_sender::queue(std::string_view digits,
                                           const digit_timing& timing) noexcept {
    const auto known = [](char digit) { return event_of(digit).has_value(); };
    if (!in_range(timing, false) || !std::all_of(digits.begin(), digits.end(), known))
        return errc::invalid_argument;
    if (digits.size() > max_queued - queued_) return errc::buffer_too_small;
    for (const char digit : digits) put(*event_of(digit), timing, false);
    return {};
}

result<void> telephone_event_sender::queue_event(std::uint8_t event,
                                                 const digit_timing& timing) noexcept {
    if (const errc e = put(event, timing, false); e != errc{}) return e;
    return {};
}

result<void> telephone_event_sender::press(std::uint8_t event,
                                           const digit_timing& timing) noexcept {
    if (const errc e = put(event, timing, true); e != errc{}) return e;
    return {};
}

void telephone_event_sender::release() noexcept {
    // An event of press() lasts as long as it has been sent.
    for (std::size_t i = queued_; i != 0; --i) {
        entry& waiting = queue_[(front_ + i - 1) % max_queued];
        if (std::exchange(waiting.held, false)) return;
    }
    current_.held = false;
}

void telephone_event_sender::clear() noexcept {
    queued_ = 0;
    current_.held = false;
    current_.on = 0;
}

telephone_event_packet telephone_event_sender::repeat(int times) noexcept {
    repeats_ = times;
    telephone_event_packet packet = last_;
    last_.marker = false;
    return packet;
}

telephone_event_packet telephone_event_sender::go_on(std::uint32_t units, bool first) noexcept {
    // An event that is not held and has no length was released before this tick.
    const std::uint64_t covered = elapsed_ + units;
    std::uint64_t end = current_.on;
    if (current_.held)
        end = std::numeric_limits<std::uint64_t>::max();
    else if (end == 0)
        end = elapsed_ > segment_ ? elapsed_ : covered;
    const std::uint64_t length = std::max(std::min(covered, end), segment_) - segment_;

    telephone_event_packet packet;
    packet.marker = first;
    packet.timestamp = segment_start_;
    packet.event = {current_.event, false, current_.volume,
                    static_cast<std::uint16_t>(std::min(length, max_segment))};
    if (length > max_segment) {
        segment_ += max_segment;
        segment_start_ += max_segment;
    } else if (covered >= end) {
        packet.event.end = true;
        going_on_ = false;
        pause_over_ = end + current_.off;
    } else {
        return packet;
    }
    last_ = packet;
    return repeat(end_packets - 1);
}

std::optional<telephone_event_packet> telephone_event_sender::next(std::uint32_t timestamp,
                                                                   std::uint32_t units) noexcept {
    elapsed_ += timestamp - tick_;
    tick_ = timestamp;
    if (repeats_ > 0) return repeat(repeats_ - 1);
    if (going_on_) return go_on(units, false);
    if (queued_ == 0 || elapsed_ < pause_over_) return std::nullopt;
    current_ = queue_[front_];
    front_ = (front_ + 1) % max_queued;
    --queued_;
    going_on_ = true;
    elapsed_ = 0;
    segment_ = 0;
    segment_start_ = timestamp;
    return go_on(units, true);
}

result<std::size_t> telephone_event_sender::write(packet_synth& synth, time_point now,
                                                  std::uint8_t payload_type,
                                                  std::span<std::uint8_t> out) noexcept {
    const packet_format format{telephone_event_size, payload_type};
    if (!format.valid() || synth.clock_rate() != clock_rate_) return errc::invalid_argument;
    if (out.size() < format.packet_size()) return errc::buffer_too_small;
    const std::uint32_t timestamp = synth.next_position().timestamp;
    packet_synth after = synth;
    after.skip(1);
    const auto packet = next(timestamp, after.next_position().timestamp - timestamp);
    if (!packet) return std::size_t{0};
    const bool audio_marker = synth.set_marker(packet->marker);
    const auto size = synth.stamp(now, format, out);
    synth.set_marker(audio_marker);
    detail::store_be32(out.data() + 4, packet->timestamp);
    packet->event.store(out.subspan(rtp_header_size).first<telephone_event_size>());
    return size;
}

} // namespace rtpsynth
