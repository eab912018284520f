#include "stream_finder.hpp"

#include <rtpsynth/datagram_kind.hpp>
#include <rtpsynth/payload_type.hpp>
#include <rtpsynth/sequence.hpp>

#include <span>
#include <utility>

namespace replay {
namespace {

constexpr unsigned steps_wanted = 2;                       // three packets in sequence
constexpr std::size_t packets_at_most = 32;                // of one candidate
constexpr std::size_t candidate_memory = 64 * 1024 * 1024; // of all candidates, in bytes
constexpr std::size_t candidate_overhead = 256;            // of one packet, about

constexpr std::uint32_t assumed_clock_rate = 8000; // telephony's
constexpr unsigned padding_bit = 0x20;

std::size_t memory_of(const datagram& held_back) {
    return held_back.capacity() + candidate_overhead;
}

} // namespace

stream_finder::stream_finder(finder_options options, playout_listener* listener)
    : options_(std::move(options)), listener_(listener) {}

void stream_finder::add(const udp_packet& packet, rtpsynth::time_point arrival) {
    if (!wanted(packet) || rtpsynth::classify(packet.payload) != rtpsynth::datagram_kind::rtp)
        return;
    std::span<const std::uint8_t> bytes = packet.payload;
    datagram unpadded;
    if (packet.cut_short && (bytes[0] & padding_bit)) { // its last byte is not the padding's count
        unpadded.assign(bytes.begin(), bytes.end());
        unpadded[0] &= static_cast<std::uint8_t>(~padding_bit);
        bytes = unpadded;
    }
    rtpsynth::rtp_packet_view rtp;
    if (rtp.assign(bytes.data(), bytes.size()) != 0) return;
    const stream_key key{packet.source, packet.destination, rtp.ssrc()};
    if (const auto found = by_key_.find(key); found != by_key_.end())
        found->second->receive(rtp, arrival);
    else
        consider(key, rtp, arrival);
}

void stream_finder::finish() {
    for (auto& stream : streams_) stream->finish();
}

std::uint32_t stream_finder::clock_rate(std::uint8_t payload_type) const {
    const auto given = options_.clock_rates.find(payload_type);
    if (given != options_.clock_rates.end()) return given->second;
    const auto* profile = rtpsynth::static_profile(payload_type);
    return profile ? profile->clock_rate : assumed_clock_rate;
}

bool stream_finder::clock_rate_known(std::uint8_t payload_type) const {
    return options_.clock_rates.contains(payload_type) || rtpsynth::static_profile(payload_type);
}

bool stream_finder::wanted(const udp_packet& packet) const {
    return options_.ports.empty() || options_.ports.contains(packet.source.port) ||
           options_.ports.contains(packet.destination.port);
}

void stream_finder::consider(const stream_key& key, const rtpsynth::rtp_packet_view& rtp,
                             rtpsynth::time_point arrival) {
    if (!options_.ports.empty()) {
        if (rtp_stream* stream = open(key, rtp.payload_type())) stream->receive(rtp, arrival);
        return;
    }
    candidate& c = candidates_[key];
    const int ahead = c.packets.empty() ? 1 : rtpsynth::seq_distance(rtp.seq(), c.highest);
    c.steps += !c.packets.empty() && ahead == 1;
    if (ahead > 0) c.highest = rtp.seq();
    c.packets.push_back({{rtp.datagram().begin(), rtp.datagram().end()}, arrival});
    candidate_bytes_ += memory_of(c.packets.back().bytes);

    if (c.steps >= steps_wanted) {
        rtp_stream* stream = nullptr;
        for (const waiting& w : take_candidate(key)) {
            const auto view = rtpsynth::rtp_packet_view::parse(w.bytes).value(); // as before
            if (!stream && !(stream = open(key, view.payload_type()))) return;
            stream->receive(view, w.arrival);
        }
    } else if (c.packets.size() == packets_at_most) {
        take_candidate(key);
    } else if (candidate_bytes_ > candidate_memory) {
        candidates_.clear();
        candidate_bytes_ = 0;
    }
}

/// What was held back of \p key, which is no candidate any more.
std::vector<stream_finder::waiting> stream_finder::take_candidate(const stream_key& key) {
    std::vector<waiting> packets = std::move(candidates_.extract(key).mapped().packets);
    for (const waiting& w : packets) candidate_bytes_ -= memory_of(w.bytes);
    return packets;
}

rtp_stream* stream_finder::open(const stream_key& key, std::uint8_t payload_type) {
    if (streams_.size() == max_streams) {
        overflowed_ = true;
        return nullptr;
    }
    const bool heard = !options_.heard || *options_.heard == key;
    streams_.push_back(std::make_unique<rtp_stream>(key, clock_rate(payload_type), options_.buffer,
                                                    heard ? listener_ : nullptr));
    return by_key_[key] = streams_.back().get();
}

} // namespace replay
