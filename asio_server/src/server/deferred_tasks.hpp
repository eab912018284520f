/// \file
/// Tasks of a server on its executor, now or a little later.
#pragma once

#include <boost/asio/any_io_executor.hpp>

#include <atomic>
#include <memory>
#include <utility>

namespace rtpsynth::asio_server::detail {

class alarm;

/// Tasks that are requested from other threads, or for a later pass. Bits of a set.
enum class task : unsigned {
    wait = 1,   ///< wait for sockets
    flush = 2,  ///< send queued datagrams
    tick = 4,   ///< arm the timer for the next tick
    resume = 8, ///< resume paused channels
    stop = 16,  ///< stop the server
};

/// Runs the tasks, on the executor.
class task_runner {
public:
    virtual void on_task(task t) = 0;

protected:
    ~task_runner() = default;
};

/// Runs tasks on the executor. A task that cannot be posted for lack of memory, or that must run
/// after a pause, is owed: it runs when the alarm goes off.
///
/// Threads: safe, except start() and detach().
class deferred_tasks {
public:
    deferred_tasks(boost::asio::any_io_executor executor, std::shared_ptr<alarm> alarm);

    /// Called once, before all other functions.
    void start(std::weak_ptr<task_runner> runner) noexcept { runner_ = std::move(runner); }

    /// Posts \p t to the executor; no-op if the runner no longer exists when it runs. \throws
    /// std::bad_alloc
    void post(task t);
    /// Posts \p t; if there is no memory, runs it when the alarm goes off.
    void request(task t) noexcept;
    /// Runs \p t when the alarm goes off.
    void owe(task t) noexcept;
    /// Call on the executor when the alarm has gone off.
    void run_owed();
    /// The context of the executor is being destroyed: no task runs from now on.
    void detach() noexcept { executor_ = {}; }

private:
    boost::asio::any_io_executor executor_; // empty after detach()
    const std::shared_ptr<alarm> alarm_;
    std::weak_ptr<task_runner> runner_;
    std::atomic<unsigned> owed_{0};
};

} // namespace rtpsynth::asio_server::detail
