/// \file
/// One RTP stream of a capture: its packets go through receiver statistics and a jitter buffer.
#pragma once

#include "udp_packet.hpp"

#include <rtpsynth/clock.hpp>
#include <rtpsynth/jitter_buffer.hpp>
#include <rtpsynth/receiver_stats.hpp>
#include <rtpsynth/rtp_packet.hpp>

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

namespace replay {

/// What makes packets one stream.
struct stream_key {
    endpoint source, destination;
    std::uint32_t ssrc = 0;

    auto operator<=>(const stream_key&) const = default;
};

/// One datagram's bytes.
using datagram = std::vector<std::uint8_t>;

/// Is told what a jitter buffer plays out, in order.
class playout_listener {
public:
    virtual void play(const rtpsynth::rtp_packet_view& packet, rtpsynth::time_point arrival) = 0;
    virtual void erased(const rtpsynth::erasure& gap) = 0;

protected:
    ~playout_listener() = default;
};

/// How often one payload type occurred.
struct payload_use {
    std::uint8_t type;
    std::uint64_t packets;
    bool only_events; ///< each payload was a telephone-event (RFC 4733)

    /// The encoding name of RFC 3551, `telephone-event`, or `PT 96` for another dynamic type.
    std::string name() const;
};

class rtp_stream {
public:
    /// \p clock_rate in Hz, not 0; \p listener may be null. Throws std::invalid_argument if
    /// \p options are out of range.
    rtp_stream(const stream_key& key, std::uint32_t clock_rate,
               const rtpsynth::jitter_buffer_options& options, playout_listener* listener);

    /// Takes the next packet; its bytes are the caller's again afterwards. Throws std::bad_alloc.
    void receive(rtpsynth::rtp_packet_view packet, rtpsynth::time_point arrival);
    /// The capture has ended: plays out what is buffered.
    void finish();

    const stream_key& key() const noexcept { return key_; }
    std::uint32_t clock_rate() const noexcept { return clock_rate_; }
    std::uint64_t packets() const noexcept { return stats_.received() + stats_.rejected(); }
    const rtpsynth::receiver_stats& reception() const noexcept { return stats_; }
    const rtpsynth::jitter_buffer_stats& playout() const noexcept { return buffer_.stats(); }
    rtpsynth::time_point first_arrival() const noexcept { return first_arrival_; }
    rtpsynth::time_point last_arrival() const noexcept { return last_arrival_; }
    /// In order of first occurrence.
    const std::vector<payload_use>& payloads() const noexcept { return payloads_; }

private:
    struct player;

    void count_payload(const rtpsynth::rtp_packet_view& packet);

    stream_key key_;
    std::uint32_t clock_rate_;
    rtpsynth::receiver_stats stats_;
    // The capture's own memory is gone with the next packet, so a packet that waits in the buffer
    // owns its bytes if somebody listens. Moving a vector does not move the bytes: the view stays
    // valid. If nobody does, no bytes are kept: the buffer itself goes by the header's fields.
    rtpsynth::jitter_buffer<datagram> buffer_;
    playout_listener* listener_;
    rtpsynth::time_point first_arrival_{};
    rtpsynth::time_point last_arrival_{};
    std::vector<payload_use> payloads_;
};

} // namespace replay
