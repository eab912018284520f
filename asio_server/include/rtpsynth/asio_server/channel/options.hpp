/// \file
/// What a channel is made with.
#pragma once

#include <rtpsynth/asio_server/channel/source_lock.hpp>

#include <boost/asio/ip/udp.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>

namespace rtpsynth::asio_server {

/// What a channel is made with. Everything has a default: `{}` is a channel on a port of the
/// system's choice. New members are added at the end, so designated initialisers stay valid.
struct channel_options {
    static constexpr std::size_t max_queue_size = std::size_t{1} << 20;
    static constexpr std::size_t max_buffer_size = std::size_t{1} << 30; ///< of a socket, in bytes
    static constexpr std::uint8_t max_dscp = 63;

    /// Where the socket is bound; port 0: the system chooses one. An IPv6 socket bound to `::`
    /// serves IPv4 as well, unless v6_only is set.
    boost::asio::ip::udp::endpoint bind{boost::asio::ip::udp::v4(), 0};

    /// Most datagrams that are accepted for sending and not yet handed to the kernel, 1..2^20. The
    /// next one is refused and counted as channel_stats::queue_full. Python's create_channel takes
    /// powers of two only, as the package it is compatible with does.
    std::size_t queue_size = 32;

    /// SO_RCVBUF and SO_SNDBUF in bytes, 1..2^30; nullopt: the system's default. Linux doubles the
    /// number and limits it to net.core.rmem_max or wmem_max, unless the process has CAP_NET_ADMIN.
    /// rtp_channel::receive_buffer_size() and send_buffer_size() tell what it became.
    std::optional<std::size_t> receive_buffer_size = std::nullopt;
    std::optional<std::size_t> send_buffer_size = std::nullopt;

    /// Differentiated services code point (RFC 2474), 0..63; nullopt: the system's default. 46 is
    /// Expedited Forwarding (RFC 3246), the usual one for telephony.
    std::optional<std::uint8_t> dscp = std::nullopt;

    /// SO_REUSEPORT: several channels on one port, between which the kernel spreads the sources.
    bool reuse_port = false;

    /// IPV6_V6ONLY, for a socket of that family.
    bool v6_only = false;

    /// Times of reception from the kernel (SO_TIMESTAMPNS), converted to CLOCK_MONOTONIC, instead
    /// of the time at which the socket was found readable. Linux begins to stamp a moment after the
    /// machine's first socket asks for it; earlier datagrams have the time at which they were read.
    bool kernel_timestamps = false;

    /// UDP_GRO: a run of datagrams of one sender crosses the kernel as one. That saves most of the
    /// cost of a stream of bursts and nothing of others. The kernel then counts a lost run as one
    /// datagram in channel_stats::overflow.
    bool coalesce = false;

    /// IP_RECVERR: what ICMP says of datagrams sent earlier, such as `connection_refused` where
    /// nobody listens on the port, is a receive error of the channel. Without it nothing is
    /// reported. No datagram that is being sent is lost by it.
    bool report_unreachable = false;

    /// Whose datagrams are accepted; by default everybody's. With source_policy::first, of the
    /// packets that prove a source only the last is delivered: by default three are lost.
    source_lock_options source_lock{};
};

} // namespace rtpsynth::asio_server
