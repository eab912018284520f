/// \file
/// Allocates RTP and RTCP ports from a range.
#pragma once

#include <rtpsynth/asio_server/channel/detail/receive_handler.hpp>
#include <rtpsynth/asio_server/channel/options.hpp>
#include <rtpsynth/asio_server/channel/rtp_channel.hpp>
#include <rtpsynth/base/compiler.h>

#include <boost/asio/ip/address.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>

namespace rtpsynth::asio_server {

class rtp_server;

/// The channels of one RTP session: `auto [rtp, rtcp] = ports.create_pair(…)`.
struct channel_pair {
    std::shared_ptr<rtp_channel> rtp;  ///< on an even port
    std::shared_ptr<rtp_channel> rtcp; ///< on the port after it
};

/// Options of a port_range. New members are added at the end.
struct port_range_options {
    boost::asio::ip::address address{}; ///< where channels are bound; the default is `0.0.0.0`
    std::uint16_t first = 16384;        ///< 1..65535
    std::uint16_t last = 32767;         ///< first..65535; included in the range

    /// Allocate single ports, odd ones too: for programs whose sessions all have RTP and RTCP on
    /// one port (rtcp-mux, RFC 5761).
    bool single = false;
};

/// State of a port_range. A place is a pair of ports, or one port with port_range_options::single.
struct port_range_stats {
    std::size_t places = 0; ///< all places
    std::size_t in_use = 0; ///< places of open channels of this range
    std::size_t taken = 0;  ///< places that other sockets held when they were last tried
};

/// Makes channels on ports of a range: a pair for RTP and RTCP (RFC 3550 §11: an even port and the
/// next one) or one for both.
///
/// Places are allocated round robin: the one freed last is the last to be reused, so that late
/// packets of an ended call do not reach a new one. A place is free when its channels have closed,
/// by close(), async_close(), their server's shutdown(), or because no shared_ptr is left.
///
/// The system decides whether a port is free when it is bound. If another program has a port of a
/// place, the place is skipped and set aside. Whenever a place is freed, one that was set aside is
/// queued behind it and will be tried again in its turn. If no other place is left, up to 16 of
/// those set aside are tried at once.
///
/// \par Complexity
/// A call binds the sockets that it returns, and otherwise takes constant time, however many ports
/// this range uses. If it uses all of them, the call fails without a system call. In addition there
/// is one failed bind for each place that another program has: at worst, for all that were not
/// tried yet.
///
/// \par Object lifetimes
/// Channels may outlive their port_range.
///
/// \par Thread safety
/// Every member may be called from any thread and from any handler, for any number of servers.
///
/// \par fork()
/// A child may destroy an inherited port_range, and must make its own to create channels.
class RTPSYNTH_API port_range {
public:
    /// \throws std::invalid_argument naming the option, also if the range contains no pair
    explicit port_range(const port_range_options& options);
    ~port_range();
    port_range(const port_range&) = delete;
    port_range& operator=(const port_range&) = delete;

    /// Makes two channels of \p server, both or none.
    ///
    /// Handlers are those of rtp_server::create_channel. Neither is called before both ports are
    /// bound. \p options apply to both channels, except `bind`, which is ignored.
    ///
    /// \throws boost::system::system_error `address_in_use` if no place is free, or
    ///         `access_denied` if that was the system's error for the last place tried;
    ///         std::invalid_argument if port_range_options::single or channel_options::reuse_port
    ///         is set; what rtp_server::create_channel throws
    template <class RtpHandler, class RtcpHandler>
    channel_pair create_pair(rtp_server& server, const channel_options& options, RtpHandler&& rtp,
                             RtcpHandler&& rtcp) {
        return make_pair(server, options,
                         detail::make_receive_handler(std::forward<RtpHandler>(rtp)),
                         detail::make_receive_handler(std::forward<RtcpHandler>(rtcp)));
    }
    /// The same for channels that are read with rtp_channel::async_receive. \throws as above
    channel_pair create_pair(rtp_server& server, const channel_options& options = {}) {
        return make_pair(server, options, nullptr, nullptr);
    }

    /// Makes one channel of \p server, for RTP and RTCP. In a range of pairs it has the even port
    /// of a pair, and the odd port stays unused meanwhile. \throws as create_pair
    template <class Handler>
    std::shared_ptr<rtp_channel> create_channel(rtp_server& server, const channel_options& options,
                                                Handler&& handler) {
        return make_single(server, options,
                           detail::make_receive_handler(std::forward<Handler>(handler)));
    }
    /// The same for a channel that is read with rtp_channel::async_receive. \throws as create_pair
    std::shared_ptr<rtp_channel> create_channel(rtp_server& server,
                                                const channel_options& options = {}) {
        return make_single(server, options, nullptr);
    }

    port_range_stats stats() const noexcept;

private:
    class impl;
    using handler_ptr = std::unique_ptr<detail::receive_handler>;

    channel_pair make_pair(rtp_server& server, const channel_options& options, handler_ptr rtp,
                           handler_ptr rtcp);
    std::shared_ptr<rtp_channel> make_single(rtp_server& server, const channel_options& options,
                                             handler_ptr handler);

    std::shared_ptr<impl> impl_;
};

} // namespace rtpsynth::asio_server
