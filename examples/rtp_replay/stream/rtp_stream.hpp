/// \file
/// One RTP stream of a capture, with receiver statistics and a jitter buffer.
#pragma once

#include "network/udp_packet.hpp"
#include "stream/clock_drift.hpp"
#include "stream/digit_reader.hpp"
#include "stream/padding_check.hpp"
#include "stream/payload_resolver.hpp"
#include "stream/payload_use.hpp"
#include "stream/rtp_input.hpp"

#include <rtpsynth/audio/call_quality.hpp>
#include <rtpsynth/base/clock.hpp>
#include <rtpsynth/jitter/buffer.hpp>
#include <rtpsynth/rtcp/receiver_stats.hpp>
#include <rtpsynth/rtp/packet.hpp>

#include <compare>
#include <cstdint>
#include <vector>

namespace replay {

/// Identifies a stream.
struct stream_key {
    endpoint source, destination;
    std::uint32_t ssrc = 0;

    bool operator==(const stream_key&) const = default;
    /// Compares what differs most often first.
    std::strong_ordering operator<=>(const stream_key& other) const {
        if (const auto order = ssrc <=> other.ssrc; order != 0) return order;
        if (const auto order = source <=> other.source; order != 0) return order;
        return destination <=> other.destination;
    }
};

/// Receives the whole packets of a stream: as they arrive, and what a jitter buffer makes of them.
class playout_listener {
public:
    /// In order of arrival. \p use describes the packet's payload type.
    virtual void arrived(const rtpsynth::rtp_packet_view&, const payload_use&,
                         rtpsynth::time_point) {}
    /// In order of sequence numbers.
    virtual void play(const rtpsynth::rtp_packet_view&, rtpsynth::time_point) {}
    virtual void erased(const rtpsynth::erasure&) {}

protected:
    ~playout_listener() = default;
};

class rtp_stream {
public:
    /// \p resolver must outlive the stream; \p listener may be null.
    /// \throws std::invalid_argument if \p options are out of range
    rtp_stream(const stream_key& key, const payload_resolver& resolver,
               const rtpsynth::jitter_buffer_options& options, playout_listener* listener);

    /// Takes the next packet, whose bytes are used during the call only. \throws std::bad_alloc
    void receive(const rtp_input& input, rtpsynth::time_point arrival);
    /// Plays out the buffer. Later packets are counted but not played.
    void finish();

    const stream_key& key() const noexcept { return key_; }
    /// All packets that arrived, including invalid ones.
    std::uint64_t arrived() const noexcept { return stats_.received() + stats_.rejected(); }
    /// Malformed packets (RFC 3550 §5.1). They count as received: their fixed header is valid.
    std::uint64_t invalid() const noexcept {
        return malformed_ + (encrypted() ? 0 : padding_.impossible());
    }
    /// By SDP, or because the padding is plausible only if encrypted.
    bool encrypted() const noexcept { return told_secure_ || padding_.looks_encrypted(); }
    const rtpsynth::receiver_stats& reception() const noexcept { return stats_; }
    const rtpsynth::jitter_buffer_stats& playout() const noexcept { return buffer_.stats(); }
    /// Of what the jitter buffer plays out, with the codec of the first payload type that has a
    /// known impairment. Nothing is known of the delay.
    rtpsynth::call_quality quality() const;
    const clock_drift& drift() const noexcept { return drift_; }
    const digit_reader& digits() const noexcept { return digits_; }
    /// The longest time between packets that arrived one after the other.
    rtpsynth::duration max_delta() const noexcept { return max_delta_; }
    rtpsynth::time_point first_arrival() const noexcept { return first_arrival_; }
    rtpsynth::time_point last_arrival() const noexcept { return last_arrival_; }
    /// In order of first occurrence.
    const std::vector<payload_use>& payloads() const noexcept { return payloads_; }
    /// Whether a payload type became known after packets of it had been counted: reading the
    /// capture again with what is known then gives better figures.
    bool learnt_late() const noexcept { return learnt_late_; }
    /// Whether \p packet, of another SSRC, continues this stream: next sequence number, a timestamp
    /// soon after, same payload type.
    bool is_continued_by(const rtpsynth::rtp_packet_view& packet) const;

private:
    struct player;

    payload_use& use_of(std::uint8_t type, rtpsynth::time_point arrival);
    void describe_again(rtpsynth::time_point arrival);
    void check_padding(const rtp_input& input);
    void measure(const payload_use& use, const rtp_input& input, rtpsynth::time_point arrival);

    stream_key key_;
    const payload_resolver* resolver_;
    std::uint64_t version_; // of the directory when the payload types were described
    rtpsynth::receiver_stats stats_;
    // With a listener, packets in the buffer own a copy of their bytes; moving a vector leaves the
    // bytes in place, so that the view stays valid. Without one no bytes are kept: the buffer
    // itself uses only header fields.
    rtpsynth::jitter_buffer<datagram> buffer_;
    playout_listener* listener_;
    rtpsynth::time_point first_arrival_{};
    rtpsynth::time_point last_arrival_{};
    std::vector<payload_use> payloads_;
    std::uint32_t last_timestamp_ = 0;
    std::uint8_t last_type_ = 0;
    rtpsynth::call_quality quality_;
    clock_drift drift_;
    digit_reader digits_;
    rtpsynth::duration max_delta_{};
    padding_check padding_;
    std::uint64_t malformed_ = 0;
    bool told_secure_ = false;
    bool learnt_late_ = false;
};

} // namespace replay
