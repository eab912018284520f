/// \file
/// An io_context that a server or an rtp_proc owns, and the ways to run it.
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

/// An object with sockets in a ready set. The thread that runs the home calls it.
class home_client {
public:
    /// Waits for events, but not longer than \p deadline, and returns them.
    virtual std::span<const ready_event> wait(time_point deadline) noexcept = 0;
    /// Serves \p events. \return the larger of the numbers of delivered datagrams and of events
    virtual std::size_t serve(std::span<const ready_event> events, time_point now) = 0;
    /// The time of the next call of on_time().
    virtual time_point next_deadline() const noexcept = 0;
    /// \return whether a timer of the context is due too
    virtual bool on_time(time_point now) = 0;
    /// Makes Asio wait for the sockets and the deadlines. \return false if that is not possible now
    virtual bool hand_over() noexcept = 0;
    /// Wakes the waiting thread a little later, without needing memory.
    virtual void wake_later() noexcept = 0;
    virtual native_descriptor descriptor() const noexcept = 0;

protected:
    ~home_client() = default;
};

/// An io_context whose handlers are run by one thread at a time, together with the sockets of its
/// client.
///
/// The running thread waits for the sockets itself, and calls Asio only when something was posted:
/// waiting for a set of sockets through Asio costs two more system calls for each lone datagram.
/// home_executor tells the home of what is posted, which wakes the waiting thread. If Asio may have
/// other work, of which home_executor does not know, and at the end, Asio does the waiting.
///
/// The owners of its I/O objects keep it alive.
class io_home : public std::enable_shared_from_this<io_home> {
public:
    /// The running thread calls \p on_exception with exceptions of handlers; it must not throw.
    explicit io_home(std::function<void(std::exception_ptr)> on_exception)
        : on_exception_{std::move(on_exception)} {}
    ~io_home();

    boost::asio::io_context& context() noexcept { return context_; }
    /// The executor for posted functions, and for the application. Our own I/O objects use the
    /// context's executor instead, since the client knows their deadlines; they then need no memory
    /// to complete.
    boost::asio::any_io_executor executor() noexcept;
    /// The waker for the client's ready set; null if Asio does all waiting.
    const waker* waker_of_set() const noexcept { return waits_ ? &*waker_ : nullptr; }
    void take_wakeup() noexcept { waker_->take(); }

    /// Call before attach(). \throws boost::system::system_error
    void prepare();
    /// Call before the home runs, if it has a client.
    void attach(std::weak_ptr<home_client> client) noexcept { client_ = std::move(client); }

    // Running the home. A second caller waits for the first; inside a handler these do nothing.

    /// Runs until nothing is outstanding after release().
    void run() noexcept;
    /// Serves everything that is ready.
    void poll() noexcept;
    /// Waits until \p until or wake() for something to serve, and serves it.
    void run_one(time_point until) noexcept;
    /// Ends a run_one(). Any thread.
    void wake() noexcept;
    /// Call between runs: the time at which poll() has something to do; max: never.
    time_point next_deadline() const noexcept;
    /// Readable while poll() has something to do; -1 if there is none.
    native_descriptor descriptor() noexcept;

    /// Lets run() end when nothing is outstanding. Any thread.
    void release() noexcept;
    /// The home is not run any more, except by ensure_progress().
    void end() noexcept;
    /// Call after something was posted that must run even if no thread runs the home: Asio's system
    /// threads then run it. Without memory for that, a later call does it.
    void ensure_progress() noexcept;

    /// Called in a child of fork(). The home must not be destroyed after that.
    static void abandon(std::shared_ptr<io_home> self) noexcept;
    bool inherited() const noexcept { return fork_.inherited(); }

    // Called by home_executor:

    bool runs_here() const noexcept { return runner_.load() == std::this_thread::get_id(); }
    void note_post() noexcept {
        posted_ = true;
        if (listening_ && listening_.exchange(false)) wake_up();
    }
    void expect_foreign_work() noexcept {
        if (!foreign_.exchange(true)) note_post();
    }
    /// Calls \p f as a handler. \return f's result, the amount of work done; 1 if it throws
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

    std::mutex running_; // held by the thread that runs the home
    std::atomic<std::thread::id> runner_{};
    std::atomic<bool> by_asio_{false}; // Asio waits for the sockets
    std::atomic<bool> ended_{false};
    std::atomic<bool> released_{false};
    std::atomic<bool> posted_{false};    // something was posted since the running thread checked
    std::atomic<bool> foreign_{false};   // Asio may have work that nobody posts
    std::atomic<bool> woken_{false};     // run_one() must return
    std::atomic<bool> listening_{false}; // a waiting thread reacts to waker_
    std::atomic<bool> exported_{
        false}; // descriptor() was called: an event loop waits for it between runs
    fork_guard fork_;
};

} // namespace rtpsynth::asio_server::detail
