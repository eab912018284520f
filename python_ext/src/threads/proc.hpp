/// \file
/// What is behind a Python RtpProc and its channels.
#pragma once

#include "threads/background.hpp"

#include <rtpsynth/asio_server/proc/detail/proc_loop.hpp>

#include <atomic>
#include <cstdint>
#include <memory>

namespace rtpsynth::python {

/// The schedules, and the thread that serves them. The thread takes the GIL when a handler needs it
/// and keeps it for what else is due: it is taken once for a thousand calls. It sleeps without it.
class proc_worker {
public:
    explicit proc_worker(const asio_server::proc_options& options) : native_{options} {}

    /// For handlers, on the thread: takes the GIL. \return false if the thread had it
    bool need_gil() {
        if (python_->has_gil()) return false;
        python_->take();
        return true;
    }

    /// Counts an exception that ended a schedule.
    void count_exception() noexcept { exceptions_.fetch_add(1, std::memory_order_relaxed); }
    std::uint64_t exceptions() const noexcept {
        return exceptions_.load(std::memory_order_relaxed);
    }

    asio_server::detail::proc_loop& native() noexcept { return native_; }

    /// The thread's body.
    void run(python_thread& python);

    /// No handler is called any more, and the thread ends. Any thread.
    void stop() noexcept { native_.shutdown(); }

private:
    asio_server::detail::proc_loop native_;
    python_thread* python_ = nullptr; // the thread's own
    std::atomic<std::uint64_t> exceptions_{0};
};

/// Kept by Python's RtpProc and by its channels, so made and destroyed with the GIL held.
class proc final : public background {
public:
    explicit proc(const asio_server::proc_options& options);
    ~proc();

    const asio_server::proc_options& options() const noexcept { return options_; }

    /// Whether the caller is inside a handler of ours.
    bool on_worker() const noexcept { return thread_->is_current(); }

    const std::shared_ptr<proc_worker>& worker() const noexcept { return worker_; }

private:
    void stop() noexcept override { worker_->stop(); }
    void join_until(callback_thread::clock::time_point deadline) override {
        thread_->join_until(deadline);
    }

    const asio_server::proc_options options_;
    std::shared_ptr<proc_worker> worker_;
    std::unique_ptr<callback_thread> thread_;
};

} // namespace rtpsynth::python
