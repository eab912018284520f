/// \file
/// Periodic and scheduled work of thousands of handlers on one executor.
#pragma once

#include <rtpsynth/asio_server/proc/options.hpp>
#include <rtpsynth/base/clock.hpp>
#include <rtpsynth/base/compiler.h>
#include <rtpsynth/base/duration_histogram.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution_context.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace rtpsynth::asio_server {

namespace detail {
class proc_engine;
class proc_channel_impl;
class proc_loop;
class io_thread;
template <class Handler>
class proc_handler_of;
class any_proc_handler;
} // namespace detail

/// The schedule of one handler, made by rtp_proc::create_channel.
///
/// \par Object lifetimes
/// Held by a `std::shared_ptr`. When the last one is destroyed, the channel closes. It may outlive
/// its rtp_proc and the context of that.
///
/// \par Thread safety
/// Every member may be called from any thread and from any handler.
class RTPSYNTH_API rtp_proc_channel {
public:
    ~rtp_proc_channel();
    rtp_proc_channel(const rtp_proc_channel&) = delete;
    rtp_proc_channel& operator=(const rtp_proc_channel&) = delete;

    /// Ends the schedule. After it returns no call of the handler begins; a call that is running
    /// may not have ended.
    /// \return false if it was already closed
    bool close() noexcept;

    /// False after close() and after the rtp_proc's shutdown(). A schedule that the handler ended,
    /// by returning nullopt or throwing, is still open.
    bool is_open() const noexcept;

    /// Unique in the process, from 1.
    std::uint64_t id() const noexcept;

    /// The exception that the handler threw; null if it did not throw.
    std::exception_ptr exception() const noexcept;

private:
    friend class rtp_proc;
    friend class detail::proc_loop;
    template <class Handler>
    friend class detail::proc_handler_of;

    static std::shared_ptr<rtp_proc_channel> make(
        const std::shared_ptr<detail::proc_engine>& engine,
        std::unique_ptr<detail::any_proc_handler> handler);

    explicit rtp_proc_channel(std::shared_ptr<detail::proc_channel_impl> impl) noexcept;
    /// A handle for the duration of a call: its destructor does not close the channel.
    explicit rtp_proc_channel(detail::proc_channel_impl& called) noexcept;

    std::shared_ptr<detail::proc_channel_impl> impl_;
};

namespace detail {

// libc++ 22 does not compile a check whether void is a std::optional.
template <class Handler, class... Arguments>
concept returns_time = std::is_invocable_v<Handler, Arguments...> &&
                       !std::is_void_v<std::invoke_result_t<Handler, Arguments...>> &&
                       std::is_invocable_r_v<std::optional<time_point>, Handler, Arguments...>;

} // namespace detail

/// A handler that is called as `handler(now, deadline)`.
template <class Handler>
concept proc_handler = detail::returns_time<Handler&, time_point, time_point>;

/// A handler that is called as `handler(channel, now, deadline)`.
template <class Handler>
concept proc_channel_handler =
    detail::returns_time<Handler&, rtp_proc_channel&, time_point, time_point>;

namespace detail {

/// A user's handler behind one virtual call.
class any_proc_handler {
public:
    virtual ~any_proc_handler() = default;
    virtual std::optional<time_point> call(proc_channel_impl& channel, time_point now,
                                           time_point deadline) = 0;
};

template <class Handler>
class proc_handler_of final : public any_proc_handler {
public:
    template <class H>
    explicit proc_handler_of(H&& handler) : handler_{std::forward<H>(handler)} {}

    std::optional<time_point> call(proc_channel_impl& channel, time_point now,
                                   time_point deadline) override {
        if constexpr (proc_channel_handler<Handler>) {
            rtp_proc_channel handle{channel};
            return handler_(handle, now, deadline);
        } else {
            return handler_(now, deadline);
        }
    }

private:
    Handler handler_;
};

} // namespace detail

/// Counters of an rtp_proc since construction.
struct rtp_proc_stats {
    std::size_t channels = 0;     ///< open now
    std::uint64_t calls = 0;      ///< calls of handlers
    std::uint64_t overdue = 0;    ///< calls whose deadline was in the past when it was returned
    std::uint64_t exceptions = 0; ///< thrown by handlers
    /// From the deadline to the beginning of each call, without first calls and overdue ones.
    duration_histogram lateness{};
};

