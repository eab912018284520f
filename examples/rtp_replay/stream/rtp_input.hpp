/// \file
/// A UDP payload, or one of another transport, read as RTP.
#pragma once

#include "network/udp_packet.hpp"

#include <rtpsynth/base/clock.hpp>
#include <rtpsynth/rtp/packet.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace replay {

/// One datagram's bytes.
using datagram = std::vector<std::uint8_t>;

/// How much of an RTP packet can be relied on. Whatever it is, the fixed header is there.
enum class rtp_state : std::uint8_t {
    whole,
    cut_short,   ///< captured as far as the fixed header at least
    bad_padding, ///< the padding's count is none (RFC 3550 §5.1): malformed, or encrypted
    malformed,   ///< CSRCs or extension reach beyond the end
};

/// The end of a packet with the padding bit.
struct padding_end {
    std::uint8_t count = 0; ///< its last byte, which says how many bytes are padding
    std::uint8_t at_most =
        0; ///< what it can be: the bytes after header, CSRCs and extension, or 255
};

struct rtp_input {
    rtpsynth::rtp_packet_view
        packet; ///< without CSRCs, extension and payload if they are of no use
    rtp_state state = rtp_state::whole;
    std::optional<padding_end> padding; ///< unless it was cut off, or the header reaches beyond it
};

/// The bytes of a packet that is not used as it was captured.
using header_bytes = std::array<std::uint8_t, rtpsynth::rtp_header_size>;

/// Nothing if \p packet has no RTP header. The result refers to the packet's bytes, or to
/// \p header, which is written to for that.
std::optional<rtp_input> read_rtp(const udp_packet& packet, header_bytes& header);

/// A packet that waits until its stream is known.
class held_packet {
public:
    /// Keeps all bytes of \p input if \p whole, else what describes it: enough for everything but
    /// to play it.
    held_packet(const rtp_input& input, rtpsynth::time_point arrival, bool whole);

    /// Refers to this object.
    rtp_input input() const;
    rtpsynth::time_point arrival() const noexcept { return arrival_; }
    std::uint16_t seq() const noexcept { return seq_; }
    std::uint32_t timestamp() const noexcept { return timestamp_; }
    std::uint8_t payload_type() const noexcept { return payload_type_; }
    std::size_t memory() const noexcept { return sizeof *this + bytes_.capacity(); }

private:
    static constexpr std::size_t described = 5; // bytes of payload: one more than an event has

    rtpsynth::time_point arrival_;
    datagram bytes_; // empty: see start_
    std::array<std::uint8_t, rtpsynth::rtp_header_size + described> start_{};
    std::uint8_t start_size_ = 0;
    std::uint16_t seq_;
    std::uint32_t timestamp_;
    std::uint8_t payload_type_;
    rtp_state state_;
    std::optional<padding_end> padding_;
};

} // namespace replay
