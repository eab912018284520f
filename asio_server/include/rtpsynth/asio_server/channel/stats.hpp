/// \file
/// Counters of a channel.
#pragma once

#include <boost/system/error_code.hpp>

#include <cstdint>

namespace rtpsynth::asio_server {

/// Counters of a channel since construction. Every datagram is counted once: those that the kernel
/// received are received + rejected + discarded + overflow + those waiting for an async_receive;
/// those that were accepted for sending are sent + send_errors + cancelled + those queued now.
struct channel_stats {
    std::uint64_t received = 0;       ///< delivered to the handler or to an async_receive
    std::uint64_t received_bytes = 0; ///< UDP payload bytes of `received`
    std::uint64_t rejected = 0;       ///< by the source lock; what the kernel filters
                                      ///< (source_policy::target) is not seen, nor counted
    std::uint64_t discarded = 0; ///< read, but the channel closed before they were delivered, or
                                 ///< there was no memory to keep them
    std::uint64_t overflow = 0;  ///< dropped by the kernel because the receive buffer was full
                                 ///< (SO_RXQ_OVFL)
    std::uint64_t receive_errors = 0; ///< errors that reading the socket reported

    std::uint64_t accepted = 0;    ///< datagrams that try_send and async_send accepted
    std::uint64_t sent = 0;        ///< passed to the kernel
    std::uint64_t sent_bytes = 0;  ///< UDP payload bytes of `sent`
    std::uint64_t send_errors = 0; ///< rejected by the kernel, and lost
    std::uint64_t cancelled = 0;   ///< async_send operations cancelled while queued
    std::uint64_t queue_full = 0;  ///< rejected by try_send; not included in `accepted`

    boost::system::error_code last_receive_error{}; ///< the latest of receive_errors
    boost::system::error_code last_send_error{};    ///< the latest of send_errors
};

} // namespace rtpsynth::asio_server
