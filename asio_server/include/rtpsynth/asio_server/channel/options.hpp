/// \file
/// Options of a channel.
#pragma once

#include <rtpsynth/asio_server/channel/source_lock.hpp>

#include <boost/asio/ip/udp.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>

namespace rtpsynth::asio_server {

/// Options of a channel. Everything has a default: `{}` is a channel on a port that the system
/// chooses. New members are added at the end, so designated initialisers stay valid.
struct channel_options {
    static constexpr std::size_t max_queue_size = std::size_t{1} << 20;
    static constexpr std::size_t max_buffer_size = std::size_t{1} << 30; ///< bytes
    static constexpr std::uint8_t max_dscp = 63;

    /// The address and port to bind; port 0: the system chooses one. An IPv6 socket bound to `::`
    /// also receives IPv4, unless v6_only is set.
    boost::asio::ip::udp::endpoint bind{boost::asio::ip::udp::v4(), 0};

    /// The maximum number of datagrams that are accepted for sending and not yet passed to the
    /// kernel, 1..2^20. Further ones are rejected and counted as channel_stats::queue_full.
    /// Python's create_channel accepts only powers of two, as the package does with which it is
    /// compatible.
    std::size_t queue_size = 32;

    /// SO_RCVBUF and SO_SNDBUF in bytes, 1..2^30; nullopt: the system's default. Linux doubles the
    /// number and limits it to net.core.rmem_max or wmem_max, unless the process has CAP_NET_ADMIN.
    /// rtp_channel::receive_buffer_size() and send_buffer_size() return the actual size.
    std::optional<std::size_t> receive_buffer_size = std::nullopt;
    std::optional<std::size_t> send_buffer_size = std::nullopt;

    /// Differentiated services code point (RFC 2474), 0..63; nullopt: the system's default.
    /// Telephony usually has 46, Expedited Forwarding (RFC 3246).
    std::optional<std::uint8_t> dscp = std::nullopt;

    /// SO_REUSEPORT: several channels on one port. The kernel distributes remote addresses among
    /// them.
    bool reuse_port = false;

    /// IPV6_V6ONLY, for an IPv6 socket.
    bool v6_only = false;

    /// Takes times of reception from the kernel (SO_TIMESTAMPNS), converted to CLOCK_MONOTONIC,
    /// instead of the time at which the socket was found readable. Linux starts timestamping a
    /// moment after the first socket of the machine asks for it; earlier datagrams have the time at
    /// which they were read.
    bool kernel_timestamps = false;

    /// UDP_GRO: consecutive datagrams of one sender pass through the kernel as one. This saves most
    /// of the cost of a stream that comes in bursts, and nothing otherwise. The kernel then counts
    /// several lost datagrams as one in channel_stats::overflow.
    bool coalesce = false;

    /// IP_RECVERR: reports ICMP errors of sent datagrams, such as `connection_refused` where nobody
    /// listens on the port, as receive errors of the channel. Without it nothing is reported. It
    /// never causes a datagram that is being sent to be lost.
    bool report_unreachable = false;

    /// Which senders are accepted; by default all. With source_policy::first, only the last of the
    /// packets that validate a sender is delivered: by default the first three are lost.
    source_lock_options source_lock{};
};

} // namespace rtpsynth::asio_server
