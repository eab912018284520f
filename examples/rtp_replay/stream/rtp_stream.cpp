#include "stream/rtp_stream.hpp"

#include <algorithm>
#include <new>
#include <utility>

namespace replay {
namespace {

constexpr std::uint32_t placeholder_rate = 8000; // each packet is passed with its own format

// The stream finder has validated the source. Statistics and buffer share the limits of RFC 3550
// A.1, so that both recognise a sender that restarts behind its old numbers and timestamps.
constexpr rtpsynth::receiver_stats_options reception_limits{.min_sequential = 0};

rtpsynth::jitter_buffer_options with_limits(rtpsynth::jitter_buffer_options options) {
    options.max_misorder = reception_limits.max_misorder - 1; // the buffer's limit is inclusive
    return options;
}

} // namespace

/// The buffer's sink.
struct rtp_stream::player {
    using frame = rtpsynth::jitter_buffer<datagram>::frame;

    rtp_stream& stream;

    void operator()(frame&& f) const {
        stream.quality_.received();
        if (stream.listener_) stream.listener_->play(f.packet, f.arrival);
    }
    void operator()(const rtpsynth::erasure& gap) const {
        if (!gap.restart)
            stream.quality_.lost(static_cast<std::uint64_t>(gap.lseq_end - gap.lseq_start) + 1);
        if (stream.listener_) stream.listener_->erased(gap);
    }
    void operator()(rtpsynth::drop_reason, frame&&) const {}
};

rtp_stream::rtp_stream(const stream_key& key, const payload_resolver& resolver,
                       const rtpsynth::jitter_buffer_options& options, playout_listener* listener)
    : key_(key),
      resolver_(&resolver),
      version_(resolver.directory.version()),
      stats_(placeholder_rate, reception_limits),
      buffer_(with_limits(options)),
      listener_(listener) {}

void rtp_stream::receive(const rtp_input& input, rtpsynth::time_point arrival) {
    rtpsynth::rtp_packet_view packet = input.packet;
    if (arrived() == 0) {
        first_arrival_ = arrival;
        told_secure_ = resolver_->is_secure(key_.source, key_.destination, arrival);
    } else if (version_ != resolver_->directory.version()) {
        describe_again(arrival);
    }
    if (arrived() != 0) max_delta_ = std::max(max_delta_, arrival - last_arrival_);
    last_arrival_ = arrival;
    last_timestamp_ = packet.timestamp();
    last_type_ = packet.payload_type();
    check_padding(input);
    payload_use& use = use_of(packet.payload_type(), arrival);
    ++use.packets;
    if (input.state == rtp_state::whole) use.events.add(packet);
    measure(use, input, arrival);
    stats_.update(packet, arrival, use.format);
    // Expires what fell due since the last packet; the order is the same as if done on time.
    buffer_.expire(arrival, player{*this});
    datagram bytes;
    if (listener_) {
        if (input.state == rtp_state::whole) listener_->arrived(packet, use, arrival);
        bytes.assign(packet.datagram().begin(), packet.datagram().end());
        packet = rtpsynth::rtp_packet_view::parse(bytes).value(); // was valid before
    }
    if (!buffer_.insert(packet, std::move(bytes), arrival, player{*this})) throw std::bad_alloc();
}

void rtp_stream::finish() {
    if (version_ != resolver_->directory.version()) describe_again(last_arrival_);
    buffer_.flush(player{*this});
    listener_ = nullptr;
}

bool rtp_stream::is_continued_by(const rtpsynth::rtp_packet_view& packet) const {
    constexpr std::int32_t longest_packet = 0x1'0000; // in timestamp units
    const auto advance = static_cast<std::int32_t>(packet.timestamp() - last_timestamp_);
    return packet.seq() == static_cast<std::uint16_t>(stats_.extended_highest_seq() + 1) &&
           packet.payload_type() == last_type_ && advance > 0 && advance <= longest_packet;
}

payload_use& rtp_stream::use_of(std::uint8_t type, rtpsynth::time_point arrival) {
    const auto found = std::ranges::find(payloads_, type, &payload_use::type);
    if (found != payloads_.end()) return *found;
    payload_use& use = payloads_.emplace_back();
    use.type = type;
    resolver_->describe(use, key_.source, key_.destination, arrival);
    return use;
}

void rtp_stream::measure(const payload_use& use, const rtp_input& input,
                         rtpsynth::time_point arrival) {
    if (use.is_event()) {
        if (input.state == rtp_state::whole)
            digits_.add(input.packet, use.format.clock_rate, arrival);
    } else if (use.format.kind == rtpsynth::payload_kind::media && use.format.clock_rate != 0) {
        drift_.add(input.packet.timestamp(), use.format.clock_rate, arrival);
    }
}

rtpsynth::call_quality rtp_stream::quality() const {
    rtpsynth::call_quality judged = quality_;
    for (const payload_use& use : payloads_)
        if (const auto codec = rtpsynth::impairment_of(use.name())) {
            judged.set_codec(*codec);
            return judged;
        }
    return {};
}

/// Called after new SDP, which may describe this stream.
void rtp_stream::describe_again(rtpsynth::time_point arrival) {
    version_ = resolver_->directory.version();
    // An answer decides about the offer that was known when the stream began.
    told_secure_ = resolver_->is_secure(key_.source, key_.destination, first_arrival_) ||
                   resolver_->is_secure(key_.source, key_.destination, arrival);
    for (payload_use& use : payloads_) {
        const bool unknown = use.format.clock_rate == 0;
        resolver_->describe(use, key_.source, key_.destination, arrival);
        learnt_late_ = learnt_late_ || (unknown && use.format.clock_rate != 0);
    }
}

void rtp_stream::check_padding(const rtp_input& input) {
    malformed_ += input.state == rtp_state::malformed;
    if (input.padding) padding_.add(*input.padding);
}

} // namespace replay
