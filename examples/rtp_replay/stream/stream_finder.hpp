/// \file
/// Finds the RTP streams among the UDP packets of a capture, and what SIP says of them.
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
    /// Take everything that parses as RTP from or to these ports, and nothing else. If empty, any
    /// packets are RTP that prove it among themselves.
    std::set<std::uint16_t> ports;
    /// If given, the listener is told of those streams only for which this is true of the key and
    /// the first payload type, and of one at a time: one that begins ends the one before. Which
    /// packets are whose stays the same.
    std::function<bool(const stream_key&, std::uint8_t)> heard;
    /// Clock rates by payload type, and what is known of media addresses beforehand.
    payload_resolver resolver;
    rtpsynth::jitter_buffer_options buffer{.capacity = 20};
};

/// Without ports given, packets are held back in a candidate_pool until they prove to be RTP; then
/// all that were held back count. A packet that goes on with number and timestamp where a stream of
/// the same addresses and ports has ended needs no other proof: a sender has changed its SSRC.
/// Memory for candidates and the number of streams are bounded, whatever the capture.
class stream_finder {
public:
    static constexpr std::size_t max_streams = 10'000;
    static constexpr std::size_t max_left_out = 200'000; // counted

    /// \p listener, if given, is told what the streams play out; it must outlive this object.
    explicit stream_finder(finder_options options, playout_listener* listener = nullptr);

    stream_finder(const stream_finder&) = delete; // streams refer to it
    stream_finder& operator=(const stream_finder&) = delete;

    /// The next UDP packet of the capture, or a packet that another transport framed (RFC 4571).
    /// Throws std::bad_alloc.
    void add(const udp_packet& packet, rtpsynth::time_point arrival);
    /// The next bytes of a TCP connection's one direction, which may be SIP.
    void add_tcp(const endpoint& source, const endpoint& destination,
                 std::span<const std::uint8_t> bytes, rtpsynth::time_point arrival);
    /// The capture has ended: lets every stream play out what it has buffered.
    void finish();

    /// In order of their proof.
    const std::vector<std::unique_ptr<rtp_stream>>& streams() const noexcept { return streams_; }
    /// Streams beyond max_streams, which are not told; max_left_out of them or more are that many.
    std::uint64_t left_out() const noexcept { return left_out_; }
    /// Packets that parse as RTP but belong to nothing that proves to be a stream.
    std::uint64_t unproven_packets() const noexcept { return candidates_.unproven(); }
    /// The packet time that SDP has for \p stream in ms, if it has.
    std::optional<std::uint32_t> ptime_ms(const rtp_stream& stream) const;
    /// What is known of media addresses now.
    const media_directory& directory() const noexcept { return options_.resolver.directory; }
    /// A stream had packets before what describes them: see rtp_stream::learnt_late().
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
    bool is_heard(const stream_key& key, std::uint8_t payload_type) const;
    rtp_stream* open(const stream_key& key, std::uint8_t payload_type);

    finder_options options_;
    playout_listener* listener_;
    std::vector<std::unique_ptr<rtp_stream>> streams_;
    // Trees, because whoever wrote the capture has chosen the keys: they could all hash alike.
    std::map<stream_key, known_stream> by_key_;
    std::map<path, rtp_stream*> newest_; // the one with the latest packet
    candidate_pool candidates_;
    sip_over_tcp sip_over_tcp_;
    rtp_stream* heard_ = nullptr;
    std::uint64_t left_out_ = 0;
};

} // namespace replay
