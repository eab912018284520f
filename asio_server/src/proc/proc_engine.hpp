/// \file
/// The scheduler of an rtp_proc: decides which handler is called next.
#pragma once

#include "proc/proc_channel_impl.hpp"
#include "server/context_watch.hpp"
#include "server/fork_guard.hpp"
#include "server/io_thread.hpp"
#include "server/timer_service.hpp"

#include <rtpsynth/asio_server/proc/rtp_proc.hpp>
#include <rtpsynth/base/clock.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/intrusive/list.hpp>

#include <array>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace rtpsynth::asio_server::detail {

/// Queues the channels that are due and calls them. A *turn* is one run of the engine on the
/// executor, which calls some of them. Timers make channels due; new and closed channels arrive in
/// two lists to which any thread may add. One posted turn handles any number of these; the wake-up
/// of a timer is a turn too.
///
/// Without an executor, a thread runs the turns with serve() and sleeps between them in wait(). "On
/// the executor" then means on this thread.
class proc_engine final : public std::enable_shared_from_this<proc_engine>,
                          public context_client,
                          private timer_service::host {
public:
    /// \p executor runs one function at a time. \p home is its context if the rtp_proc has a thread
    /// of its own, and is kept alive. \throws std::invalid_argument
    static std::shared_ptr<proc_engine> make(const proc_options& options,
                                             boost::asio::any_io_executor executor,
                                             std::shared_ptr<io_home> home = {});
    /// Without an executor. \throws std::invalid_argument
    static std::shared_ptr<proc_engine> make(const proc_options& options);
    /// For make().
    proc_engine(std::shared_ptr<timer_service>&& timers, std::shared_ptr<io_home>&& home);
    /// Precondition: no turn runs; a turn holds a reference.
    ~proc_engine();
    proc_engine(const proc_engine&) = delete;
    proc_engine& operator=(const proc_engine&) = delete;

    const boost::asio::any_io_executor& executor() const noexcept { return timers_->executor(); }

    /// Whether this process is a child of the one that made the engine: no function then uses
    /// Asio's objects.
    bool inherited() const noexcept { return fork_.inherited(); }
    /// Called in a child of fork() instead of the destructor: keeps \p self alive forever.
    static void abandon(std::shared_ptr<proc_engine> self) noexcept;

    /// Any thread. \throws boost::system::system_error with operation_aborted, std::bad_alloc
    void add(const std::shared_ptr<proc_channel_impl>& channel);
    /// Any thread. No-op for a channel that was not added, or is leaving.
    void remove(proc_channel_impl& channel) noexcept;
    /// Any thread. Closes all channels; add() fails from now on.
    /// \return false if the executor could not be notified for lack of memory
    bool shutdown() noexcept;
    rtp_proc_stats stats() const;
    void detach() noexcept override;

    /// Runs a turn. \return whether the next must follow at once
    bool serve() noexcept;
    /// Sleeps until there is something to do. \return false after shutdown()
    bool wait() noexcept;

private:
    friend proc_channel_impl;

    // Wakes up for a turn that could not be posted for lack of memory.
    struct late_turn final : timer_service::client {
        void on_timer(time_point) noexcept override {}
    };

    // The queues in order of precedence. due: the deadline has come, or it is the first call.
    // behind: the deadline had already passed when the handler returned it, for a few calls so far.
    // brief: due or behind, with short calls. overdue: behind for many calls.
    enum rank : std::size_t { brief, due, behind, overdue, rank_count };

    using members = boost::intrusive::list<
        proc_channel_impl,
        boost::intrusive::member_hook<proc_channel_impl, proc_channel_impl::hook,
                                      &proc_channel_impl::member_>,
        boost::intrusive::constant_time_size<false>>;
    using queue = boost::intrusive::list<
        proc_channel_impl,
        boost::intrusive::member_hook<proc_channel_impl, proc_channel_impl::hook,
                                      &proc_channel_impl::place_>,
        boost::intrusive::constant_time_size<false>>;

    void end_all(std::unique_lock<std::mutex>& lock) noexcept;
    void request_turn();
    void on_post() noexcept;
    void on_wake() noexcept override;
    bool has_changes() const noexcept;
    void accept_changes() noexcept;
    void release(proc_channel_impl& channel) noexcept;
    void set_leaving(proc_channel_impl& channel) noexcept;
    bool is_brief(const proc_channel_impl& channel) const noexcept;
    duration mean_cost() const noexcept { return cost_sum_ / mean_of; }
    void learn_cost(proc_channel_impl& channel, duration cost) noexcept;
    void enqueue_due(proc_channel_impl& channel) noexcept;
    void enqueue_overdue(proc_channel_impl& channel) noexcept;
    void call_due(time_point begin) noexcept;
    time_point call_first_of(queue& from, time_point now) noexcept;
    void count_call(const proc_channel_impl& channel, time_point now) noexcept;

    static constexpr int mean_of = 256;

    const std::shared_ptr<io_home> home_; // destroyed after the objects on it
    const std::shared_ptr<timer_service> timers_;
    fork_guard fork_;
    std::optional<context_watch> watch_; // of the application's context

    mutable std::mutex mutex_;
    std::condition_variable changed_; // signals turn_requested_ if there is no executor
    const bool has_executor_;
    members open_;
    members leaving_;
    queue made_;
    std::size_t channels_ = 0;
    bool turn_requested_ = false;
    bool shut_down_ = false;

    mutable std::mutex counting_;
    rtp_proc_stats stats_; // without `channels`

    // Used on the executor.
    late_turn late_turn_;
    std::array<queue, rank_count> queues_;
    members left_;        // channels to be released
    duration cost_sum_{}; // of recent calls, with more weight on later ones
    bool in_turn_ = false;
};

} // namespace rtpsynth::asio_server::detail
