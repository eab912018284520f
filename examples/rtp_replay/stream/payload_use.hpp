/// \file
/// One payload type of a stream: what it is, and how often it occurred.
#pragma once

#include <rtpsynth/rtp/packet.hpp>
#include <rtpsynth/rtp/payload_format.hpp>

#include <cstdint>
#include <string>

namespace replay {

/// Tells telephone events by what they look like, where nobody has said what a type is: every
/// payload is 4 bytes with an event of 0..16 and R = 0 (RFC 4733 §2.3), and at least once a packet
/// repeats the timestamp and event of the one before with a longer duration, or with E set on both.
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
    rtpsynth::payload_format format; ///< clock rate 0: not known
    std::string encoding;            ///< as SDP has it; empty: not told
    event_evidence events;

    /// The encoding name of SDP or RFC 3551, `telephone-event` if it is proven to be that, or
    /// `PT 96`.
    std::string name() const;
    bool is_event() const;
};

} // namespace replay
