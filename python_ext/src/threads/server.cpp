#include "threads/server.hpp"

#include "channel_delivery.hpp"

#include <rtpsynth/asio_server/server/detail/quiet_thread.hpp>

#include <atomic>
#include <chrono>
#include <utility>

namespace rtpsynth::python {

namespace {

constexpr std::chrono::milliseconds longest_stay{5}; // before the loop's other callbacks

} // namespace

struct server::io_runner {
    std::shared_ptr<asio_server::rtp_server> native;
    std::shared_ptr<callback_queue> queue;
    std::shared_ptr<wake_pipe> pipe;
    std::atomic<bool> stopped{false};

    void run() noexcept {
        while (!stopped) {
            native->run_one();
            queue->tell(*pipe);
        }
    }
    void stop() noexcept {
        stopped = true;
        native->wake();
    }
};

server::server(const asio_server::server_options& options, run_by runner)
    : background{"RtpServer"},
      native_{std::make_shared<asio_server::rtp_server>(asio_server::caller_runs, options)},
      queue_{std::make_shared<callback_queue>()} {
    if (runner == run_by::threads) start_threads();
    if (runner == run_by::io_thread) start_io_thread();
}

void server::start_io_thread() {
    pipe_ = std::make_shared<wake_pipe>();
    runner_ = std::make_shared<io_runner>();
    runner_->native = native_;
    runner_->queue = queue_;
    runner_->pipe = pipe_;
    io_ = asio_server::detail::start_quiet_thread("rtpsynth", [r = runner_] { r->run(); });
}

void server::start_threads() {
    lead_ = std::make_shared<lead>(native_, queue_);
    callbacks_ = std::make_unique<callback_thread>(
        "rtpsynth-py", [l = lead_](python_thread& python) { l->call_back(python); });
    try {
        io_ = asio_server::detail::start_quiet_thread("rtpsynth", [l = lead_] { l->follow(); });
    } catch (...) {
        lead_->stop();
        throw;
    }
}

server::~server() {
    if (inherited()) { // a thread of the parent may have held a lock
        abandon(std::move(queue_));
        if (lead_) lead_->abandon();
        abandon(std::move(lead_));
        if (runner_) {
            runner_->native.reset();
            abandon(std::move(runner_->queue));
        }
        if (pipe_) pipe_->close();
        static_cast<void>(io_.release());
    } else {
        shutdown();
    }
}

bool server::poll() {
    if (is_shut_down() || inherited()) return true;
    const auto kept = shared_from_this();
    // What comes faster than it is delivered is left to the kernel's buffers, which count it.
    if (pipe_)
        pipe_->drain();
    else if (!has_more())
        native_->poll();
    const auto until = std::chrono::steady_clock::now() + longest_stay;
    while (!queue_->stopped() && !inherited()) {
        if (work_.done() && !queue_->take(work_)) break;
        if (!deliver_next(work_, *queue_)) return false;
        if (std::chrono::steady_clock::now() >= until) break;
    }
    return true;
}

void server::stop() noexcept { queue_->stop(); }

void server::join_until(callback_thread::clock::time_point deadline) {
    if (lead_) lead_->stop();
    if (runner_) runner_->stop();
    {
        const std::lock_guard lock{joining_};
        if (io_ && io_->joinable()) io_->join();
    }
    native_->shutdown();
    if (callbacks_) callbacks_->join_until(deadline);
}

} // namespace rtpsynth::python
