/// \file
/// What is behind a Python RtpServer and its channels.
#pragma once

#include "threads/background.hpp"
#include "threads/callback_queue.hpp"

#include <rtpsynth/asio_server/server/rtp_server.hpp>

#include <memory>

namespace rtpsynth::python {

/// A server on an I/O thread of its own, and the thread that calls Python. Kept by Python's
/// RtpServer and by its channels, so made and destroyed with the GIL held.
class server final : public background {
public:
    explicit server(const asio_server::server_options& options);
    ~server();

    asio_server::rtp_server& native() noexcept { return *native_; }
    const std::shared_ptr<callback_queue>& queue() const noexcept { return queue_; }

private:
    void stop() noexcept override;
    void join_until(callback_thread::clock::time_point deadline) override;

    std::unique_ptr<asio_server::rtp_server> native_;
    std::shared_ptr<callback_queue> queue_;
    std::unique_ptr<callback_thread> callbacks_;
};

} // namespace rtpsynth::python
