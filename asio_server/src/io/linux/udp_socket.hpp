/// \file
/// A non-blocking UDP socket with features that Asio's lacks: recvmmsg, segmentation, the kernel's
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

/// Threads: not thread-safe; the channel's lock protects it.
class udp_socket {
public:
    using endpoint = boost::asio::ip::udp::endpoint;
    using error_code = boost::system::error_code;

    /// Opens the socket, sets its options and binds it. \throws boost::system::system_error
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

    /// Converts \p to to the socket's family. \return an error if that is impossible
    error_code adapt(endpoint& to) const noexcept { return adapt_endpoint(to, local_, v6_only_); }

    /// Makes the kernel drop datagrams that do not come from \p peer. Only if the socket was bound
    /// to a given address and port, since it would have other effects otherwise; no-op if it is not
    /// possible. Datagrams that are already queued may come from others.
    void accept_only(const endpoint& peer) noexcept;

    /// The result of send(): the first \p sent datagrams were sent; an error is that of the next
    /// one.
    struct outcome {
        std::size_t sent;
        error_code error; // would_block: wait until the socket is writable
    };
    /// Sends datagrams of \p size bytes each that are contiguous in \p bytes.
    outcome send(std::span<const std::uint8_t> bytes, std::size_t size, std::size_t count,
                 const endpoint& to) noexcept;
    static constexpr std::size_t longest_run = 64; // UDP_MAX_SEGMENTS of Linux before 6.9

    /// Waits until sending may succeed, \p longest at most. False: the time is over.
    bool wait_writable(duration longest) noexcept;

    /// Reads up to \p want messages; with coalescing, fewer messages of several datagrams each. The
    /// result is valid until the next receive with these buffers. If it is empty, \p error is the
    /// reason: would_block if there is nothing to read.
    std::span<datagram_view> receive(receive_buffers& buffers, std::size_t want, time_point now,
                                     error_code& error);

    /// Returns and clears the pending error.
    error_code take_error() noexcept;

    /// Datagrams dropped because the receive buffer was full, modulo 2^32.
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
