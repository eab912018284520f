/// \file
/// One UDP socket that sends and receives a stream's datagrams.
#pragma once

#include <rtpsynth/asio_server/channel/datagram.hpp>
#include <rtpsynth/asio_server/channel/options.hpp>
#include <rtpsynth/asio_server/channel/stats.hpp>
#include <rtpsynth/base/compiler.h>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>

namespace rtpsynth::asio_server {

namespace detail {
class channel_impl;
class engine;
} // namespace detail

/// Largest datagram that can be sent: UDP over IPv4.
inline constexpr std::size_t max_datagram_size = 65507;

/// A channel of an rtp_server, made by rtp_server::create_channel. It is always held by a
/// std::shared_ptr; when the last one goes, the channel closes. So a handler that keeps one to its
/// own channel keeps it open for good; it need not, since it is called with the channel.
///
/// Errors are those of Asio: `would_block` for a full queue, `not_connected` without a target,
/// `bad_descriptor` after close() or the server's shutdown, `message_size`, `no_memory`,
/// `operation_aborted`. The async_ functions throw std::bad_alloc if there is no memory to start an
/// operation, which then is not started.
/// What the kernel says of a datagram that left the queue is counted, kept in stats(), and told to
/// async_send.
///
/// A completion handler runs on its associated executor, or else on the server's. The context of
/// such an executor must have run out of work before it is destroyed.
///
/// Threads: every member may be called from any thread and from inside any handler, several at
/// once. Nothing here waits for a handler to return.
class RTPSYNTH_API rtp_channel {
public:
    using endpoint = boost::asio::ip::udp::endpoint;
    using executor_type = boost::asio::any_io_executor;

    ~rtp_channel();
    rtp_channel(const rtp_channel&) = delete;
    rtp_channel& operator=(const rtp_channel&) = delete;

    /// The server's.
    executor_type get_executor() const noexcept;

    /// Where the socket is bound; stays as it was after close().
    endpoint local_endpoint() const noexcept;

    /// False after close() or the server's shutdown.
    bool is_open() const noexcept;

    /// Where try_send and async_send send to from now on; what is queued goes where it went. An
    /// IPv4 target of an IPv6 socket is mapped (RFC 4291 §2.5.5.2).
    /// \return address_family_not_supported, or invalid_argument for port 0; then nothing changed
    boost::system::error_code set_target(const endpoint& target) noexcept;
    std::optional<endpoint> target() const noexcept;

    /// Queues a copy of \p data, 0..max_datagram_size bytes, to the target or to \p to. Never
    /// blocks. Datagrams leave in the order they were queued, on the server's next tick, or at once
    /// in immediate mode; runs of equal size to one destination leave as one system call.
    /// \return nothing, or why it was not accepted; then nothing changed but a counter
    boost::system::error_code try_send(std::span<const std::uint8_t> data) noexcept;
    boost::system::error_code try_send_to(std::span<const std::uint8_t> data,
                                          const endpoint& to) noexcept;

    /// Queues \p data as try_send does, waiting for room where the queue is full; the bytes must
    /// stay valid until completion. Completes with what the kernel said when it was handed over.
    ///
    /// Completion signature: `void(boost::system::error_code)`. Cancellation (terminal, partial or
    /// total) before the datagram was handed over: it will not be sent.
    template <class CompletionToken>
    auto async_send(std::span<const std::uint8_t> data, CompletionToken&& token) {
        return boost::asio::async_initiate<CompletionToken, void(boost::system::error_code)>(
            [this](auto handler, std::span<const std::uint8_t> bytes) {
                start_send(bytes, nullptr, std::move(handler));
            },
            token, data);
    }
    template <class CompletionToken>
    auto async_send_to(std::span<const std::uint8_t> data, const endpoint& to,
                       CompletionToken&& token) {
        return boost::asio::async_initiate<CompletionToken, void(boost::system::error_code)>(
            [this](auto handler, std::span<const std::uint8_t> bytes, const endpoint& where) {
                start_send(bytes, &where, std::move(handler));
            },
            token, data, to);
    }

    /// Waits for the next datagram. For a channel that was made without a handler; on one with a
    /// handler it completes with `operation_not_supported`. Several may be outstanding; they
    /// complete in the order they were started, whichever threads start and cancel them. While none
    /// is, at most 32 datagrams are read ahead
    /// (some more with channel_options::coalesce) and the rest wait in the kernel. Errors of the
    /// socket complete one operation each.
    ///
    /// Completion signature: `void(boost::system::error_code, datagram)`. Cancellation (terminal,
    /// partial or total): no datagram is lost.
    template <class CompletionToken>
    auto async_receive(CompletionToken&& token) {
        return boost::asio::async_initiate<CompletionToken,
                                           void(boost::system::error_code, datagram)>(
            [this](auto handler) { start_receive(std::move(handler)); }, token);
    }

    /// Completes all outstanding operations with operation_aborted. What was queued by them and has
    /// not left is not sent; what try_send queued is.
    void cancel() noexcept;

    /// Sends what was accepted, waiting for the kernel for at most 0.1 s, closes the socket and
    /// completes outstanding receives with operation_aborted. On return the port is free and no
    /// call of the handler begins any more; one that runs already may still end and is not waited
    /// for.
    /// \return false if it was closed before
    bool close() noexcept;

    /// Each number is exact, but the counters are not sampled atomically.
    channel_stats stats() const noexcept;

    /// Bytes, as the kernel counts them; 0 after close().
    std::size_t receive_buffer_size() const noexcept;
    std::size_t send_buffer_size() const noexcept;

    /// The source locked to under source_policy::first.
    std::optional<endpoint> locked_source() const noexcept;
    /// Forgets it, so that the next one that proves itself is locked to.
    void reset_source_lock() noexcept;

private:
    friend detail::channel_impl;
    friend detail::engine;

    using send_handler = boost::asio::any_completion_handler<void(boost::system::error_code)>;
    using receive_handler =
        boost::asio::any_completion_handler<void(boost::system::error_code, datagram)>;

    explicit rtp_channel(std::unique_ptr<detail::channel_impl> impl) noexcept;
    void start_send(std::span<const std::uint8_t> data, const endpoint* to, send_handler handler);
    void start_receive(receive_handler handler);

    std::unique_ptr<detail::channel_impl> impl_;
};

} // namespace rtpsynth::asio_server
