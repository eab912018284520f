/// \file
/// Finds the RTP streams among the UDP packets of a capture.
#pragma once

#include "rtp_stream.hpp"
#include "udp_packet.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

namespace replay {

struct finder_options {
    /// Take everything that parses as RTP from or to these ports, and nothing else. If empty, any
    /// packets are RTP that prove it among themselves.
    std::set<std::uint16_t> ports;
    /// The listener is told of this stream only. Which packets are whose stays the same.
    std::optional<stream_key> heard;
    /// Clock rates in Hz by payload type, before RFC 3551's.
    std::map<std::uint8_t, std::uint32_t> clock_rates;
    rtpsynth::jitter_buffer_options buffer{.capacity = 20};
};

/// Without ports given, packets are held back as a candidate until three of the same addresses,
/// ports and SSRC are in sequence (RFC 3550 A.1 asks for two; a capture holds more than RTP); then
/// all that were held back count. Memory for candidates and the number of streams are bounded,
/// whatever the capture.
class stream_finder {
public:
    static constexpr std::size_t max_streams = 10'000;

    /// \p listener, if given, is told what the streams play out; it must outlive this object.
    explicit stream_finder(finder_options options, playout_listener* listener = nullptr);

    /// The next UDP packet of the capture. Throws std::bad_alloc.
    void add(const udp_packet& packet, rtpsynth::time_point arrival);
    /// The capture has ended: lets every stream play out what it has buffered.
    void finish();

    /// In order of their proof.
    const std::vector<std::unique_ptr<rtp_stream>>& streams() const noexcept { return streams_; }
    /// There were more streams than max_streams; the later ones are left out.
    bool overflowed() const noexcept { return overflowed_; }
    /// The clock rate for \p payload_type; assumed if neither the options nor RFC 3551 name one.
    std::uint32_t clock_rate(std::uint8_t payload_type) const;
    bool clock_rate_known(std::uint8_t payload_type) const;

private:
    struct waiting {
        datagram bytes;
        rtpsynth::time_point arrival;
    };
    struct candidate {
        std::vector<waiting> packets;
        std::uint16_t highest = 0;
        unsigned steps = 0; // times that a packet was the one after the highest before it
    };

    bool wanted(const udp_packet& packet) const;
    void consider(const stream_key& key, const rtpsynth::rtp_packet_view& rtp,
                  rtpsynth::time_point arrival);
    std::vector<waiting> take_candidate(const stream_key& key);
    rtp_stream* open(const stream_key& key, std::uint8_t payload_type);

    finder_options options_;
    playout_listener* listener_;
    std::vector<std::unique_ptr<rtp_stream>> streams_;
    // Trees, because whoever wrote the capture has chosen the keys: they could all hash alike.
    std::map<stream_key, rtp_stream*> by_key_;
    std::map<stream_key, candidate> candidates_;
    std::size_t candidate_bytes_ = 0; // sum of memory_of() all packets in them
    bool overflowed_ = false;
};

} // namespace replay
