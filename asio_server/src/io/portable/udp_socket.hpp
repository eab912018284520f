/// \file
/// A non-blocking UDP socket that uses only Asio's portable features.
#pragma once

#include "io/adapt_endpoint.hpp"
#include "io/capabilities.hpp"
#include "io/portable/receive_buffers.hpp"
#include "io/portable/socket_watch.hpp"

#include <rtpsynth/asio_server/channel/datagram.hpp>
#include <rtpsynth/asio_server/channel/options.hpp>
#include <rtpsynth/base/clock.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

namespace rtpsynth::asio_server::detail {

inline constexpr io_capabilities capabilities{.name = "portable",
                                              .kernel_timestamps = false,
                                              .report_unreachable = false,
                                              .dscp = false,
                                              .reuse_port = false,
                                              .coalesce = false,
                                              .segments = false,
                                              .counts_overflow = false,
                                              .connects = false,
                                              .descriptors_of_server = 2};

/// Threads: not thread-safe; the channel's lock protects it.
class udp_socket {
public:
    using endpoint = boost::asio::ip::udp::endpoint;
    using error_code = boost::system::error_code;

    /// Opens the socket, sets its options and binds it. \throws boost::system::system_error
    udp_socket(const boost::asio::any_io_executor& executor, const channel_options& options);
    udp_socket(const udp_socket&) = delete;
    udp_socket& operator=(const udp_socket&) = delete;

    bool is_open() const noexcept { return socket_.has_value(); }
    const endpoint& local_endpoint() const noexcept { return local_; }
    void close() noexcept;
    /// Closes the copy of the descriptor that a child of fork() has inherited.
    void abandon() noexcept;

    /// Converts \p to to the socket's family. \return an error if that is impossible
    error_code adapt(endpoint& to) const noexcept { return adapt_endpoint(to, local_, v6_only_); }

    /// No-op here: Asio's connect() cannot be undone on every system.
    void accept_only(const endpoint&) noexcept {}

    /// The result of send(): the first \p sent datagrams were sent; an error is that of the next
    /// one.
    struct outcome {
        std::size_t sent;
        error_code error; // would_block: wait until the socket is writable
    };
    /// Sends datagrams of \p size bytes each that are contiguous in \p bytes.
    outcome send(std::span<const std::uint8_t> bytes, std::size_t size, std::size_t count,
                 const endpoint& to) noexcept;
    static constexpr std::size_t longest_run = 64;

    /// Waits until sending may succeed, \p longest at most. False: the time is over.
    bool wait_writable(duration longest) noexcept;

    /// Reads up to \p want datagrams. The result is valid until the next receive with these
    /// buffers. If it is empty, \p error is the reason: would_block if there is nothing to read.
    std::span<datagram_view> receive(receive_buffers& buffers, std::size_t want, time_point now,
                                     error_code& error);

    /// Returns and clears the pending error.
    error_code take_error() noexcept { return {}; }

    /// Datagrams dropped because the receive buffer was full: unknown.
    std::uint32_t dropped() const noexcept { return 0; }
    std::size_t receive_buffer_size() const noexcept;
    std::size_t send_buffer_size() const noexcept;

private:
    friend class ready_set;

    std::optional<boost::asio::ip::udp::socket> socket_; // none once it is closed
    bool abandoned_ = false;
    endpoint local_;
    bool v6_only_ = false;
    std::shared_ptr<socket_watch> watch_;
};

} // namespace rtpsynth::asio_server::detail
