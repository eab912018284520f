/// \file
/// A channel with a jitter buffer: an application awaits frames in sequence order.
#pragma once

#include <rtpsynth/asio_server/channel/datagram.hpp>
#include <rtpsynth/asio_server/channel/rtp_channel.hpp>
#include <rtpsynth/asio_server/server/detail/initiation.hpp>
#include <rtpsynth/asio_server/server/rtp_server.hpp>
#include <rtpsynth/base/compiler.h>
#include <rtpsynth/jitter/buffer.hpp>
#include <rtpsynth/rtp/datagram_kind.hpp>

#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <variant>

namespace rtpsynth::asio_server {

/// A packet in sequence order, with its datagram: `owner.source()` is the sender's address,
/// `owner.received_at()` the time of arrival.
using rtp_frame = jitter_buffer<datagram>::frame;

/// The next frame: an rtp_frame, or an erasure in place of packets that will not come.
/// `std::monostate` only together with an error.
using media_frame = std::variant<std::monostate, rtp_frame, erasure>;

/// Counters of a frame_receiver since construction. Every datagram that the channel received is
/// counted once: received = jitter_buffer.received + jitter_buffer.invalid + other + no_memory.
/// Every frame of the jitter buffer is delivered or counted as overrun.
struct frame_receiver_stats {
    jitter_buffer_stats jitter_buffer{};
    std::uint64_t other = 0;   ///< datagrams that are not RTP (RFC 7983, RFC 5761), with or without
                               ///< an on_other handler
    std::uint64_t overrun = 0; ///< frames lost because the queue was full, oldest first
    std::uint64_t no_memory = 0; ///< datagrams lost for lack of memory

    // The kinds of `other`; the rest is datagram_kind::unknown.
    std::uint64_t rtcp = 0;
    std::uint64_t stun = 0;
    std::uint64_t zrtp = 0;
    std::uint64_t dtls = 0;
    std::uint64_t turn_channel = 0;
};

class frame_receiver;

/// Options of a frame_receiver. New members are added at the end.
struct frame_receiver_options {
    static constexpr std::size_t max_queue_size = std::size_t{1} << 20;

    jitter_buffer_options jitter_buffer{};

    /// The maximum number of frames that are queued while no operation awaits them, 1..2^20. Not
    /// used with a handler.
    std::size_t queue_size = 1024;

    /// Called with each datagram that is not RTP, such as RTCP on the same port (RFC 5761), in
    /// order of arrival. The datagrams of a batch come before its frames. The view is valid during
    /// the call. Without this handler such datagrams are only counted. Executor, frame_receiver
    /// argument, exceptions and lifetime are those of frame_receiver::handler.
    std::function<void(frame_receiver&, datagram_kind, const datagram_view&)> on_other{};
};

/// Owns a channel, parses and reorders what it receives, and delivers frames. One timer serves the
/// `max_delay` of all receivers of a server.
///
/// The receiver ends when its channel closes, by close(), by the server's shutdown or otherwise. It
/// then flushes the jitter buffer, with erasures for the gaps, and delivers those frames last.
///
/// \par Executor
/// All work is done on the server's executor, get_executor().
///
/// \par Object lifetimes
/// A frame_receiver may outlive its server and the server's context, as a channel may.
///
/// \par Thread safety
/// Every member may be called from any thread and from any handler. No function waits for a handler
/// to return.
class RTPSYNTH_API frame_receiver {
public:
    using executor_type = rtp_channel::executor_type;

    /// Makes a receiver whose frames are read with async_receive.
    /// \throws std::invalid_argument naming the option; what rtp_server::create_channel throws
    frame_receiver(rtp_server& server, const channel_options& channel,
                   const frame_receiver_options& options);

    /// A handler of frames. It gets all frames that one batch of datagrams, or an expired
    /// `max_delay`, made ready: at least one. Frames that it leaves in the span are destroyed after
    /// the call.
    ///
    /// Its frame_receiver argument is a handle of the receiver: another object, which is valid
    /// during the call even if the receiver is destroyed meanwhile.
    using handler = std::function<void(frame_receiver&, std::span<media_frame>)>;

    /// Makes a receiver whose frames go to \p on_frames.
    ///
    /// \par Executor
    /// The handler is called on get_executor(). The first call may begin before the constructor has
    /// returned, if another thread runs the executor.
    ///
    /// \par Object lifetimes
    /// The handler is destroyed when the receiver has ended and no call of it is running.
    ///
    /// \par Exception safety
    /// Exceptions of the handler go to server_options::on_exception; the receiver continues.
    ///
    /// \throws as above; std::invalid_argument for an empty function
    frame_receiver(rtp_server& server, const channel_options& channel,
                   const frame_receiver_options& options, handler on_frames);

    /// Closes the channel. After it returns no call of the handler begins, so undelivered frames
    /// are lost; a call that is running on another thread may not have ended. Outstanding
    /// operations complete.
    ~frame_receiver();
    frame_receiver(const frame_receiver&) = delete;
    frame_receiver& operator=(const frame_receiver&) = delete;

    /// The server's executor.
    executor_type get_executor() const noexcept;

    /// The channel, for everything but receiving.
    rtp_channel& channel() const noexcept;

    /// Waits for the next frame. Several operations may be outstanding; they complete in the order
    /// in which they were started, whichever threads start and cancel them.
    ///
    /// \par Preconditions
    /// The receiver was made without a handler. Otherwise the operation completes with
    /// `operation_not_supported`.
    ///
    /// \par Handler signature
    /// `void(boost::system::error_code, media_frame)`
    ///
    /// \par Executor
    /// The handler runs on its associated executor, by default get_executor().
    ///
    /// \par Cancellation
    /// Terminal, partial and total. A cancelled operation completes with `operation_aborted`; no
    /// frame is lost.
    ///
    /// \par Errors
    /// `operation_aborted` once the channel has closed and all frames were delivered.
    template <boost::asio::completion_token_for<void(boost::system::error_code, media_frame)>
                  CompletionToken = boost::asio::deferred_t>
    auto async_receive(CompletionToken&& token = {}) {
        return boost::asio::async_initiate<CompletionToken,
                                           void(boost::system::error_code, media_frame)>(
            detail::initiation<&frame_receiver::start_receive>{*this}, token);
    }

    /// Closes the channel as rtp_channel::close does. Frames that are still in the jitter buffer
    /// can be received afterwards. A handler gets them in one more call on the executor, unless the
    /// receiver is destroyed first.
    /// \return false if the channel was already closed
    bool close() noexcept;

    frame_receiver_stats stats() const;

private:
    using frame_handler = detail::completion_handler<void(boost::system::error_code, media_frame)>;

    class impl;

    explicit frame_receiver(std::shared_ptr<impl> self) noexcept;
    void start_receive(frame_handler completion);

    std::shared_ptr<impl> impl_;
};

} // namespace rtpsynth::asio_server
