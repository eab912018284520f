/// \file
/// Many UDP channels on one executor.
#pragma once

#include <rtpsynth/asio_server/channel/detail/receive_handler.hpp>
#include <rtpsynth/asio_server/channel/options.hpp>
#include <rtpsynth/asio_server/channel/rtp_channel.hpp>
#include <rtpsynth/asio_server/server/options.hpp>
#include <rtpsynth/base/clock.hpp>
#include <rtpsynth/base/compiler.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/ip/udp.hpp>

#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace rtpsynth::asio_server {

namespace detail {
class io_home;
class io_thread;
struct server_access;
} // namespace detail

/// Tag of a server without a thread: the application serves it with rtp_server::run_one() or
/// poll().
struct caller_runs_t {
    explicit caller_runs_t() = default;
};
/// A value of the tag.
inline constexpr caller_runs_t caller_runs{};

/// Makes channels and serves them all, on an io_context with one thread of its own or on an
/// executor of the application.
///
/// Receiving: datagrams are delivered as they arrive, independently of ticks. At most 32 are read
/// from a channel (4 runs with channel_options::coalesce) before the next channel is read, so a
/// flooded channel does not starve the others.
///
/// Sending: queued datagrams are sent on ticks at `origin + n * tick`, which do not drift. The
/// timer is only armed while something is queued. Without a tick, datagrams are sent at once.
///
/// \par What keeps run() busy
/// On an executor of the application a server has outstanding work from its construction to its
/// shutdown(): `io_context::run()` does not return meanwhile, even without channels. Neither
/// channels nor frame receivers keep it busy beyond that.
///
/// \par Object lifetimes
/// Channels may outlive their server, which closes them. If the execution context of a server is
/// destroyed first, all channels close, and outstanding operations and receive handlers are
/// destroyed without being called. Afterwards create_channel() fails with `operation_aborted`,
/// operations of channels complete with `bad_descriptor` on the system executor, and get_executor()
/// returns that executor. As with any I/O object, nothing may be called while the context is being
/// destroyed.
///
/// \par Thread safety
/// Every member may be called from any thread and from any handler. Receive handlers are called on
/// one executor, so one at a time; those of one channel in order of arrival. A handler may call any
/// function of the server, release any reference and throw. If it never returns, nothing more is
/// delivered, but calls from other threads still return. shutdown() and the destructor of a server
/// with a thread of its own join that thread, and so wait for its current handler. Two such servers
/// must not shut each other down from their handlers at the same time.
///
/// \par fork()
/// A child may destroy an inherited server, which closes its copies of the descriptors and affects
/// nothing else, and make its own.
/// A handler that forks must not return in the child, which would continue to use descriptors that
/// it shares with its parent: end the child there, with `_Exit` or `exec`.
class RTPSYNTH_API rtp_server {
public:
    using executor_type = boost::asio::any_io_executor;

    /// The type of a socket or descriptor on this system.
    using native_handle_type = boost::asio::ip::udp::socket::native_handle_type;

    /// Runs on an io_context and a thread of its own.
    /// \throws std::invalid_argument naming the option; boost::system::system_error if there is no
    ///         descriptor or thread left
    explicit rtp_server(const server_options& options = {});

    /// Runs on a strand of \p executor, so that any number of threads may run its context.
    ///
    /// \par Exception safety
    /// Asio's strand does not survive a failed allocation: it may call `std::terminate` or stop.
    ///
    /// \throws as above
    explicit rtp_server(boost::asio::any_io_executor executor, const server_options& options = {});

    /// Runs on a strand of the executor of \p context, such as an io_context. \throws as above
    template <class ExecutionContext>
    requires std::is_convertible_v<ExecutionContext&, boost::asio::execution_context&>
    explicit rtp_server(ExecutionContext& context, const server_options& options = {})
        : rtp_server{boost::asio::any_io_executor{context.get_executor()}, options} {}

    /// Runs on an io_context of its own, whose handlers run in poll() and run_one(). Exceptions are
    /// treated as in a server with a thread of its own. \throws as above
    explicit rtp_server(caller_runs_t, const server_options& options = {});

    /// Calls shutdown(). If the server was made with caller_runs and is not destroyed by a handler
    /// of its own, the destructor also calls posted handlers and the handlers of completed async_
    /// operations.
    /// \par Thread safety
    /// With caller_runs it waits until no other thread is in poll() or run_one(). A handler that
    /// such a thread runs must therefore not wait for the thread that destroys the server.
    ~rtp_server();
    rtp_server(const rtp_server&) = delete;
    rtp_server& operator=(const rtp_server&) = delete;

