#include "rtp_stream.hpp"

#include <rtpsynth/payload_type.hpp>

#include <algorithm>
#include <new>
#include <utility>

namespace replay {
namespace {

// Offline there is no harm in waiting long for a late packet: as far back as a duplicate is told
// from one exactly.
constexpr rtpsynth::receiver_stats_options reception_limits{
    .min_sequential = 0, // the stream finder has validated already
    .max_dropout = 3000,
    .max_misorder = rtpsynth::receiver_stats::duplicate_window};

constexpr std::uint8_t first_dynamic_type = 96; // RFC 3551 §6

/// RFC 4733 §2.3: event, E and R bits and volume, duration. R is always 0.
bool looks_like_event(std::span<const std::uint8_t> payload) {
    return payload.size() == 4 && (payload[1] & 0x40) == 0;
}

} // namespace

std::string payload_use::name() const {
    if (const auto* profile = rtpsynth::static_profile(type)) return profile->encoding_name;
    if (only_events) return "telephone-event";
    return "PT " + std::to_string(type);
}

/// The buffer's sink.
struct rtp_stream::player {
    using frame = rtpsynth::jitter_buffer<datagram>::frame;

    rtp_stream& stream;

    void operator()(frame&& f) const {
        if (stream.listener_) stream.listener_->play(f.packet, f.arrival);
    }
    void operator()(const rtpsynth::erasure& gap) const {
        if (stream.listener_) stream.listener_->erased(gap);
    }
    void operator()(rtpsynth::drop_reason, frame&&) const {}
};

rtp_stream::rtp_stream(const stream_key& key, std::uint32_t clock_rate,
                       const rtpsynth::jitter_buffer_options& options, playout_listener* listener)
    : key_(key),
      clock_rate_(clock_rate),
      stats_(clock_rate, reception_limits),
      buffer_(options),
      listener_(listener) {}

void rtp_stream::receive(rtpsynth::rtp_packet_view packet, rtpsynth::time_point arrival) {
    if (packets() == 0) first_arrival_ = arrival;
    last_arrival_ = arrival;
    count_payload(packet);
    stats_.update(packet, arrival);
    // Nothing came in between, so what fell due since the last packet leaves in the same order now.
    buffer_.expire(arrival, player{*this});
    datagram bytes;
    if (listener_) {
        bytes.assign(packet.datagram().begin(), packet.datagram().end());
        packet = rtpsynth::rtp_packet_view::parse(bytes).value(); // it has parsed before
    }
    if (!buffer_.insert(packet, std::move(bytes), arrival, player{*this})) throw std::bad_alloc();
}

void rtp_stream::finish() { buffer_.flush(player{*this}); }

void rtp_stream::count_payload(const rtpsynth::rtp_packet_view& packet) {
    const std::uint8_t type = packet.payload_type();
    auto use = std::ranges::find(payloads_, type, &payload_use::type);
    if (use == payloads_.end())
        use = payloads_.insert(use, payload_use{type, 0, type >= first_dynamic_type});
    ++use->packets;
    use->only_events = use->only_events && looks_like_event(packet.payload());
}

} // namespace replay
