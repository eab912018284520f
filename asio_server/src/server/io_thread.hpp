/// \file
/// A thread that runs an io_home.
#pragma once

#include "server/io_home.hpp"

#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

namespace rtpsynth::asio_server::detail {

/// Owns the thread that runs an io_home.
class io_thread {
public:
    /// \p on_exception is called, on the thread, with exceptions of handlers; it must not throw.
    /// \throws boost::system::system_error if no descriptor or thread can be created
    explicit io_thread(std::function<void(std::exception_ptr)> on_exception);
    /// \throws boost::system::system_error if no thread can be created
    explicit io_thread(std::shared_ptr<io_home> to_run);
    /// Calls finish(); a thread that destroys its own io_thread runs on until it ends by itself.
    ~io_thread();
    io_thread(const io_thread&) = delete;
    io_thread& operator=(const io_thread&) = delete;

    const std::shared_ptr<io_home>& home() const noexcept { return home_; }

    /// Lets the thread end when nothing is outstanding, and joins it unless it is the caller. Any
    /// number of threads may call it; each call returns when the thread has ended.
    void finish() noexcept;
    /// Whether the caller is this thread.
    bool runs_here() const noexcept { return std::this_thread::get_id() == id_; }

private:
    void release() noexcept;

    std::shared_ptr<io_home> home_;
    std::unique_ptr<std::thread> thread_;
    std::thread::id id_;
    std::mutex joining_;
};

} // namespace rtpsynth::asio_server::detail
