/// \file
/// Options and counters of rtp_relay.
#pragma once

#include <rtpsynth/asio_server/call/packet_protection.hpp>
#include <rtpsynth/asio_server/call/source_latch.hpp>
#include <rtpsynth/asio_server/call/voice_codec.hpp>
#include <rtpsynth/asio_server/channel/options.hpp>
#include <rtpsynth/audio/codec_set.hpp>
#include <rtpsynth/base/clock.hpp>
#include <rtpsynth/rtp/stream_rewriter_options.hpp>

#include <boost/asio/ip/udp.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace rtpsynth::asio_server {

class rtp_relay;

/// The two sides of an rtp_relay.
enum class relay_leg : std::uint8_t { a, b };

/// A codec of one side of a relay that the other side does not have, and one that it has.
struct relay_transcoding {
    voice_codec source{}; ///< of packets that come from the side
    /// The codec that the packets are encoded in for the other side, with the fmtp of the other
    /// side's SDP; opus's `usedtx` has no effect.
    voice_codec target{"PCMA/8000"};
};

/// Options of one side of a relay: its sockets, the address of its peer, and how its packets are
/// rewritten for the other side. New members are added at the end.
struct relay_leg_options {
    /// Options of the socket, or without rtcp_mux of both sockets. With a port_range, `bind` is
    /// ignored. Otherwise, without rtcp_mux, RTCP uses the port after that of `bind`, which must
    /// not be 65535. With port 0 the system chooses both ports, which need not be adjacent then.
    channel_options channel{};
    /// RTP and RTCP on one port (RFC 5761).
    bool rtcp_mux = true;

    /// The address of the peer, as signalled; nullopt: not known yet.
    std::optional<boost::asio::ip::udp::endpoint> peer = std::nullopt;
    source_latch_options latch{};

    /// Clock rate of the audio that comes from this side, in Hz, at least 1.
    std::uint32_t clock_rate = 8000;
    /// How packets from this side are rewritten for the other side: the other side's payload types,
    /// such as that of telephone events; formats; CNAME; BYE.
    stream_rewriter_options stream{};

    /// Protects the packets of this side, for example by srtp_protection; nullptr: they are plain.
    std::shared_ptr<packet_protection> protection{};

    /// Which packets that come from this side are decoded and encoded anew; empty: none. See
    /// rtp_relay, *Transcoding*. Source payload types are distinct; all targets have one clock
    /// rate. Formats and payload types of sources need not be in `stream`.
    std::vector<relay_transcoding> transcode{};
    /// The codecs that exist for `transcode`; add() those of components, such as opus. The relay
    /// calls codecs while it holds its lock: a codec of your own must not call the relay.
    codec_set codec_library{};
};

/// Options of rtp_relay. New members are added at the end.
struct rtp_relay_options {
    static constexpr duration max_media_timeout = std::chrono::hours{24};

    relay_leg_options a{};
    relay_leg_options b{};

    /// on_media_timeout is called when no packets have come from one side for this time, 100 ms to
    /// 24 h. nullopt: it is never called.
    std::optional<duration> media_timeout = std::nullopt;

    /// Called when no packet, RTP or RTCP, has been accepted from a side for media_timeout. Packets
    /// that are rejected, not authentic, malformed or on probation do not count. Called once until
    /// another packet is accepted. The relay continues.
    ///
    /// The rtp_relay argument is a handle: another object that refers to the same relay. It is
    /// valid during the call, even if the application destroys its own object meanwhile.
    ///
    /// \par Executor
    /// Called on rtp_relay::get_executor(), possibly before the constructor has returned.
    ///
    /// \par Exception safety
    /// Exceptions are passed to server_options::on_exception; the relay continues.
    std::function<void(rtp_relay&, relay_leg)> on_media_timeout{};

    /// Called when the relay latches to a source of a side, the first one included: packets for
    /// that side are sent to the source's address from now on. If a side moves several times within
    /// one batch of datagrams, only the last address is reported. Handle, executor and exceptions
    /// are as for on_media_timeout.
    std::function<void(rtp_relay&, relay_leg, const boost::asio::ip::udp::endpoint&)>
        on_source_changed{};
};

/// Counters of the datagrams that came from one side of a relay. Each is counted once: as
/// `received`, which is the sum of forwarded, rejected, not_authentic, malformed, oversized,
/// dropped, late, undecodable and unsent; as `rtcp_received`, which is the sum of the other
/// counters that begin with `rtcp_`; or as `other`. New members are added at the end.
struct relay_leg_stats {
    std::uint64_t received = 0;      ///< RTP datagrams
    std::uint64_t forwarded = 0;     ///< accepted by the other side's channel
    std::uint64_t rejected = 0;      ///< by the latch: from another source
    std::uint64_t not_authentic = 0; ///< refused by this side's protection
    std::uint64_t malformed = 0;
    std::uint64_t oversized = 0; ///< longer than rtp_relay::max_packet_size
    std::uint64_t dropped = 0;   ///< by the stream_rewriter; see `stream`
    std::uint64_t unsent = 0;    ///< the other side had no address yet, or its channel or its
                                 ///< protection refused the packet

    std::uint64_t rtcp_received = 0;
    std::uint64_t rtcp_forwarded = 0;
    std::uint64_t rtcp_rejected = 0; ///< from another address
    std::uint64_t rtcp_not_authentic = 0;
    std::uint64_t rtcp_malformed = 0; ///< or longer than rtp_relay::max_packet_size
    std::uint64_t rtcp_dropped = 0;   ///< contained nothing for the other side
    std::uint64_t rtcp_unsent = 0;

    /// Datagrams that are neither RTP nor RTCP, such as STUN, and RTP on the port for RTCP:
    /// dropped.
    std::uint64_t other = 0;
    std::uint64_t timeouts = 0; ///< how often media_timeout has passed without a packet

    source_latch_stats latch{};
    stream_rewriter_stats stream{};

    std::uint64_t transcoded = 0; ///< RTP packets that were given another codec
    /// RTP packets that were not, since a later one had been and a codec remembers it.
    std::uint64_t late = 0;
    /// RTP packets that were not, since a codec refused the payload or its duration, or the result
    /// would have been longer than rtp_relay::max_packet_size.
    std::uint64_t undecodable = 0;
};

} // namespace rtpsynth::asio_server
