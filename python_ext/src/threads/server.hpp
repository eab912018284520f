/// \file
/// What is behind a Python RtpServer, or an event loop's server, and its channels.
#pragma once

#include "threads/background.hpp"
#include "threads/callback_queue.hpp"
#include "threads/lead.hpp"
#include "threads/wake_pipe.hpp"

#include <rtpsynth/asio_server/server/rtp_server.hpp>

#include <memory>
#include <optional>
#include <thread>

namespace rtpsynth::python {

/// A server that two threads of its own run, one of which calls Python; or one that an event loop
/// runs by poll(); or one that a thread runs that never has the GIL, while an event loop delivers
/// by poll(). Kept by Python's objects, so made and destroyed with the GIL held.
class server final : public background {
public:
    enum class run_by { threads, loop, io_thread };

    server(const asio_server::server_options& options, run_by runner);
    ~server();

    asio_server::rtp_server& native() noexcept { return *native_; }
    const std::shared_ptr<callback_queue>& queue() const noexcept { return queue_; }

    /// For an event loop: readable when there is a reason to call poll(); -1 if there is none.
    int fileno() const noexcept { return pipe_ ? pipe_->fileno() : native_->native_handle(); }
    /// When else to call poll(); nullopt: never.
    std::optional<time_point> next_deadline() const noexcept {
        return pipe_ ? std::nullopt : native_->next_deadline();
    }
    /// Serves what is ready, unless a thread does, and calls back, for about 5 ms if there is so
    /// much: then has_more(). In the loop's thread; a callback may call it again. \return false
    /// with an exception set that is to end the loop's run
    bool poll();
    /// Whether poll() has something to deliver that no descriptor announces.
    bool has_more() const noexcept { return !work_.done() || queue_->has_work(); }

private:
    void stop() noexcept override;
    void join_until(callback_thread::clock::time_point deadline) override;
    void start_threads();
    void start_io_thread();

    /// What the only thread of run_by::io_thread has.
    struct io_runner;

    std::shared_ptr<asio_server::rtp_server> native_;
    std::shared_ptr<callback_queue> queue_;
    queued_work work_; // of poll()
    // With run_by::io_thread:
    std::shared_ptr<io_runner> runner_;
    std::shared_ptr<wake_pipe> pipe_;
    // With run_by::threads:
    std::shared_ptr<lead> lead_;
    std::unique_ptr<callback_thread> callbacks_;
    std::unique_ptr<std::thread> io_; // also with run_by::io_thread
    std::mutex joining_;
};

} // namespace rtpsynth::python
