/// \file
/// A non-blocking UDP socket with what Asio's does not reach: recvmmsg, segmentation, the kernel's
/// counters.
#pragma once

#include "io/receive_buffers.hpp"

#include <rtpsynth/asio_server/channel/datagram.hpp>
#include <rtpsynth/asio_server/channel/options.hpp>

#include <boost/asio/ip/udp.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace rtpsynth::asio_server::detail {

/// Threads: none; a channel's lock.
class udp_socket {
public:
    using endpoint = boost::asio::ip::udp::endpoint;

    /// Opens, sets and binds. \throws boost::system::system_error
    explicit udp_socket(const channel_options& options);
    ~udp_socket() { close(); }
    udp_socket(const udp_socket&) = delete;
    udp_socket& operator=(const udp_socket&) = delete;

    bool is_open() const noexcept { return fd_ >= 0; }
    int native_handle() const noexcept { return fd_; }
    const endpoint& local_endpoint() const noexcept { return local_; }
    void close() noexcept;

    /// Brings \p to into the socket's own family. \return the error to refuse it with
    boost::system::error_code adapt(endpoint& to) const noexcept;

    /// What became of datagrams given to send: the first \p sent of them left; an error is that of
    /// the next one.
    struct outcome {
        std::size_t sent;
        int error; // an errno; 0: all left
    };
    /// Sends datagrams of \p size bytes that lie one behind the other in \p bytes.
    outcome send(std::span<const std::uint8_t> bytes, std::size_t size, std::size_t count,
                 const endpoint& to) noexcept;
    static constexpr std::size_t longest_run = 64; // UDP_MAX_SEGMENTS of Linux before 6.9

    /// Waits until it can perhaps send, \p milliseconds at most. False: the time is over.
    bool wait_writable(int milliseconds) noexcept;

    /// Reads up to \p want messages; with coalescing, fewer of several datagrams each. What is
    /// returned is valid until the next receive with these buffers; if it is empty, \p error is an
    /// errno.
    std::span<datagram_view> receive(receive_buffers& buffers, std::size_t want, time_point now,
                                     int& error);

    /// Takes the pending error, as the next call would report it; 0: none.
    int take_error() noexcept;

    /// Datagrams dropped since the receive buffer was full, modulo 2^32.
    std::uint32_t dropped() const noexcept;
    /// SO_RCVBUF or SO_SNDBUF.
    std::size_t buffer_size(int option) const noexcept;

private:
    int send_one(std::span<const std::uint8_t> bytes, std::size_t segment,
                 const endpoint& to) noexcept;
    int receive_some(receive_buffers& buffers, std::size_t want) noexcept;
    bool may_retry(int error, bool& again) const noexcept;
    int take_unreachable() noexcept;
    void configure(const channel_options& options);

    int fd_ = -1;
    endpoint local_;
    std::size_t segmentable_ = max_segment; // larger datagrams are not sent as segments
    bool kernel_timestamps_ = false;
    bool coalesce_ = false;
    bool v6_only_ = false;
    bool report_unreachable_ = false;

    static constexpr std::size_t max_segment = 65507;
};

} // namespace rtpsynth::asio_server::detail
