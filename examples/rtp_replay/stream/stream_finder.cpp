#include "stream/stream_finder.hpp"

#include "signalling/sdp.hpp"

#include <algorithm>
#include <utility>

namespace replay {
namespace {

/// Whether \p media has one of the stream's payload types.
bool describes(const sdp_media& media, const rtp_stream& stream) {
    return std::ranges::any_of(stream.payloads(), [&](const payload_use& use) {
        return std::ranges::find(media.payloads, use.type, &sdp_payload::type) !=
               media.payloads.end();
    });
}

} // namespace

stream_finder::stream_finder(finder_options options) : options_(std::move(options)) {}

void stream_finder::add(const udp_packet& packet, rtpsynth::time_point arrival) {
    const std::string_view text(reinterpret_cast<const char*>(packet.payload.data()),
                                packet.payload.size());
    if (begins_with_sip(text)) {
        learn(sip_body(text), arrival);
        return;
    }
    if (!wanted(packet)) return;
    header_bytes header;
    const auto input = read_rtp(packet, header);
    if (!input) return;
    const stream_key key{packet.source, packet.destination, input->packet.ssrc()};
    const auto found = by_key_.find(key);
    if (found == by_key_.end()) {
        consider(key, *input, arrival);
    } else if (found->second.stream) {
        found->second.stream->receive(*input, arrival);
        *found->second.newest = found->second.stream;
    }
}

void stream_finder::add_tcp(const endpoint& source, const endpoint& destination,
                            std::span<const std::uint8_t> bytes, rtpsynth::time_point arrival) {
    sip_over_tcp_.receive(source, destination, bytes,
                          [&](std::string_view body) { learn(body, arrival); });
}

void stream_finder::finish() {
    for (auto& stream : streams_) stream->finish();
}

bool stream_finder::learnt_late() const noexcept {
    return std::ranges::any_of(streams_, [](const auto& s) { return s->learnt_late(); });
}

std::optional<std::uint32_t> stream_finder::ptime_ms(const rtp_stream& stream) const {
    const stream_key& key = stream.key();
    for (const endpoint* address : {&key.destination, &key.source}) {
        const auto all = directory().find(*address, stream.first_arrival());
        for (const sdp_media& media : all)
            if (media.ptime_ms && (all.size() == 1 || describes(media, stream)))
                return media.ptime_ms;
    }
    return std::nullopt;
}

bool stream_finder::wanted(const udp_packet& packet) const {
    return options_.ports.empty() || options_.ports.contains(packet.source.port) ||
           options_.ports.contains(packet.destination.port);
}

void stream_finder::consider(const stream_key& key, const rtp_input& input,
                             rtpsynth::time_point arrival) {
    if (input.state == rtp_state::malformed)
        return; // may belong to a stream, but does not confirm one
    const std::uint8_t type = input.packet.payload_type();
    const auto before = newest_.find({key.source, key.destination});
    const bool goes_on =
        before != newest_.end() && before->second && before->second->is_continued_by(input.packet);
    if (!options_.ports.empty() || goes_on) {
        candidate_pool::packets earlier = candidates_.take(key);
        rtp_stream* stream = open(key, earlier.empty() ? type : earlier.front().payload_type());
        if (!stream) return;
        for (const held_packet& held : earlier) stream->receive(held.input(), held.arrival());
        stream->receive(input, arrival);
        return;
    }
    const auto proof =
        candidates_.add(key, held_packet(input, arrival, listener_of(key, type) != nullptr));
    if (!proof) return;
    rtp_stream* stream = open(key, proof->front().payload_type());
    if (!stream) return;
    for (const held_packet& held : *proof) stream->receive(held.input(), held.arrival());
}

void stream_finder::learn(std::string_view body, rtpsynth::time_point arrival) {
    options_.resolver.directory.learn(parse_sdp(body), arrival);
}

playout_listener* stream_finder::listener_of(const stream_key& key,
                                             std::uint8_t payload_type) const {
    return options_.listener_of ? options_.listener_of(key, payload_type) : nullptr;
}

/// Null if there are too many streams.
rtp_stream* stream_finder::open(const stream_key& key, std::uint8_t payload_type) {
    if (streams_.size() == max_streams) {
        if (left_out_ == max_left_out) return nullptr;
        ++left_out_;
        by_key_[key] = {nullptr, nullptr};
        return nullptr;
    }
    playout_listener* const listener = listener_of(key, payload_type);
    streams_.push_back(
        std::make_unique<rtp_stream>(key, options_.resolver, options_.buffer, listener));
    rtp_stream* stream = streams_.back().get();
    if (listener)
        if (rtp_stream* const before = std::exchange(heard_[listener], stream)) before->finish();
    rtp_stream*& newest = newest_[{key.source, key.destination}];
    newest = stream;
    by_key_[key] = {stream, &newest};
    return stream;
}

} // namespace replay
