/// \file
/// Many UDP channels on one executor.
#pragma once

#include <rtpsynth/asio_server/channel/detail/receive_handler.hpp>
#include <rtpsynth/asio_server/channel/options.hpp>
#include <rtpsynth/asio_server/channel/rtp_channel.hpp>
#include <rtpsynth/asio_server/server/options.hpp>
#include <rtpsynth/base/compiler.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/system/error_code.hpp>

#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace rtpsynth::asio_server {

namespace detail {
class io_thread;
}

/// Makes channels and serves them all: either on an io_context and one thread of its own, or on an
/// executor of the application's, which then needs no other thread.
///
/// Receiving: datagrams are handed out as they arrive, ticks or not. One turn reads at most 32 from
/// a channel (with channel_options::coalesce, 4 runs of them) before its neighbours have theirs, so
/// a flooded channel cannot starve them.
///
/// Sending: what channels queue leaves on a grid of ticks, `origin + n * tick`, which does not
/// drift; the timer is armed only while something is queued. Without a tick it leaves at once.
///
/// Handlers of one channel are called one at a time and in order of arrival, those of a server from
/// its one executor. A handler may call anything here, drop any reference, throw, or never return:
/// then nothing more is delivered, but other threads' calls still return, except for those that
/// join its thread, shutdown() and the destructor of a server with a thread of its own. So two such
/// servers must not shut each other down from their handlers at the same time.
///
/// Threads: every member may be called from any thread and from inside any handler.
///
/// After fork() the child may destroy what it inherited, which closes its copies of the
/// descriptors and touches nothing else, and make a server of its own.
class RTPSYNTH_API rtp_server {
public:
    using executor_type = boost::asio::any_io_executor;

    /// On an io_context and a thread of its own.
    /// \throws std::invalid_argument, boost::system::system_error (no descriptor or thread left)
    explicit rtp_server(const server_options& options = {});

    /// On \p executor, behind a strand of it, so that any number of threads may run it. Its context
    /// must outlive the server and all its channels, as with any I/O object of Asio. Asio's strand
    /// does not bear want of memory: it may call std::terminate, or stop for good.
    /// \throws as above
    explicit rtp_server(boost::asio::any_io_executor executor, const server_options& options = {});

    /// shutdown()
    ~rtp_server();
    rtp_server(const rtp_server&) = delete;
    rtp_server& operator=(const rtp_server&) = delete;

    /// Where handlers are called, and completion handlers that have no executor of their own.
    executor_type get_executor() const noexcept;

    /// A channel whose datagrams go to \p handler, called as either of
    ///
    ///     handler(rtp_channel&, const datagram_view&)
    ///     handler(rtp_channel&, std::span<const datagram_view>)   // all of one turn, at least one
    ///
    /// The socket is bound on return, and calls may begin before that. The handler is moved in and
    /// destroyed when the channel closed and no call of it runs.
    /// \throws std::invalid_argument naming the option; boost::system::system_error with what the
    ///         system said (address_in_use, access_denied, no_descriptors, …), or operation_aborted
    ///         after shutdown()
    template <class Handler>
    requires detail::single_handler<std::decay_t<Handler>> ||
        detail::batch_handler<std::decay_t<Handler>>
            std::shared_ptr<rtp_channel> create_channel(const channel_options& options,
                                                        Handler&& handler) {
        return make_channel(options,
                            std::make_unique<detail::receive_handler_of<std::decay_t<Handler>>>(
                                std::forward<Handler>(handler)));
    }

    /// A channel that is read by rtp_channel::async_receive. \throws as above
    std::shared_ptr<rtp_channel> create_channel(const channel_options& options = {}) {
        return make_channel(options, nullptr);
    }

    /// Closes all channels, as rtp_channel::close does, waiting for the kernel for at most 0.1 s in
    /// all, and ends the server's own thread, which is joined unless it is the caller. May be
    /// called any number of times; each returns when it is done.
    void shutdown() noexcept;

    /// The period of the grid; nullopt in immediate mode.
    std::optional<duration> tick() const noexcept;

    /// Of open and closed channels. A channel that is being destroyed may be missing for a moment.
    server_stats stats() const noexcept;

private:
    friend class frame_receiver;

    std::shared_ptr<rtp_channel> make_channel(const channel_options& options,
                                              std::unique_ptr<detail::receive_handler> handler);

    std::shared_ptr<detail::engine> engine_;
    std::unique_ptr<detail::io_thread> thread_; // none on the application's executor
};

} // namespace rtpsynth::asio_server
