/// \file
/// Who is called next: what an rtp_proc does on its executor.
#pragma once

#include "io/process.hpp"
#include "proc/proc_channel_impl.hpp"
#include "server/io_thread.hpp"
#include "server/timer_service.hpp"

#include <rtpsynth/asio_server/proc/rtp_proc.hpp>
#include <rtpsynth/base/clock.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/intrusive/list.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>

namespace rtpsynth::asio_server::detail {

/// Keeps the context of a thread of its own for as long as there are timers on it.
struct proc_home {
    std::shared_ptr<io_home> home_;
};

/// Queues up the channels that are to be called and calls them, some per turn of the executor. It
/// comes by them from its timers and by two lists that any thread may add to, of those that were
/// made and those that were closed; one turn is posted for any number of these.
class proc_engine final : proc_home, public timer_service {
public:
    /// \p executor runs one thing at a time. \p home is its context, if that is not the
    /// application's to keep.
    explicit proc_engine(boost::asio::any_io_executor executor, std::shared_ptr<io_home> home = {});
    /// Precondition: no turn runs, which holds a reference.
    ~proc_engine();

    /// In a child after fork(): then nothing here is to be touched, and nothing below touches it.
    bool is_inherited() const noexcept;

    /// Keeps itself for good.
    void leak(std::shared_ptr<proc_engine> self) noexcept { immortal_ = std::move(self); }

    /// Any thread. \throws boost::system::system_error with operation_aborted, std::bad_alloc
    void add(const std::shared_ptr<proc_channel_impl>& channel);
    /// Any thread; of one that is not here, or leaves already, nothing.
    void remove(proc_channel_impl& channel) noexcept;
    /// Any thread. Closes all channels; add() fails from now on.
    /// \return false if for want of memory the executor could not be told
    bool shutdown() noexcept;
    rtp_proc_stats stats() const;

private:
    friend proc_channel_impl;

    // A turn that could not be posted for want of memory.
    struct late_turn final : client {
        explicit late_turn(proc_engine& e) noexcept : engine{e} {}
        void on_timer(time_point) noexcept override { engine.turn(); }
        proc_engine& engine;
    };

    // Of the queues, in order of precedence. due: the deadline has come, or it is the first call.
    // behind: the deadline had passed when it was given, as those of the latest few calls. brief:
    // as these two, but the call will be short. overdue: that goes on for long.
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

    void request_turn();
    void turn_later() noexcept;
    void turn() noexcept;
    void accept_changes() noexcept;
    void release(proc_channel_impl& channel) noexcept;
    void set_leaving(proc_channel_impl& channel) noexcept;
    bool is_brief(const proc_channel_impl& channel) const noexcept;
    duration mean_cost() const noexcept { return cost_sum_ / mean_of; }
    void learn_cost(proc_channel_impl& channel, duration cost) noexcept;
    void enqueue_due(proc_channel_impl& channel) noexcept;
    void enqueue_overdue(proc_channel_impl& channel) noexcept;
    void serve() noexcept;
    time_point call_first_of(queue& from, time_point now) noexcept;
    void count_call(const proc_channel_impl& channel, time_point now) noexcept;

    static constexpr int mean_of = 256;

    const process_mark process_;
    std::shared_ptr<proc_engine> immortal_;

    mutable std::mutex mutex_;
    members open_;
    members leaving_;
    queue made_;
    std::size_t channels_ = 0;
    bool turn_requested_ = false;
    bool shut_down_ = false;

    mutable std::mutex counting_;
    rtp_proc_stats stats_; // but `channels`

    // On the executor.
    late_turn late_turn_{*this};
    std::array<queue, rank_count> queues_;
    members left_;        // to be released
    duration cost_sum_{}; // of as many calls as below, each weighing less than the next
    bool in_turn_ = false;
    bool turn_to_come_ = false;
};

} // namespace rtpsynth::asio_server::detail
