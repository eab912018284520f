/// \file
/// A channel and a jitter buffer joined: an application awaits frames, in order.
#pragma once

#include <rtpsynth/asio_server/channel/datagram.hpp>
#include <rtpsynth/asio_server/channel/rtp_channel.hpp>
#include <rtpsynth/asio_server/server/rtp_server.hpp>
#include <rtpsynth/base/compiler.h>
#include <rtpsynth/jitter/buffer.hpp>
#include <rtpsynth/rtp/datagram_kind.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <utility>
#include <variant>

namespace rtpsynth::asio_server {

/// A packet in sequence order, with the datagram it lies in: `owner.source()` is the sender's
/// address, `owner.received_at()` the time of arrival.
using rtp_frame = jitter_buffer<datagram>::frame;

/// What comes next: an rtp_frame, or the erasure in place of packets that will not come.
/// std::monostate only beside an error.
using media_frame = std::variant<std::monostate, rtp_frame, erasure>;

/// Every datagram that the channel received is in one place: received = jitter_buffer.received +
/// jitter_buffer.invalid + other + no_memory. Every frame that the jitter buffer handed out goes to
/// its receiver or is overrun.
struct frame_receiver_stats {
    jitter_buffer_stats jitter_buffer{};
    std::uint64_t other = 0;     ///< datagrams that are not RTP (RFC 7983, RFC 5761), whether or
                                 ///< not there is an on_other handler
    std::uint64_t overrun = 0;   ///< frames lost since nobody awaited them, oldest first
    std::uint64_t no_memory = 0; ///< datagrams lost since there was no memory to keep them

    // Of `other`; the rest is datagram_kind::unknown.
    std::uint64_t rtcp = 0;
    std::uint64_t stun = 0;
    std::uint64_t zrtp = 0;
    std::uint64_t dtls = 0;
    std::uint64_t turn_channel = 0;
};

class frame_receiver;

/// What a receiver is made with.
struct frame_receiver_options {
    jitter_buffer_options jitter_buffer{};
    /// Frames kept while nobody awaits them, 1..2^20. With a handler there are none.
    std::size_t queue_size = 1024;
    /// Called with each datagram that is not RTP, such as RTCP on the same port (RFC 5761), in
    /// order of arrival and before the frames of the same turn. The view is valid during the call.
    /// Without a handler these datagrams are counted and nothing else. Executor, frame_receiver
    /// argument, exceptions and end are those of frame_receiver::handler.
    std::function<void(frame_receiver&, datagram_kind, const datagram_view&)> on_other{};
};

/// Parses, checks and reorders on the server's executor what a channel of its own receives. The
/// jitter buffer's `max_delay` is kept by one timer for all receivers of a server.
///
/// It ends with its channel, whether close(), the server's shutdown or anybody else closes that:
/// what the jitter buffer then holds is made ready (flush), gaps marked, and after that nothing
/// comes any more. It may outlive the server.
///
/// Threads: every member may be called from any thread and from inside any handler. Nothing here
/// waits for a handler to return.
class RTPSYNTH_API frame_receiver {
public:
    /// Frames are awaited with async_receive.
    /// \throws as rtp_server::create_channel and jitter_buffer's constructor, and
    ///         std::invalid_argument for queue_size
    frame_receiver(rtp_server& server, const channel_options& channel,
                   const frame_receiver_options& options);

    /// Frames go to \p on_frames, all that one turn made ready at a time and at least one, on the
    /// server's executor. Calls may begin before the constructor returned. What a call leaves in
    /// the frames is destroyed after it.
    ///
    /// The frame_receiver that it is called with is a handle of this one, the same in all but its
    /// address and valid during the call, even if this one is destroyed meanwhile. What it throws
    /// is dealt with as what a channel's handler throws. It is destroyed when the receiver has
    /// ended and no call of it runs.
    ///
    /// \throws as above, and std::invalid_argument for an empty function
    using handler = std::function<void(frame_receiver&, std::span<media_frame>)>;
    frame_receiver(rtp_server& server, const channel_options& channel,
                   const frame_receiver_options& options, handler on_frames);

    /// Closes the channel. On return no call of the handler begins any more, so what was not handed
    /// out is lost; one that runs on another thread may still end. Outstanding operations complete.
    ~frame_receiver();
    frame_receiver(const frame_receiver&) = delete;
    frame_receiver& operator=(const frame_receiver&) = delete;

    /// For sending, and all else but receiving.
    rtp_channel& channel() const noexcept;

    /// Waits for the next frame. Several may be outstanding; they complete in the order they were
    /// started, whichever threads start and cancel them, with operation_aborted once the channel is
    /// closed and all frames were handed out, and with operation_not_supported if there is a
    /// handler.
    ///
    /// Completion signature: `void(boost::system::error_code, media_frame)`. Cancellation
    /// (terminal, partial or total): no frame is lost.
    template <class CompletionToken>
    auto async_receive(CompletionToken&& token) {
        return boost::asio::async_initiate<CompletionToken,
                                           void(boost::system::error_code, media_frame)>(
            [this](auto completion) { start_receive(std::move(completion)); }, token);
    }

    /// Closes the channel. Frames that the jitter buffer held can still be received; a handler gets
    /// them in one more call, on the executor, unless the receiver is destroyed before.
    /// \return false if the channel was closed before
    bool close() noexcept;

    frame_receiver_stats stats() const;

private:
    using receive_handler =
        boost::asio::any_completion_handler<void(boost::system::error_code, media_frame)>;

    class impl;

    explicit frame_receiver(std::shared_ptr<impl> self) noexcept;
    void start_receive(receive_handler completion);

    std::shared_ptr<impl> impl_;
};

} // namespace rtpsynth::asio_server
