/// \file
/// What a server has to do on its executor, now or a little later.
#pragma once

#include <boost/asio/any_io_executor.hpp>

#include <atomic>
#include <memory>
#include <utility>

namespace rtpsynth::asio_server::detail {

class alarm;

/// What other threads, and turns that come later, have done on the executor. Bits of a set.
enum class task : unsigned {
    wait = 1,   ///< for sockets to be ready
    flush = 2,  ///< what channels have queued
    tick = 4,   ///< arm the timer for the next tick
    resume = 8, ///< channels that have paused
    stop = 16,  ///< at the end
};

/// Who does them, on the executor.
class task_runner {
public:
    virtual void on_task(task t) = 0;

protected:
    ~task_runner() = default;
};

/// Brings tasks to the executor. A task for which there is no memory to be posted, and one that is
/// to be done after a pause, is owed: the alarm goes off, and then it is done.
///
/// Threads: safe, but for start() and detach().
class deferred_tasks {
public:
    deferred_tasks(boost::asio::any_io_executor executor, std::shared_ptr<alarm> alarm);

    /// Once, before anything else.
    void start(std::weak_ptr<task_runner> runner) noexcept { runner_ = std::move(runner); }

    /// Posts \p t to the executor; no-op if the runner is gone by then. \throws std::bad_alloc
    void post(task t);
    /// Posts \p t; if there is no memory, runs it when the alarm goes off.
    void request(task t) noexcept;
    /// Runs \p t when the alarm goes off.
    void owe(task t) noexcept;
    /// On the executor, when the alarm has gone off.
    void run_owed();
    /// The context of the executor is being destroyed: nothing is done from now on.
    void detach() noexcept { executor_ = {}; }

private:
    boost::asio::any_io_executor executor_; // none after detach()
    const std::shared_ptr<alarm> alarm_;
    std::weak_ptr<task_runner> runner_;
    std::atomic<unsigned> owed_{0};
};

} // namespace rtpsynth::asio_server::detail