    /// The executor of receive handlers, and of completion handlers without an executor of their
    /// own.
    executor_type get_executor() const noexcept;

    /// Makes a channel whose datagrams go to a handler. The socket is bound on return.
    ///
    /// \par Handler signature
    /// `void(rtp_channel&, const datagram_view&)`, called for each datagram, or
    /// `void(rtp_channel&, std::span<const datagram_view>)`, called with a batch of all datagrams
    /// that were read at once, at least one. The views are valid during the call.
    ///
    /// \par Executor
    /// The handler is called on get_executor(). The first call may begin before create_channel()
    /// has returned, if another thread runs the executor.
    ///
    /// \par Object lifetimes
    /// The handler is moved in. It is destroyed when the channel has closed and no call of it is
    /// running.
    ///
    /// \par Exception safety
    /// An exception of the handler goes to server_options::on_exception; the channel continues.
    ///
    /// \throws std::invalid_argument naming the option; boost::system::system_error with the
    ///         system's error (`address_in_use`, `access_denied`, `no_descriptors`, …),
    ///         `operation_not_supported` for `dscp`, `reuse_port`, `kernel_timestamps` and
    ///         `report_unreachable` if RTPSYNTH_IO is portable, or `operation_aborted` after
    ///         shutdown()
    template <class Handler>
    requires detail::single_handler<std::decay_t<Handler>> ||
        detail::batch_handler<std::decay_t<Handler>>
            std::shared_ptr<rtp_channel> create_channel(const channel_options& options,
                                                        Handler&& handler) {
        return make_channel(options, detail::make_receive_handler(std::forward<Handler>(handler)));
    }

    /// Makes a channel that is read with rtp_channel::async_receive. \throws as above
    std::shared_ptr<rtp_channel> create_channel(const channel_options& options = {}) {
        return make_channel(options, nullptr);
    }

    /// Serves everything that is ready, without waiting for more, for about 1 ms at most, or one
    /// handler's call if that takes longer.
    /// \par Preconditions
    /// The server was made with caller_runs. Otherwise this does nothing, and neither when called
    /// by a handler of this server or in a child of fork().
    ///
    /// \par Thread safety
    /// Any thread. Of several threads that call poll() or run_one(), one serves and the others wait
    /// for it to return.
    void poll() noexcept;

    /// Waits until something was served or wake() was called; may return earlier. Does not wait
    /// after shutdown(). \par Preconditions, thread safety As poll().
    void run_one() noexcept;
    /// The same, until \p deadline at most. With a deadline in the past it serves once and does not
    /// wait.
    void run_one_until(time_point deadline) noexcept;

    /// Makes a running run_one() return, or else the next one return at once. Any thread, any
    /// handler.
    void wake() noexcept;

    /// The time at which poll() has something to do even if native_handle() is not readable: a tick
    /// or a timer. nullopt: none. Call it after poll(), on the same thread.
    std::optional<time_point> next_deadline() const noexcept;

    /// A descriptor to wait for in another event loop: call poll() while it is readable, and at
    /// next_deadline(). The server owns it. -1 if there is none: RTPSYNTH_IO is portable, or the
    /// server was not made with caller_runs.
    ///
    /// It does not signal work of Asio on get_executor() for other objects, such as the
    /// application's timers, sockets and resolvers. run_one() serves those on time, poll() only
    /// when it is called. Such a program should use timers of its other loop instead.
    native_handle_type native_handle() const noexcept;

    /// Closes all channels as rtp_channel::close does, blocking for at most 0.1 s in total, and
    /// ends and joins the server's own thread (not if that thread is the caller). May be called
    /// several times; each call returns when it is done.
    void shutdown() noexcept;

    /// server_options::tick.
    std::optional<duration> tick() const noexcept;

    /// Counters of open and closed channels. A channel that is being destroyed may be missing for a
    /// moment.
    server_stats stats() const noexcept;

private:
    friend detail::server_access;

    std::shared_ptr<rtp_channel> make_channel(const channel_options& options,
                                              std::unique_ptr<detail::receive_handler> handler);

    void make_home(const server_options& options);
    void begin_shutdown(time_point drain_until) noexcept;
    void join() noexcept;
    bool runs_here() const noexcept;
    std::shared_ptr<detail::io_home> run_by_caller() const noexcept;

    std::shared_ptr<detail::io_home> home_; // null on the application's executor
    std::shared_ptr<detail::engine> engine_;
    std::unique_ptr<detail::io_thread> thread_; // null if the server has no thread of its own
};

} // namespace rtpsynth::asio_server