/// Calls each channel's handler at the time that it asked for. All channels share a timer wheel and
/// one `steady_timer`.
///
/// No call is ever early. A schedule that the handler computes from its deadlines does not drift.
/// Deadlines within 50 µs are served together, up to 50 µs late; with proc_options::slack, those
/// within the slack.
///
/// Under overload, when calls take more time than there is:
/// - a handler that is always overdue takes turns with other such handlers. Handlers whose deadline
///   has just come, and those that have fallen behind for a few calls only, are called first;
/// - among those that are due, handlers whose calls take less than a quarter of the average are
///   called first;
/// - every handler is called eventually;
/// - other work on the executor runs after at most 1 ms, or after the current call if that takes
///   longer.
///
/// \par What keeps run() busy
/// On an executor of the application an rtp_proc has outstanding work while a call is due or a
/// deadline lies ahead. One without channels, or whose schedules have all ended, has none:
/// `io_context::run()` returns.
///
/// \par Object lifetimes
/// Channels may outlive the rtp_proc, which closes them. If the execution context of an rtp_proc is
/// destroyed first, all its channels close and their handlers are destroyed. Afterwards
/// create_channel() fails with `operation_aborted`, and get_executor() returns the system executor.
/// As with any I/O object, nothing may be called while the context is being destroyed.
///
/// \par Exception safety
/// An exception of a handler ends its schedule and is kept in rtp_proc_channel::exception().
///
/// \par Thread safety
/// Every member may be called from any thread and from any handler. Handlers are called one at a
/// time. A handler may close its own channel, drop any reference and destroy the rtp_proc.
///
/// \par fork()
/// A child may destroy an inherited rtp_proc, which does not affect the parent, and make its own.
/// A handler that forks must not return in the child, which would continue to use descriptors that
/// it shares with its parent: end the child there, with `_Exit` or `exec`.
class RTPSYNTH_API rtp_proc {
public:
    using executor_type = boost::asio::any_io_executor;

    /// Runs on an io_context and a thread of its own.
    /// \throws boost::system::system_error if there is no descriptor or thread left,
    /// std::invalid_argument if \p options are out of range
    explicit rtp_proc(const proc_options& options);
    /// The same with default options.
    rtp_proc();

    /// Runs on a strand of \p executor, so that any number of threads may run its context.
    ///
    /// \par Exception safety
    /// Asio's strand does not survive a failed allocation: it may call `std::terminate` or stop.
    ///
    /// \throws std::invalid_argument if \p options are out of range
    explicit rtp_proc(boost::asio::any_io_executor executor, const proc_options& options = {});

    /// Runs on a strand of the executor of \p context, such as an io_context.
    template <class ExecutionContext>
    requires std::is_convertible_v<ExecutionContext&, boost::asio::execution_context&>
    explicit rtp_proc(ExecutionContext& context, const proc_options& options = {})
        : rtp_proc{boost::asio::any_io_executor{context.get_executor()}, options} {}

    /// Calls shutdown().
    ~rtp_proc();
    rtp_proc(const rtp_proc&) = delete;
    rtp_proc& operator=(const rtp_proc&) = delete;

    /// The executor on which handlers are called.
    executor_type get_executor() const noexcept;

    /// Schedules a handler. It is called at once for the first time, with a deadline of
    /// `time_point{}`.
    ///
    /// \par Handler signature
    /// `std::optional<time_point>(rtp_proc_channel&, time_point now, time_point deadline)`, or the
    /// same without the channel. `now` is the time of the call. `deadline` is what the previous
    /// call returned, and is not after `now`. The handler returns the deadline of the next call
    /// (one in the past is due at once), or nullopt to end the schedule. The channel argument is
    /// valid during the call, even if the last `shared_ptr` is destroyed meanwhile. It is another
    /// object than the one that create_channel() returns, for the same channel.
    ///
    /// \par Executor
    /// The handler is called on get_executor(). The first call may begin before create_channel()
    /// has returned, if another thread runs the executor.
    ///
    /// \par Object lifetimes
    /// The handler is moved in. It is destroyed, on any thread, when the channel has closed and no
    /// call of it is running.
    ///
    /// \throws boost::system::system_error `operation_aborted` after shutdown(); std::bad_alloc
    template <class Handler>
    requires proc_handler<std::decay_t<Handler>> || proc_channel_handler<std::decay_t<Handler>>
        std::shared_ptr<rtp_proc_channel> create_channel(Handler&& handler) {
        return rtp_proc_channel::make(
            engine_, std::make_unique<detail::proc_handler_of<std::decay_t<Handler>>>(
                         std::forward<Handler>(handler)));
    }

    /// Closes all channels, and ends and joins the rtp_proc's own thread (not if that thread is the
    /// caller). May be called several times; each call returns when it is done.
    void shutdown() noexcept;

    rtp_proc_stats stats() const;

private:
    std::shared_ptr<detail::proc_engine> engine_;
    std::unique_ptr<detail::io_thread> thread_; // none on the application's executor
};

} // namespace rtpsynth::asio_server
