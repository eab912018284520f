/// \file
/// Finds the RTP streams of a capture and what SIP says of them.
#pragma once

#include "network/udp_packet.hpp"
#include "signalling/sip.hpp"
#include "stream/candidate_pool.hpp"
#include "stream/payload_resolver.hpp"
#include "stream/rtp_stream.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace replay {

struct finder_options {
    /// Take everything from or to these ports that parses as RTP, and nothing else. If empty,
    /// streams are detected by a candidate_pool.
    std::set<std::uint16_t> ports;
    /// Who listens to a stream, given its key and first payload type; null: nobody. A listener
    /// hears one stream at a time: one that begins ends the previous one. It must outlive the
    /// finder, and does not affect which packets belong to which stream.
    std::function<playout_listener*(const stream_key&, std::uint8_t)> listener_of;
    /// Clock rates of the command line, and media addresses known from an earlier pass.
    payload_resolver resolver;
    rtpsynth::jitter_buffer_options buffer{.capacity = 20};
};

/// Unless ports are given, packets are held in a candidate_pool until they are confirmed; then all
/// of them count. A packet that continues sequence number and timestamp of a stream between the
/// same addresses and ports needs no other confirmation: the sender has changed its SSRC. Memory
/// for candidates and the number of streams are bounded.
class stream_finder {
public:
    static constexpr std::size_t max_streams = 10'000;
    static constexpr std::size_t max_left_out = 200'000; // counted

    explicit stream_finder(finder_options options);

    stream_finder(const stream_finder&) = delete; // streams refer to it
    stream_finder& operator=(const stream_finder&) = delete;

    /// Takes the next UDP packet of the capture, or one framed in another transport (RFC 4571).
    /// \throws std::bad_alloc
    void add(const udp_packet& packet, rtpsynth::time_point arrival);
    /// Takes the next bytes of one direction of a TCP connection, which may be SIP.
    void add_tcp(const endpoint& source, const endpoint& destination,
                 std::span<const std::uint8_t> bytes, rtpsynth::time_point arrival);
    /// Ends the capture: every stream plays out its buffer.
    void finish();

    /// In the order of their confirmation.
    const std::vector<std::unique_ptr<rtp_stream>>& streams() const noexcept { return streams_; }
    /// Number of streams beyond max_streams, counted up to max_left_out.
    std::uint64_t left_out() const noexcept { return left_out_; }
    /// Packets that parse as RTP but belong to no confirmed stream.
    std::uint64_t unproven_packets() const noexcept { return candidates_.unproven(); }
    /// The packet time of \p stream in ms by SDP, if it has one.
    std::optional<std::uint32_t> ptime_ms(const rtp_stream& stream) const;
    /// What SDP says of media addresses.
    const media_directory& directory() const noexcept { return options_.resolver.directory; }
    /// Whether rtp_stream::learnt_late() is true of a stream.
    bool learnt_late() const noexcept;

private:
    using path = std::pair<endpoint, endpoint>;
    struct known_stream {
        rtp_stream* stream;  // null: left out
        rtp_stream** newest; // of the same path
    };

    bool wanted(const udp_packet& packet) const;
    void consider(const stream_key& key, const rtp_input& input, rtpsynth::time_point arrival);
    void learn(std::string_view body, rtpsynth::time_point arrival);
    playout_listener* listener_of(const stream_key& key, std::uint8_t payload_type) const;
    rtp_stream* open(const stream_key& key, std::uint8_t payload_type);

    finder_options options_;
    std::vector<std::unique_ptr<rtp_stream>> streams_;
    // Trees: the capture's author chooses the keys, which could be made to collide in a hash table.
    std::map<stream_key, known_stream> by_key_;
    std::map<path, rtp_stream*> newest_; // the stream with the latest packet
    candidate_pool candidates_;
    sip_over_tcp sip_over_tcp_;
    std::map<playout_listener*, rtp_stream*> heard_; // the latest stream of each
    std::uint64_t left_out_ = 0;
};

} // namespace replay
