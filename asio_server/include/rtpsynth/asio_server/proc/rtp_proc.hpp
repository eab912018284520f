/// \file
/// Periodic and scheduled work by the thousand, on one executor.
#pragma once

#include <rtpsynth/base/clock.hpp>
#include <rtpsynth/base/compiler.h>
#include <rtpsynth/base/duration_histogram.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace rtpsynth::asio_server {

class rtp_proc_channel;

namespace detail {
class proc_engine;
class proc_channel_impl;
class io_thread;

template <class Handler>
concept proc_callable = std::is_invocable_r_v<std::optional<time_point>,
                                              std::add_lvalue_reference_t<std::decay_t<Handler>>,
                                              time_point, time_point>;

/// A user's handler behind one virtual call.
class proc_handler {
public:
    virtual ~proc_handler() = default;
    virtual std::optional<time_point> call(time_point now, time_point deadline) = 0;
};

template <class Handler>
class proc_handler_of final : public proc_handler {
public:
    template <class H>
    explicit proc_handler_of(H&& handler) : handler_{std::forward<H>(handler)} {}
    std::optional<time_point> call(time_point now, time_point deadline) override {
        return handler_(now, deadline);
    }

private:
    Handler handler_;
};

} // namespace detail

/// What has happened since an rtp_proc was made.
struct rtp_proc_stats {
    std::size_t channels = 0;     ///< open now
    std::uint64_t calls = 0;      ///< of handlers
    std::uint64_t overdue = 0;    ///< calls whose deadline had passed when the handler gave it
    std::uint64_t exceptions = 0; ///< thrown by handlers
    /// How long after its deadline each call began, first calls and overdue ones not included.
    duration_histogram lateness{};
};

/// Calls each channel's handler at the time it asked for: a timer wheel under one steady_timer,
/// scheduled on a strand. No call is ever early, and what a handler computes from the deadline it
/// is called with does not drift. Calls that are due less than 50 µs after others are made
/// together.
///
/// When more is asked for than there is time for: a handler that is always overdue takes turns with
/// the others that are, behind those whose deadline has just come and those that fell behind a few
/// calls ago. Of those that are due, the ones go first whose calls take less than a quarter of what
/// calls take on average. Nobody starves, and at least every millisecond, or after the call that
/// takes longer, what else is posted to the executor gets its turn.
///
/// Handlers are called one at a time. They may call anything here, also close their own channel,
/// drop any reference, destroy the rtp_proc, or throw, which unschedules the channel and is kept in
/// rtp_proc_channel::exception().
///
/// Threads: every member may be called from any thread and from inside any handler.
///
/// After fork() the child may destroy what it inherited, which touches nothing that it shares with
/// its parent, and make an rtp_proc of its own.
class RTPSYNTH_API rtp_proc {
public:
    using executor_type = boost::asio::any_io_executor;

    /// On an io_context and a thread of its own.
    /// \throws boost::system::system_error (no descriptor or thread left)
    rtp_proc();
    /// On \p executor, behind a strand of it. Its context must outlive this object and its
    /// channels. Asio's strand does not bear want of memory, as said of rtp_server.
    explicit rtp_proc(boost::asio::any_io_executor executor);
    /// shutdown()
    ~rtp_proc();
    rtp_proc(const rtp_proc&) = delete;
    rtp_proc& operator=(const rtp_proc&) = delete;

    executor_type get_executor() const noexcept;

    /// Schedules \p handler, called as
    ///
    ///     std::optional<time_point> handler(time_point now, time_point deadline)
    ///
    /// for the first time at once, with a \p deadline of time_point{}, maybe before this returns;
    /// later never before the deadline that it returned, which it is called with; a deadline in
    /// the past fires at once. \p now is the time of the call. nullopt ends the schedule. The
    /// handler is moved in, and destroyed when the channel closed and no call of it runs, on
    /// whichever thread that is. \throws boost::system::system_error with operation_aborted after
    /// shutdown(), std::bad_alloc
    template <detail::proc_callable Handler>
    std::shared_ptr<rtp_proc_channel> create_channel(Handler&& handler) {
        return make_channel(std::make_unique<detail::proc_handler_of<std::decay_t<Handler>>>(
            std::forward<Handler>(handler)));
    }

    /// Closes all channels, as rtp_proc_channel::close does, and ends the thread of its own, which
    /// is joined unless it is the caller. May be called any number of times; each returns when it
    /// is done.
    void shutdown() noexcept;

    rtp_proc_stats stats() const;

private:
    std::shared_ptr<rtp_proc_channel> make_channel(std::unique_ptr<detail::proc_handler> handler);

    std::shared_ptr<detail::proc_engine> engine_;
    std::unique_ptr<detail::io_thread> thread_; // none on the application's executor
};

/// One handler's schedule, held by a std::shared_ptr; when the last one goes, it closes.
///
/// Threads: as rtp_proc.
class RTPSYNTH_API rtp_proc_channel {
public:
    ~rtp_proc_channel();
    rtp_proc_channel(const rtp_proc_channel&) = delete;
    rtp_proc_channel& operator=(const rtp_proc_channel&) = delete;

    /// On return no call of the handler begins any more; one that runs already may still end and is
    /// not waited for. \return false if it was closed before
    bool close() noexcept;
    /// False after close() or the rtp_proc's shutdown; an ended schedule is still open.
    bool is_open() const noexcept;

    /// Unique in the process, from 1.
    std::uint64_t id() const noexcept;
    /// What the handler threw; null if it did not.
    std::exception_ptr exception() const noexcept;

private:
    friend rtp_proc;
    friend detail::proc_engine;
    explicit rtp_proc_channel(std::shared_ptr<detail::proc_channel_impl> impl) noexcept;

    std::shared_ptr<detail::proc_channel_impl> impl_;
};

} // namespace rtpsynth::asio_server
