/// \file
/// A UDP socket that sends and receives RTP datagrams.
#pragma once

#include <rtpsynth/asio_server/channel/datagram.hpp>
#include <rtpsynth/asio_server/channel/options.hpp>
#include <rtpsynth/asio_server/channel/stats.hpp>
#include <rtpsynth/asio_server/server/detail/initiation.hpp>
#include <rtpsynth/base/compiler.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

namespace rtpsynth::asio_server {

namespace detail {
class channel_impl;
class engine;
} // namespace detail

/// Largest datagram that can be sent, in bytes: UDP over IPv4.
inline constexpr std::size_t max_datagram_size = 65507;

/// A channel of an rtp_server: one UDP socket, made by rtp_server::create_channel.
///
/// \par Completion tokens
/// Every `async_` function takes any completion token. Without one it returns a deferred operation,
/// to be used with `co_await`. Operations use the handler's associated allocator and support its
/// cancellation slot.
///
/// \par Executor
/// A completion handler runs on its associated executor, by default get_executor(), and never
/// inside the initiating function. If the handler has an executor of its own, the completion is
/// posted to that directly. The context of that executor must run out of work before it is
/// destroyed.
///
/// \par Errors
/// Errors are Asio's: `would_block` for a full queue, `not_connected` without a target,
/// `bad_descriptor` after close() or the server's shutdown, `message_size`, `no_memory`,
/// `operation_aborted`. The kernel's errors for a datagram that has left the queue are counted,
/// kept in stats() and reported to async_send.
///
/// \par Object lifetimes
/// Held by a `std::shared_ptr`. When the last one is destroyed, the channel closes. A handler that
/// holds one to its own channel would keep it open forever; use the channel argument instead. A
/// channel may outlive its server, which closes it, and the server's context. After the context is
/// destroyed, outstanding handlers have been destroyed without being called, operations complete
/// with `bad_descriptor` on the system executor, and get_executor() returns that executor.
///
/// \par Exception safety
/// The `async_` functions throw `std::bad_alloc` if there is no memory to start an operation, which
/// is then not started.
///
/// If a completion handler throws, or its associated executor when it is given the handler, the
/// exception leaves `run()` of the application's context; on the server's own thread it goes to
/// server_options::on_exception. A handler that its executor refused is destroyed. After
/// `std::bad_alloc` it is given to the executor again.
///
/// \par Thread safety
/// Every member may be called from any thread and from any handler, several at once. No function
/// waits for a handler to return.
class RTPSYNTH_API rtp_channel {
public:
    using endpoint = boost::asio::ip::udp::endpoint;
    using executor_type = boost::asio::any_io_executor;

    ~rtp_channel();
    rtp_channel(const rtp_channel&) = delete;
    rtp_channel& operator=(const rtp_channel&) = delete;

    /// The server's executor.
    executor_type get_executor() const noexcept;

    /// The address and port to which the socket is bound; unchanged by close().
    endpoint local_endpoint() const noexcept;

    /// False after close() or the server's shutdown.
    bool is_open() const noexcept;

    /// Sets the target of try_send and async_send from now on. Datagrams that are already queued go
    /// to the previous target. An IPv4 target of an IPv6 socket is mapped (RFC 4291 §2.5.5.2).
    /// \par Errors
    /// `address_family_not_supported`; `invalid_argument` for port 0; `bad_descriptor` after
    /// close(). The target is then unchanged.
    [[nodiscard]] boost::system::error_code set_target(const endpoint& target) noexcept;
    /// The target that set_target set.
    std::optional<endpoint> target() const noexcept;

    /// Queues a copy of \p data, 0..max_datagram_size bytes, to be sent to the target. Never
    /// blocks.
    ///
    /// Datagrams are sent in the order in which they were queued: on the server's next tick or,
    /// without ticks, at once. Consecutive datagrams of equal size to one destination are sent with
    /// one system call.
    ///
    /// Without ticks, if the queue is empty, the calling thread sends the datagram itself, unless
    /// that would block. Further datagrams within 30 µs are queued for the server, since more may
    /// follow. When a receive handler sends, only the first answer to a lone datagram is sent
    /// directly.
    ///
    /// \par Errors
    /// `would_block` if the queue is full, `not_connected`, `bad_descriptor`, `message_size`,
    /// `no_memory`. The datagram is then not queued. `would_block` is counted as
    /// channel_stats::queue_full.
    [[nodiscard]] boost::system::error_code try_send(std::span<const std::uint8_t> data) noexcept;
    /// The same, to \p to instead of the target.
    ///
    /// \par Errors
    /// Those of try_send and of set_target.
    [[nodiscard]] boost::system::error_code try_send_to(std::span<const std::uint8_t> data,
                                                        const endpoint& to) noexcept;

