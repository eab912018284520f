/// \file
/// Reads a datagram's payload as RTP.
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

/// Which parts of an RTP packet are valid. The fixed header always is.
enum class rtp_state : std::uint8_t {
    whole,
    cut_short,   ///< captured at least up to the end of the fixed header
    bad_padding, ///< impossible padding count (RFC 3550 §5.1): malformed or encrypted
    malformed,   ///< CSRCs or extension reach beyond the end
};

/// The end of a packet with the padding bit.
struct padding_end {
    std::uint8_t count = 0; ///< the last byte: number of padding bytes
    /// The greatest possible count: the bytes after header, CSRCs and extension, or 255.
    std::uint8_t at_most = 0;
};

struct rtp_input {
    rtpsynth::rtp_packet_view packet; ///< without CSRCs, extension and payload if those are invalid
    rtp_state state = rtp_state::whole;
    std::optional<padding_end> padding; ///< if it was captured and not malformed
};

/// Storage for the header of a packet that is not used as it was captured.
using header_bytes = std::array<std::uint8_t, rtpsynth::rtp_header_size>;

/// Nothing if \p packet has no RTP header. The result refers to the packet's bytes or to \p header,
/// into which it may write.
std::optional<rtp_input> read_rtp(const udp_packet& packet, header_bytes& header);

/// A packet that waits until its stream is known.
class held_packet {
public:
    /// Copies all bytes of \p input if \p whole, otherwise its header and the beginning of its
    /// payload, which suffice unless it is played.
    held_packet(const rtp_input& input, rtpsynth::time_point arrival, bool whole);

    /// The result refers to this object.
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
