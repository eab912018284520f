/// \file
/// What an rtp_relay is made with, and its counters.
#pragma once

#include <rtpsynth/asio_server/call/packet_protection.hpp>
#include <rtpsynth/asio_server/call/source_latch.hpp>
#include <rtpsynth/asio_server/channel/options.hpp>
#include <rtpsynth/base/clock.hpp>
#include <rtpsynth/rtp/stream_rewriter_options.hpp>

#include <boost/asio/ip/udp.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

namespace rtpsynth::asio_server {

class rtp_relay;

/// The two sides of an rtp_relay.
enum class relay_leg : std::uint8_t { a, b };

/// One side of a relay: its sockets, where its peer is, and what its packets become for the other
/// side. New members are added at the end.
struct relay_leg_options {
    /// Of the sockets. Where the relay takes them out of a port_range, `bind` is not used;
    /// otherwise, without rtcp_mux, RTCP has the port after that of `bind`, which must not be
    /// 65535, or any if it is 0.
    channel_options channel{};
    /// RTP and RTCP on one port (RFC 5761).
    bool rtcp_mux = true;

    /// Where the signalling says that the peer is; nullopt: not known yet.
    std::optional<boost::asio::ip::udp::endpoint> peer = std::nullopt;
    source_latch_options latch{};

    /// Of the audio that comes from this side, in Hz, at least 1.
    std::uint32_t clock_rate = 8000;
    /// What packets that come from this side become: payload types, such as those of telephone
    /// events, as the other side wants them; formats; CNAME; BYE.
    stream_rewriter_options stream{};

    /// Such as srtp_protection; nullptr: packets are not encrypted.
    std::shared_ptr<packet_protection> protection{};
};

/// What a relay is made with. New members are added at the end.
struct rtp_relay_options {
    static constexpr duration max_media_timeout = std::chrono::hours{24};

    relay_leg_options a{};
    relay_leg_options b{};

    /// After how long without a packet from one side on_media_timeout is called; 100 ms to 24 h.
    /// nullopt: never.
    std::optional<duration> media_timeout = std::nullopt;

    /// Nothing that is believed came from a side, RTP or RTCP, for media_timeout: once, and again
    /// after something came. The relay goes on.
    ///
    /// The rtp_relay that it is given is a handle: it stands for the relay, is another object and
    /// valid during the call, even if the relay is destroyed meanwhile.
    ///
    /// \par Executor
    /// Called on rtp_relay::get_executor(); maybe before the constructor has returned.
    ///
    /// \par Exception safety
    /// What it throws goes to server_options::on_exception; the relay lives on.
    std::function<void(rtp_relay&, relay_leg)> on_media_timeout{};

    /// What is sent to a side goes to another address from now on, where its packets come from.
    /// Handle, executor and exceptions are those of on_media_timeout.
    std::function<void(rtp_relay&, relay_leg, const boost::asio::ip::udp::endpoint&)>
        on_source_changed{};
};

/// What has come from one side of a relay, and what became of it. Each datagram is counted once:
/// received is forwarded + rejected + not_authentic + malformed + oversized + dropped + unsent, and
/// so is rtcp_received of the counters that begin with `rtcp_`. New members are added at the end.
struct relay_leg_stats {
    std::uint64_t received = 0;      ///< datagrams of RTP
    std::uint64_t forwarded = 0;     ///< to the other side: accepted by its channel
    std::uint64_t rejected = 0;      ///< by the latch: from elsewhere
    std::uint64_t not_authentic = 0; ///< refused by the protection of this side
    std::uint64_t malformed = 0;
    std::uint64_t oversized = 0; ///< longer than rtp_relay::max_packet_size
    std::uint64_t dropped = 0;   ///< by the stream_rewriter, see `stream`
    std::uint64_t unsent = 0;    ///< the other side has no address yet, its channel or its
                                 ///< protection did not take it

    std::uint64_t rtcp_received = 0;
    std::uint64_t rtcp_forwarded = 0;
    std::uint64_t rtcp_rejected = 0; ///< from elsewhere
    std::uint64_t rtcp_not_authentic = 0;
    std::uint64_t rtcp_malformed = 0; ///< or too long
    std::uint64_t rtcp_dropped = 0;   ///< nothing in it was for the other side
    std::uint64_t rtcp_unsent = 0;

    std::uint64_t other = 0;    ///< datagrams that are neither, such as STUN: dropped
    std::uint64_t timeouts = 0; ///< of media_timeout

    source_latch_stats latch{};
    stream_rewriter_stats stream{};
};

} // namespace rtpsynth::asio_server
