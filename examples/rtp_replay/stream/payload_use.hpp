/// \file
/// A payload type of a stream and its number of packets.
#pragma once

#include <rtpsynth/rtp/packet.hpp>
#include <rtpsynth/rtp/payload_format.hpp>

#include <cstdint>
#include <string>

namespace replay {

/// Recognises telephone events of an undescribed payload type: every payload is 4 bytes with an
/// event of 0..16 and R = 0 (RFC 4733 §2.3), and at least once a packet repeats timestamp and event
/// of the previous one with a longer duration, or with E set in both.
class event_evidence {
public:
    void add(const rtpsynth::rtp_packet_view& packet);
    bool proven() const noexcept { return proven_ && !refuted_; }

private:
    bool any_ = false;
    bool proven_ = false;
    bool refuted_ = false;
    bool end_ = false;
    std::uint8_t event_ = 0;
    std::uint16_t duration_ = 0;
    std::uint32_t timestamp_ = 0;
};

struct payload_use {
    std::uint8_t type = 0;
    std::uint64_t packets = 0;
    rtpsynth::payload_format format; ///< clock rate 0: unknown
    std::string encoding;            ///< from SDP; empty: unknown
    unsigned channels = 1;           ///< of audio
    event_evidence events;

    /// The encoding name from SDP or RFC 3551, `telephone-event` if recognised as such, or `PT 96`.
    std::string name() const;
    bool is_event() const;
};

} // namespace replay
