/// \file
/// What a channel is made with.
#pragma once

#include <rtpsynth/asio_server/channel/source_lock.hpp>

#include <boost/asio/ip/udp.hpp>

#include <cstddef>
#include <optional>

namespace rtpsynth::asio_server {

/// Everything has a default; the simplest channel is `{}`, on a port of the system's choice.
struct channel_options {
    /// Where the socket is bound; port 0: the system chooses one. An IPv6 socket bound to `::`
    /// serves IPv4 as well, unless v6_only is set.
    boost::asio::ip::udp::endpoint bind{boost::asio::ip::udp::v4(), 0};

    /// Datagrams accepted for sending and not yet handed to the kernel, at most; 1..2^20. The next
    /// one is refused and counted as queue_full. (Python's create_channel takes powers of two only,
    /// as the package it is compatible with does.)
    std::size_t queue_size = 32;

    /// SO_RCVBUF and SO_SNDBUF in bytes, 1..2^30; nullopt: the system's default. Linux doubles
    /// the number and limits it to net.core.rmem_max or wmem_max, unless the process has
    /// CAP_NET_ADMIN. What it became: rtp_channel::receive_buffer_size(), send_buffer_size().
    std::optional<int> receive_buffer_size = std::nullopt;
    std::optional<int> send_buffer_size = std::nullopt;

    /// Differentiated services code point (RFC 2474), 0..63; 46 is Expedited Forwarding (RFC 3246),
    /// what telephony usually asks for.
    std::optional<int> dscp = std::nullopt;

    /// SO_REUSEPORT: several channels on one port, between which the kernel spreads the sources.
    bool reuse_port = false;

    /// IPV6_V6ONLY, for a socket of that family.
    bool v6_only = false;

    /// Times of reception from the kernel (SO_TIMESTAMPNS), converted to CLOCK_MONOTONIC, in place
    /// of the time at which the socket was found readable. Linux begins to stamp a moment after the
    /// machine's first socket asks for it; what arrived before has the time at which it was read.
    bool kernel_timestamps = false;

    /// UDP_GRO: runs of datagrams of one sender cross the kernel as one, which costs a fraction for
    /// a stream of bursts and nothing otherwise. The kernel then counts a lost run as one in
    /// channel_stats::overflow.
    bool coalesce = false;

    /// IP_RECVERR: what ICMP says of datagrams sent earlier, such as connection_refused where
    /// nobody listens on the port, is a receive error of the channel. Without it the system tells
    /// nobody: the socket is not connected. A datagram that is being sent is not lost by it.
    bool report_unreachable = false;

    /// Whose datagrams are accepted; by default everybody's. With source_policy::first the packets
    /// that prove a source are lost but for the last of them: three by default.
    source_lock_options source_lock{};
};

} // namespace rtpsynth::asio_server
