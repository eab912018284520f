/// \file
/// A non-blocking UDP socket with what Asio's does not reach: recvmmsg, segmentation, the kernel's
/// counters.
#pragma once

#include "io/adapt_endpoint.hpp"
#include "io/capabilities.hpp"
#include "io/linux/receive_buffers.hpp"

#include <rtpsynth/asio_server/channel/datagram.hpp>
#include <rtpsynth/asio_server/channel/options.hpp>

#include <rtpsynth/base/clock.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace rtpsynth::asio_server::detail {

inline constexpr io_capabilities capabilities{.name = "linux",
                                              .kernel_timestamps = true,
                                              .report_unreachable = true,
                                              .dscp = true,
                                              .reuse_port = true,
                                              .coalesce = true,
                                              .segments = true,
                                              .counts_overflow = true,
                                              .connects = true,
                                              .descriptors_of_server = 3};

/// Threads: none; a channel's lock.
class udp_socket {
public:
    using endpoint = boost::asio::ip::udp::endpoint;
    using error_code = boost::system::error_code;

    /// Opens, sets and binds. \throws boost::system::system_error
    udp_socket(const boost::asio::any_io_executor&, const channel_options& options);
    ~udp_socket() { close(); }
    udp_socket(const udp_socket&) = delete;
    udp_socket& operator=(const udp_socket&) = delete;

    bool is_open() const noexcept { return fd_ >= 0; }
    int descriptor() const noexcept { return fd_; }
    const endpoint& local_endpoint() const noexcept { return local_; }
    void close() noexcept;
    /// Closes the copy of the descriptor that a child of fork() has inherited.
    void abandon() noexcept { close(); }

    /// Brings \p to into the socket's own family. \return the error to refuse it with
    error_code adapt(endpoint& to) const noexcept { return adapt_endpoint(to, local_, v6_only_); }

    /// Has the kernel drop what others than \p peer send, where that changes nothing else: only for
    /// a socket bound to an address and a port that were both named. What is queued may be from
    /// others. It does nothing where that is not possible.
    void accept_only(const endpoint& peer) noexcept;

    /// What became of datagrams given to send: the first \p sent of them left; an error is that of
    /// the next one.
    struct outcome {
        std::size_t sent;
        error_code error; // would_block: wait until the socket is writable
    };
    /// Sends datagrams of \p size bytes that lie one behind the other in \p bytes.
    outcome send(std::span<const std::uint8_t> bytes, std::size_t size, std::size_t count,
                 const endpoint& to) noexcept;
    static constexpr std::size_t longest_run = 64; // UDP_MAX_SEGMENTS of Linux before 6.9

    /// Waits until it can perhaps send, \p longest at most. False: the time is over.
    bool wait_writable(duration longest) noexcept;

    /// Reads up to \p want messages; with coalescing, fewer of several datagrams each. What is
    /// returned is valid until the next receive with these buffers; if it is empty, \p error says
    /// why: would_block if there is nothing to read.
    std::span<datagram_view> receive(receive_buffers& buffers, std::size_t want, time_point now,
                                     error_code& error);

    /// Takes the pending error, as the next call would report it.
    error_code take_error() noexcept;

    /// Datagrams dropped since the receive buffer was full, modulo 2^32.
    std::uint32_t dropped() const noexcept;
    std::size_t receive_buffer_size() const noexcept;
    std::size_t send_buffer_size() const noexcept;

private:
    int send_one(std::span<const std::uint8_t> bytes, std::size_t segment,
                 const endpoint& to) noexcept;
    int receive_some(receive_buffers& buffers, std::size_t want) noexcept;
    bool may_retry(int error, bool& again) const noexcept;
    bool passes_over(int error) const noexcept;
    void disconnect() noexcept;
    int take_unreachable() noexcept;
    void configure(const channel_options& options);
    std::size_t buffer_size(int option) const noexcept;

    int fd_ = -1;
    endpoint local_;
    std::optional<endpoint> peer_; // the socket is connected to it
    bool may_connect_ = false;
    std::size_t segmentable_ = max_segment; // larger datagrams are not sent as segments
    bool kernel_timestamps_ = false;
    bool coalesce_ = false;
    bool v6_only_ = false;
    bool report_unreachable_ = false;

    static constexpr std::size_t max_segment = 65507;
};

} // namespace rtpsynth::asio_server::detail
