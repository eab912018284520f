/// \file
/// The RTCP of one stream, and the peer's reports on it.
#pragma once

#include "answers/load_log.hpp"
#include "answers/stream_result.hpp"
#include "common/rtcp_argument.hpp"

#include <rtpsynth/base/clock.hpp>
#include <rtpsynth/rtcp/session.hpp>
#include <rtpsynth/rtp/packet.hpp>

#include <cstdint>
#include <span>

namespace load {

/// Sends reports on RTP with another SSRC. Packets with the stream's own SSRC are echoes, and are
/// not treated as collisions (RFC 3550 §8.2).
///
/// Thread safety: none; use it on the server's executor.
class stream_rtcp {
public:
    /// For the stream of \p ssrc whose first packet has \p first_seq. \throws std::bad_alloc
    stream_rtcp(const common::rtcp_argument& argument, std::uint32_t ssrc, std::uint16_t first_seq,
                load_log& log);

    void sent(const rtpsynth::rtp_packet_view& packet, rtpsynth::time_point now) noexcept {
        session_.sent(packet, now);
    }
    void receive_rtp(const rtpsynth::rtp_packet_view& packet,
                     rtpsynth::time_point arrival) noexcept {
        if (packet.ssrc() != session_.ssrc()) session_.receive_rtp(packet, arrival);
    }
    /// \return false if the datagram is malformed, or an echo of our own
    bool receive_rtcp(std::span<const std::uint8_t> datagram,
                      rtpsynth::time_point arrival) noexcept;

    bool is_due(rtpsynth::time_point now) const noexcept { return now >= session_.next_rtcp(); }
    /// The report that is due, in \p storage; empty if it was put off.
    std::span<const std::uint8_t> report(rtpsynth::time_point now,
                                         std::span<std::uint8_t> storage) noexcept;
    /// A BYE; empty if nothing was sent.
    std::span<const std::uint8_t> leave(rtpsynth::time_point now,
                                        std::span<std::uint8_t> storage) noexcept;

    /// The peer's last report.
    const peer_report& result() const noexcept { return result_; }

private:
    void take(const rtpsynth::received_report& report) noexcept;

    rtpsynth::rtp_session session_;
    std::uint16_t first_seq_;
    load_log& log_;
    peer_report result_;
};

} // namespace load
