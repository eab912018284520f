/// \file
/// What is behind a Python RtpServer, or an event loop's server, and its channels.
#pragma once

#include "threads/background.hpp"
#include "threads/callback_queue.hpp"
#include "threads/lead.hpp"

#include <rtpsynth/asio_server/server/rtp_server.hpp>

#include <memory>
#include <thread>

namespace rtpsynth::python {

/// A server that two threads of its own run, one of which calls Python; or one that an event loop
/// runs by poll(). Kept by Python's objects, so made and destroyed with the GIL held.
class server final : public background {
public:
    enum class run_by { threads, loop };

    server(const asio_server::server_options& options, run_by runner);
    ~server();

    asio_server::rtp_server& native() noexcept { return *native_; }
    const std::shared_ptr<callback_queue>& queue() const noexcept { return queue_; }

    /// Serves what is ready and calls back, for about 5 ms if there is so much: then has_more(). In
    /// the loop's thread; a callback may call it again.
    /// \return false with an exception set that is to end the loop's run
    bool poll();
    /// Whether poll() has something to deliver that no descriptor announces.
    bool has_more() const noexcept { return !work_.done() || queue_->has_work(); }

private:
    void stop() noexcept override;
    void join_until(callback_thread::clock::time_point deadline) override;
    void start_threads();

    std::shared_ptr<asio_server::rtp_server> native_;
    std::shared_ptr<callback_queue> queue_;
    queued_work work_; // of poll()
    // None if a loop runs it:
    std::shared_ptr<lead> lead_;
    std::unique_ptr<callback_thread> callbacks_;
    std::unique_ptr<std::thread> io_;
    std::mutex joining_;
};

} // namespace rtpsynth::python
