/// \file
/// RTP and RTCP ports out of a range.
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

/// What a port_range is made with. New members are added at the end.
struct port_range_options {
    boost::asio::ip::address address{}; ///< where channels are bound; the default is `0.0.0.0`
    std::uint16_t first = 16384;        ///< 1..65535
    std::uint16_t last = 32767;         ///< first..65535, itself included

    /// Every port is a place of its own, odd ones too: for programs whose sessions all have RTP and
    /// RTCP on one port (rtcp-mux, RFC 5761).
    bool single = false;
};

/// What has become of the places of a port_range: a place is a pair of ports, or one port with
/// port_range_options::single.
struct port_range_stats {
    std::size_t places = 0; ///< there are
    std::size_t in_use = 0; ///< by open channels of this range
    std::size_t taken = 0;  ///< by others, when they were last tried
};

/// Makes channels on ports out of a range, a pair for RTP and RTCP (RFC 3550 §11: an even port and
/// the one after it) or one for both.
///
/// Places are handed out in turns: the one that was freed last is the last to come again, so that
/// late packets of an ended call do not reach a new one. It is free when its channels have closed,
/// whichever way: close(), async_close(), their server's shutdown(), or no shared_ptr any more.
///
/// Whether a port is free otherwise, the system decides when it is bound. A place of which another
/// program has a port is passed over and put aside; each place that is freed puts one of these back
/// behind it, to be tried again when its turn has come. When no other place is left, up to 16 of
/// them are tried at once.
///
/// \par Complexity
/// A call binds what it returns and does the rest in constant time, however many ports are in use
/// by this range, and fails without a system call if that is all of them. It binds in vain once for
/// each place that it finds taken by another program: at worst, all that were not tried before.
///
/// \par Object lifetimes
/// Channels may outlive their port_range.
///
/// \par Thread safety
/// Every member may be called from any thread and from any handler, for any number of servers.
///
/// \par fork()
/// A child may destroy what it inherited. It makes a port_range of its own.
class RTPSYNTH_API port_range {
public:
    /// \throws std::invalid_argument naming the option, also if there is no pair in the range
    explicit port_range(const port_range_options& options);
    ~port_range();
    port_range(const port_range&) = delete;
    port_range& operator=(const port_range&) = delete;

    /// Makes two channels of \p server, both or none.
    ///
    /// Handlers are those of rtp_server::create_channel. Neither is called before both ports are
    /// bound. \p options are those of both channels, but for `bind`, which is not used.
    ///
    /// \throws boost::system::system_error `address_in_use` if no place is free, or
    ///         `access_denied` if that is what the system said of the last one that was tried;
    ///         std::invalid_argument if port_range_options::single or channel_options::reuse_port
    ///         is set; what rtp_server::create_channel throws
    template <class RtpHandler, class RtcpHandler>
    channel_pair create_pair(rtp_server& server, const channel_options& options, RtpHandler&& rtp,
                             RtcpHandler&& rtcp) {
        return make_pair(server, options,
                         detail::make_receive_handler(std::forward<RtpHandler>(rtp)),
                         detail::make_receive_handler(std::forward<RtcpHandler>(rtcp)));
    }
    /// The same, of channels that are read by rtp_channel::async_receive. \throws as above
    channel_pair create_pair(rtp_server& server, const channel_options& options = {}) {
        return make_pair(server, options, nullptr, nullptr);
    }

    /// Makes one channel of \p server, for RTP and RTCP. In a range of pairs it has the even port
    /// of one, whose odd port stays unused meanwhile. \throws as create_pair
    template <class Handler>
    std::shared_ptr<rtp_channel> create_channel(rtp_server& server, const channel_options& options,
                                                Handler&& handler) {
        return make_single(server, options,
                           detail::make_receive_handler(std::forward<Handler>(handler)));
    }
    /// The same, of a channel that is read by rtp_channel::async_receive. \throws as create_pair
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
