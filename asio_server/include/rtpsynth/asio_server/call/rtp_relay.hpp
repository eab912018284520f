/// \file
/// A relay of RTP and RTCP between the two sides of a call.
#pragma once

#include <rtpsynth/asio_server/call/relay_options.hpp>
#include <rtpsynth/asio_server/channel/rtp_channel.hpp>
#include <rtpsynth/asio_server/server/detail/initiation.hpp>
#include <rtpsynth/base/compiler.h>
#include <rtpsynth/rtcp/receiver_stats.hpp>

#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>
#include <memory>
#include <optional>

namespace rtpsynth::asio_server {

class port_range;
class rtp_server;

/// Forwards the packets of two sides to each other, for example of two telephones behind NATs:
///
///     rtp_relay relay(server, ports, {.a = {.peer = caller}, .b = {.peer = callee}});
///     // into the SDP for each: relay.local_endpoint(relay_leg::a), …
///
/// *RTP.* A packet from one side is unprotected, checked by source_latch, rewritten by
/// stream_rewriter, protected, and sent to the other side, in the order of arrival. The other side
/// receives one continuous stream of one SSRC, with its own payload types. The server should have
/// no tick (server_options::tick): with one, packets leave up to a tick late. Payloads,
/// telephone events included, are not decoded and not changed, unless the side has
/// relay_leg_options::transcode.
///
/// *Transcoding.* For sides without a common codec. Each packet of a payload type in `transcode` is
/// decoded, resampled if the codecs' audio rates differ, and encoded as one packet of the same
/// duration, number and marker, with the timestamp of the target's clock. Telephone events and
/// comfort noise beside it get timestamps of that clock, too, and events their durations.
/// - A lost packet stays a gap, so that the listener conceals it in time and reports it to its
///   sender. In-band FEC of the lost packet is not used.
/// - A packet that comes after a later one is passed on between PCMU, PCMA and L16 of one rate.
///   Otherwise it is dropped as relay_leg_stats::late, since those codecs and the resampler
///   remember earlier audio.
/// - A packet that the target has no equal of is dropped as relay_leg_stats::undecodable: opus has
///   none of 30 ms, and L16 of 48 kHz only up to 20 ms fits rtp_relay::max_packet_size.
/// - The source may change its codec at any packet; the output goes on without a gap, and a pause
///   keeps its length. That includes audio of the target's clock rate that is passed on, if its
///   payload type is `media` in `stream.formats`, as the static ones are.
/// - A resampler delays the audio by 5 ms where the lower rate is 8 kHz.
///
/// *RTCP* is translated in both directions: a side receives reports and requests (NACK, PLI) about
/// the stream that it sends itself, and can compute its round-trip time to the other side. RTCP is
/// accepted only from the IP address of target(), and with rtcp_mux only from its port; with
/// latch_policy::none from anywhere. Without rtcp_mux it is sent to the port after that of RTP. If
/// RTCP with the SSRC of the side's RTP comes from another port, it is sent to that port from then
/// on.
///
/// *Forged packets.* If a side has a protection, packets that are not authentic are dropped first.
/// For other sides, source_latch describes what an attacker can and cannot do. Packets that the
/// latch rejects are not forwarded.
///
/// \par Complexity
/// A packet takes constant time and no heap memory. A relay takes about 7 KB in addition to its two
/// to four channels, and 34 KB for each side that is transcoded, in addition to its codecs.
///
/// \par Executor
/// Packets of both sides are processed on the server's executor, get_executor().
///
/// \par Object lifetimes
/// A relay may outlive its server, which closes the relay's channels, and the server's context.
/// Once its channels are closed, it forwards nothing.
///
/// \par Thread safety
/// Every member may be called from any thread and from any handler. No function waits for a handler
/// to return.
///
/// \par fork()
/// A child may destroy a relay that it inherited.
class RTPSYNTH_API rtp_relay {
public:
    using endpoint = boost::asio::ip::udp::endpoint;
    using executor_type = rtp_channel::executor_type;

    /// The largest datagram that is forwarded, in bytes, measured before it is unprotected.
    static constexpr std::size_t max_packet_size = 2048;

