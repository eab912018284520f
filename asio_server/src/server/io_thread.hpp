/// \file
/// An io_context and the one thread that runs it.
#pragma once

#include "server/fork_guard.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <atomic>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

namespace rtpsynth::asio_server::detail {

/// The io_context of an io_thread, which whoever has I/O objects of it keeps alive.
class io_home : public std::enable_shared_from_this<io_home> {
public:
    explicit io_home(std::function<void(std::exception_ptr)> on_exception)
        : on_exception_{std::move(on_exception)} {}

    boost::asio::io_context& context() noexcept { return context_; }

    /// To be called after something was posted that must run even if the thread has ended: then
    /// Asio's system threads run it.
    /// Without memory for that, a later call does it.
    void ensure_progress() noexcept;

private:
    friend class io_thread;
    void run() noexcept;
    void rest() noexcept;
    template <class Run>
    void guarded(Run run) noexcept;

    boost::asio::io_context context_{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
        context_.get_executor()};
    std::function<void(std::exception_ptr)> on_exception_;
    std::mutex resting_; // whoever runs the context after the thread has ended
    std::atomic<bool> ended_{false};
    fork_guard fork_;
};

/// Owns the thread.
class io_thread {
public:
    /// \p on_exception is called, on the thread, with what a handler throws; it must not throw.
    /// \throws boost::system::system_error if there can be no descriptor or thread
    explicit io_thread(std::function<void(std::exception_ptr)> on_exception);
    /// finish(); a thread that destroys its own io_thread goes on to its end by itself.
    ~io_thread();
    io_thread(const io_thread&) = delete;
    io_thread& operator=(const io_thread&) = delete;

    const std::shared_ptr<io_home>& home() const noexcept { return home_; }

    /// Lets the thread end once nothing is outstanding, and joins it unless it is the caller. Any
    /// number of threads may call it; each returns when the thread has ended.
    void finish() noexcept;

private:
    void release() noexcept;

    std::shared_ptr<io_home> home_;
    std::unique_ptr<std::thread> thread_;
    std::thread::id id_;
    std::atomic<bool> released_{false};
    std::mutex joining_;
};

} // namespace rtpsynth::asio_server::detail
