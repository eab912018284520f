/// \file
/// A relay of RTP between two sides of a call.
#pragma once

#include <rtpsynth/asio_server/call/relay_options.hpp>
#include <rtpsynth/asio_server/channel/rtp_channel.hpp>
#include <rtpsynth/base/compiler.h>
#include <rtpsynth/rtcp/receiver_stats.hpp>

#include <boost/system/error_code.hpp>

#include <cstddef>
#include <memory>
#include <optional>

namespace rtpsynth::asio_server {

class port_range;
class rtp_server;

/// Forwards the packets of two sides to each other, as between two telephones behind NATs:
///
///     rtp_relay relay(server, ports, {.a = {.peer = caller}, .b = {.peer = callee}});
///     // into the SDP for each: relay.local_endpoint(relay_leg::a), …
///
/// *RTP.* What comes from one side is unprotected, latched (source_latch), made one continuous
/// stream of one SSRC (stream_rewriter), with the payload types that the other side wants,
/// protected, and sent to the other side: at once on the server's executor, in order of arrival. No
/// packet is delayed or decoded: payloads, telephone events too, are passed on as they are. Where
/// the sides have no codec in common, this is not for them.
///
/// *RTCP* is translated both ways, so that reports, round trip times and requests (NACK, PLI) of
/// one side reach the other as if about its own stream. It is taken from the address that the
/// side's RTP comes from only, with rtcp_mux also from that port only. Without rtcp_mux it is sent
/// to the port after that of RTP, until RTCP of the side's source comes from another one.
///
/// *Forged packets.* Of a side with a protection, only authentic packets are looked at. Of others,
/// source_latch says what strangers can and cannot do. Who is not latched to is not heard.
///
/// \par Complexity
/// A packet takes constant time and no memory of the heap. A relay takes about 7 KB beside its two
/// to four channels.
///
/// \par Executor
/// All work is done on the server's executor, get_executor(), on which both sides are.
///
/// \par Object lifetimes
/// A relay may outlive its server, which closes its channels, and the context of that. It ends with
/// its channels.
///
/// \par Thread safety
/// Every member may be called from any thread and from any handler. No function waits for a handler
/// to return.
///
/// \par fork()
/// A child may destroy what it inherited.
class RTPSYNTH_API rtp_relay {
public:
    using endpoint = boost::asio::ip::udp::endpoint;
    using executor_type = rtp_channel::executor_type;

    /// Longest datagram that is forwarded, as it arrives, in bytes.
    static constexpr std::size_t max_packet_size = 2048;

    /// Binds all sockets. What arrives before that is done is counted as relay_leg_stats::unsent.
    /// \throws std::invalid_argument naming the option; what rtp_server::create_channel throws;
    /// std::bad_alloc
    rtp_relay(rtp_server& server, const rtp_relay_options& options);
    /// The same on ports out of \p ports: a pair for a side, with rtcp_mux a single one.
    /// \throws as above; what port_range::create_pair throws
    rtp_relay(rtp_server& server, port_range& ports, const rtp_relay_options& options);

    /// Calls close(). On return no call of a handler begins any more; one that is running on
    /// another thread may still end.
    ~rtp_relay();
    rtp_relay(const rtp_relay&) = delete;
    rtp_relay& operator=(const rtp_relay&) = delete;

    /// The server's.
    executor_type get_executor() const noexcept;

    /// Where a side is to send RTP; unchanged by close().
    endpoint local_endpoint(relay_leg leg) const noexcept;
    /// The channel of a side, for its counters. What else is done with it is done to the relay.
    rtp_channel& channel(relay_leg leg) const noexcept;
    /// The same of RTCP; with rtcp_mux it is the same channel.
    rtp_channel& rtcp_channel(relay_leg leg) const noexcept;

    /// Where packets for a side are sent to: to where its own come from or, before that is known
    /// or with latch_policy::none, to its peer. nullopt: not known yet.
    std::optional<endpoint> target(relay_leg leg) const noexcept;

    /// The signalling says that the peer of a side is at \p peer from now on. If it said so before,
    /// nothing changes; otherwise the latch begins anew.
    ///
    /// \par Errors
    /// Those of rtp_channel::set_target. Nothing is changed then.
    [[nodiscard]] boost::system::error_code set_peer(relay_leg leg, const endpoint& peer) noexcept;

    /// Protects the packets of a side in another way from now on, as after a re-INVITE with new
    /// keys; nullptr: not at all.
    void set_protection(relay_leg leg, std::shared_ptr<packet_protection> protection) noexcept;

    /// Closes all channels as rtp_channel::close does.
    /// \return false if they were closed before
    bool close() noexcept;

    /// What came from a side. The counters are those of one moment.
    relay_leg_stats stats(relay_leg leg) const noexcept;
    /// Loss and jitter of what a side's present source sends; see stream_rewriter::source_stats().
    receiver_stats source_stats(relay_leg leg) const noexcept;

private:
    class impl;

    explicit rtp_relay(std::shared_ptr<impl> self) noexcept;

    std::shared_ptr<impl> impl_;
};

} // namespace rtpsynth::asio_server