    /// Binds all sockets. Packets that arrive before the last one is bound are not forwarded, and
    /// count as relay_leg_stats::unsent.
    /// \throws std::invalid_argument naming the option; what rtp_server::create_channel throws;
    ///         boost::system::system_error if a peer cannot be sent to; std::bad_alloc
    rtp_relay(rtp_server& server, const rtp_relay_options& options);
    /// The same on ports of \p ports: for each side a pair, or with rtcp_mux a single port.
    /// \throws as above; what port_range::create_pair throws
    rtp_relay(rtp_server& server, port_range& ports, const rtp_relay_options& options);
    /// The same with a range for each side, for example of two networks. They may be one object.
    rtp_relay(rtp_server& server, port_range& a, port_range& b, const rtp_relay_options& options);

    /// Calls close(), unless an async_close is outstanding, which goes on. No handler of the
    /// options is called after the destructor has returned. A call that is already running on
    /// another thread may return later.
    ~rtp_relay();
    rtp_relay(const rtp_relay&) = delete;
    rtp_relay& operator=(const rtp_relay&) = delete;

    /// The server's executor.
    executor_type get_executor() const noexcept;

    /// The address to which a side must send RTP; unchanged by close().
    endpoint local_endpoint(relay_leg leg) const noexcept;
    /// The RTP channel of a side, for its counters. Other calls of it, such as set_target(),
    /// interfere with the relay.
    rtp_channel& channel(relay_leg leg) const noexcept;
    /// The RTCP channel of a side; with rtcp_mux the same as channel().
    rtp_channel& rtcp_channel(relay_leg leg) const noexcept;

    /// The address that RTP for a side is sent to: the latched source or, if there is none, the
    /// peer. nullopt: neither is known.
    std::optional<endpoint> target(relay_leg leg) const noexcept;

    /// Sets the signalled address of a side's peer. If it differs from the previous one, the latch
    /// forgets its source and starts anew; otherwise nothing changes.
    ///
    /// \par Errors
    /// Those of rtp_channel::set_target, with nothing changed.
    [[nodiscard]] boost::system::error_code set_peer(relay_leg leg, const endpoint& peer) noexcept;

    /// Replaces the protection of a side, for example after a re-INVITE with new keys. nullptr:
    /// packets are plain from now on.
    void set_protection(relay_leg leg, std::shared_ptr<packet_protection> protection) noexcept;

    /// Closes all channels as rtp_channel::close does.
    /// An outstanding async_close completes as well.
    /// \return false if they were already closed
    bool close() noexcept;

    /// Closes all channels as rtp_channel::async_close does, without blocking: completes when all
    /// ports are free. From the start of the operation on, nothing is forwarded.
    ///
    /// \par Handler signature
    /// `void(boost::system::error_code)`
    ///
    /// \par Executor
    /// The handler runs on its associated executor, by default get_executor(), and never inside the
    /// initiating function.
    ///
    /// \par Cancellation
    /// Terminal, partial and total. Unsent packets are lost, all ports are freed, and the operation
    /// completes with `operation_aborted`.
    ///
    /// \par Errors
    /// `timed_out` if the kernel did not accept all queued packets of a channel within 0.1 s; they
    /// are lost, and the ports are free. `bad_descriptor` if the relay was already closed.
    ///
    /// \par Object lifetimes
    /// The relay may be destroyed while the operation is outstanding: the operation goes on.
    ///
    /// \par Exception safety
    /// Throws `std::bad_alloc` if there is no memory for the operation, which is then not started.
    /// A channel that has no memory for its part of the operation closes as close() does.
    template <boost::asio::completion_token_for<void(boost::system::error_code)> CompletionToken =
                  boost::asio::deferred_t>
    auto async_close(CompletionToken&& token = {}) {
        return boost::asio::async_initiate<CompletionToken, void(boost::system::error_code)>(
            detail::initiation<&rtp_relay::start_close>{*this}, token);
    }

    /// The counters of a side, sampled atomically.
    relay_leg_stats stats(relay_leg leg) const noexcept;
    /// Loss and jitter of the packets from a side's current source; see
    /// stream_rewriter::source_stats().
    receiver_stats source_stats(relay_leg leg) const noexcept;

private:
    class impl;
    using error_handler = detail::completion_handler<void(boost::system::error_code)>;

    explicit rtp_relay(std::shared_ptr<impl> self) noexcept;
    void start_close(error_handler handler);

    std::shared_ptr<impl> impl_;
};

} // namespace rtpsynth::asio_server
