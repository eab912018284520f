/// \file
/// What is behind a Python RtpServer and its channels.
#pragma once

#include "threads/callback_queue.hpp"
#include "threads/callback_thread.hpp"
#include "threads/gil.hpp"

#include <rtpsynth/asio_server/server/rtp_server.hpp>

#include <memory>

namespace rtpsynth::python {

/// A server on an I/O thread of its own, and the thread that calls Python. Kept by Python's
/// RtpServer and by its channels, so made and destroyed with the GIL held.
class server final : public background {
public:
    explicit server(const asio_server::server_options& options);
    ~server();

    /// \return false with RuntimeError set after shutdown(), or in a child after fork()
    bool check_usable() const;
    bool is_shut_down() const noexcept { return shut_down_; }
    bool is_inherited() const noexcept { return generation_ != fork_generation(); }

    /// Closes the sockets and ends both threads; a callback that runs elsewhere is waited for only
    /// briefly. Any number of times.
    void shutdown();

    asio_server::rtp_server& native() noexcept { return *native_; }
    const std::shared_ptr<callback_queue>& queue() const noexcept { return queue_; }

private:
    void request_stop() noexcept override;
    void await_stop(callback_thread::clock::time_point deadline) override;

    const unsigned generation_ = fork_generation();
    bool shut_down_ = false;
    std::unique_ptr<asio_server::rtp_server> native_;
    std::shared_ptr<callback_queue> queue_;
    std::unique_ptr<callback_thread> callbacks_;
};

} // namespace rtpsynth::python