    /// Queues \p data as try_send does, and completes when it was passed to the kernel. Waits for
    /// room while the queue is full.
    ///
    /// \par Handler signature
    /// `void(boost::system::error_code)`
    ///
    /// \par Cancellation
    /// Terminal, partial and total. A datagram that was not passed to the kernel yet is not sent,
    /// and the operation completes with `operation_aborted`.
    ///
    /// \par Errors
    /// Those of try_send except `would_block`, and the kernel's error for the datagram.
    ///
    /// \par Object lifetimes
    /// The bytes must stay valid until the operation completes.
    template <boost::asio::completion_token_for<void(boost::system::error_code)> CompletionToken =
                  boost::asio::deferred_t>
    auto async_send(std::span<const std::uint8_t> data, CompletionToken&& token = {}) {
        return boost::asio::async_initiate<CompletionToken, void(boost::system::error_code)>(
            detail::initiation<&rtp_channel::start_send>{*this}, token, data);
    }
    /// The same, to \p to instead of the target.
    template <boost::asio::completion_token_for<void(boost::system::error_code)> CompletionToken =
                  boost::asio::deferred_t>
    auto async_send_to(std::span<const std::uint8_t> data, const endpoint& to,
                       CompletionToken&& token = {}) {
        return boost::asio::async_initiate<CompletionToken, void(boost::system::error_code)>(
            detail::initiation<&rtp_channel::start_send_to>{*this}, token, data, to);
    }

    /// Receives one datagram.
    ///
    /// Datagrams are delivered in the order in which they arrived. Several operations may be
    /// outstanding; they complete in the order in which they were started, whichever threads start
    /// and cancel them. While none is outstanding, up to 32 datagrams (some more with
    /// channel_options::coalesce) are buffered here and the rest in the kernel.
    ///
    /// \par Preconditions
    /// The channel was created without a receive handler. Otherwise the operation completes with
    /// `operation_not_supported`.
    ///
    /// \par Handler signature
    /// `void(boost::system::error_code, datagram)`
    ///
    /// \par Cancellation
    /// Terminal, partial and total. A cancelled operation completes with `operation_aborted`; no
    /// datagram is lost.
    ///
    /// \par Errors
    /// `bad_descriptor` after close(), `operation_aborted` when the channel closes meanwhile. An
    /// error that the socket reported (such as `connection_refused`) completes one operation.
    template <boost::asio::completion_token_for<void(boost::system::error_code, datagram)>
                  CompletionToken = boost::asio::deferred_t>
    auto async_receive(CompletionToken&& token = {}) {
        return boost::asio::async_initiate<CompletionToken,
                                           void(boost::system::error_code, datagram)>(
            detail::initiation<&rtp_channel::start_receive>{*this}, token);
    }

    /// Completes all outstanding operations with `operation_aborted`. Unsent datagrams of
    /// async_send are dropped; those of try_send stay queued. An async_close closes at once.
    void cancel() noexcept;

    /// Sends the queued datagrams, closes the socket and completes outstanding receives with
    /// `operation_aborted`. Blocks for up to 0.1 s while the kernel does not accept the datagrams;
    /// the rest is lost and counted as channel_stats::send_errors. After it returns the port is
    /// free and no call of the handler begins; a call that is running may not have ended.
    ///
    /// An outstanding async_close completes as well.
    /// \return false if it was already closed
    bool close() noexcept;

    /// Closes as close() does, without blocking: completes when the port is free.
    ///
    /// From the start of the operation on, nothing is accepted for sending, is_open() is false,
    /// outstanding receives complete, and no call of the handler begins.
    ///
    /// \par Handler signature
    /// `void(boost::system::error_code)`
    ///
    /// \par Cancellation
    /// Terminal, partial and total. Unsent datagrams are lost, the port is freed, and the operation
    /// completes with `operation_aborted`.
    ///
    /// \par Errors
    /// `timed_out` if the kernel did not accept all queued datagrams within 0.1 s; the rest is
    /// lost, and the port is free. `bad_descriptor` if the channel was already closed.
    ///
    /// \par Object lifetimes
    /// The channel lives until the operation completes.
    template <boost::asio::completion_token_for<void(boost::system::error_code)> CompletionToken =
                  boost::asio::deferred_t>
    auto async_close(CompletionToken&& token = {}) {
        return boost::asio::async_initiate<CompletionToken, void(boost::system::error_code)>(
            detail::initiation<&rtp_channel::start_close>{*this}, token);
    }

    /// Each counter is exact, but they are not sampled atomically.
    channel_stats stats() const noexcept;

    /// SO_RCVBUF and SO_SNDBUF in bytes, as the kernel reports them; 0 after close().
    std::size_t receive_buffer_size() const noexcept;
    std::size_t send_buffer_size() const noexcept;

    /// The sender that source_policy::first has locked to; nullopt before that, and with any other
    /// policy.
    std::optional<endpoint> locked_source() const noexcept;
    /// Unlocks. The channel then locks to the next sender that is validated.
    void reset_source_lock() noexcept;

private:
    friend detail::channel_impl;
    friend detail::engine;

    using error_handler = detail::completion_handler<void(boost::system::error_code)>;
    using datagram_handler = detail::completion_handler<void(boost::system::error_code, datagram)>;

    explicit rtp_channel(std::unique_ptr<detail::channel_impl> impl) noexcept;
    void start_send(error_handler handler, std::span<const std::uint8_t> data);
    void start_send_to(error_handler handler, std::span<const std::uint8_t> data,
                       const endpoint& to);
    void start_receive(datagram_handler handler);
    void start_close(error_handler handler);

    std::unique_ptr<detail::channel_impl> impl_;
};

} // namespace rtpsynth::asio_server
