/// \file
/// An io_context of a server's or an rtp_proc's own, and how it is run.
#pragma once

#include "io/backend.hpp"
#include "server/fork_guard.hpp"

#include <rtpsynth/base/clock.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <atomic>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <thread>

namespace rtpsynth::asio_server::detail {

/// Who has sockets in a ready set and serves them. Called by whoever runs the home.
class home_client {
public:
    /// What is ready; waits until something is, but not longer than to \p deadline.
    virtual std::span<const ready_event> wait(time_point deadline) noexcept = 0;
    /// Serves it. \return how many datagrams it delivered, or events there were if that is more
    virtual std::size_t serve(std::span<const ready_event> events, time_point now) = 0;
    /// When the next call of on_time() is due.
    virtual time_point next_deadline() const noexcept = 0;
    /// \return whether a timer of the context is due, too
    virtual bool on_time(time_point now) = 0;
    /// Has Asio wait for the sockets and the deadlines. \return false if it can't now
    virtual bool hand_over() noexcept = 0;
    /// Has somebody wake up a little later, without memory.
    virtual void wake_later() noexcept = 0;
    virtual native_descriptor descriptor() const noexcept = 0;

protected:
    ~home_client() = default;
};

/// An io_context whose handlers one thread at a time runs, and the sockets of its client.
///
/// Whoever runs it waits for the sockets themselves, and asks Asio only when something was posted:
/// to have Asio wait for a set of sockets takes two system calls more for each lone datagram. What
/// is posted comes by way of home_executor, which tells; it wakes whoever waits. If somebody may
/// have Asio wait for things of which nobody tells, and at the end, Asio does the waiting.
///
/// Whoever has I/O objects of it keeps it alive.
class io_home : public std::enable_shared_from_this<io_home> {
public:
    /// \p on_exception is called, by whoever runs it, with what a handler throws; it must not
    /// throw.
    explicit io_home(std::function<void(std::exception_ptr)> on_exception)
        : on_exception_{std::move(on_exception)} {}
    ~io_home();

    boost::asio::io_context& context() noexcept { return context_; }
    /// For what is posted, and for the application. I/O objects of ours, whose deadlines the client
    /// knows, have the context's own, on which they take no memory to complete.
    boost::asio::any_io_executor executor() noexcept;
    /// For the client's ready set; null where Asio does all waiting.
    const waker* waker_of_set() const noexcept { return waits_ ? &*waker_ : nullptr; }
    void take_wakeup() noexcept { waker_->take(); }

    /// Before attach(). \throws boost::system::system_error
    void prepare();
    /// Before it is run, if it has a client.
    void attach(std::weak_ptr<home_client> client) noexcept { client_ = std::move(client); }

    // Running it. A second caller waits for the first; from within a handler these do nothing.

    /// Until nothing is outstanding after release().
    void run() noexcept;
    /// Serves what is ready.
    void poll() noexcept;
    /// Serves something, once there is something before \p until; or until wake().
    void run_one(time_point until) noexcept;
    /// Any thread.
    void wake() noexcept;
    /// Between calls: when poll() has something to do; max: never.
    time_point next_deadline() const noexcept;
    /// Readable while poll() has something to do; -1 if there is none.
    native_descriptor descriptor() noexcept;

    /// run() may end once nothing is outstanding. Any thread.
    void release() noexcept;
    /// Nobody runs it any more but ensure_progress().
    void end() noexcept;
    /// To be called after something was posted that must run even if nobody runs this: then Asio's
    /// system threads run it.
    /// Without memory for that, a later call does it.
    void ensure_progress() noexcept;

    /// A child's, of fork(). Then it is not to be destroyed.
    static void abandon(std::shared_ptr<io_home> self) noexcept;
    bool inherited() const noexcept { return fork_.inherited(); }

    // For home_executor:

    bool runs_here() const noexcept { return runner_.load() == std::this_thread::get_id(); }
    void note_post() noexcept {
        posted_ = true;
        if (listening_ && listening_.exchange(false)) wake_up();
    }
    void expect_foreign_work() noexcept {
        if (!foreign_.exchange(true)) note_post();
    }
    /// Calls \p f as a handler. \return what it returns, how much it has done; one, if it throws
    template <class Function>
    std::size_t call(Function&& f) noexcept {
        try {
            return f();
        } catch (...) {
            on_exception_(std::current_exception());
            return 1;
        }
    }

private:
    class run_scope;

    bool waits_itself() noexcept;
    std::size_t turn(time_point until) noexcept;
    std::size_t run_posted() noexcept;
    std::size_t serve_by_asio(time_point until) noexcept;
    void rest() noexcept;
    void listen() noexcept;
    void wake_up() noexcept;

    boost::asio::io_context context_{1};
    std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> work_{
        context_.get_executor()};
    std::function<void(std::exception_ptr)> on_exception_;
    std::optional<waker> waker_;
    bool waits_ = false;
    std::weak_ptr<home_client> client_;

    std::mutex running_; // whoever runs it
    std::atomic<std::thread::id> runner_{};
    std::atomic<bool> by_asio_{false}; // Asio waits for the sockets
    std::atomic<bool> ended_{false};
    std::atomic<bool> released_{false};
    std::atomic<bool> posted_{false};    // since the runner looked
    std::atomic<bool> foreign_{false};   // Asio may have work that nobody posts
    std::atomic<bool> woken_{false};     // and run_one() is to return
    std::atomic<bool> listening_{false}; // to waker_
    std::atomic<bool> exported_{false};  // the descriptor: somebody listens outside of calls, too
    fork_guard fork_;
};

} // namespace rtpsynth::asio_server::detail
