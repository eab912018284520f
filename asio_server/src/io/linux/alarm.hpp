/// \file
/// A timer for retries that needs no memory.
#pragma once

#include <rtpsynth/base/clock.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <atomic>
#include <chrono>

namespace rtpsynth::asio_server::detail {

/// A descriptor for an epoll set that becomes readable a while after ring(). Work for which there
/// is no memory, or no other system resource, is kept in a list or a flag, and retried when the
/// alarm goes off: nothing waits for memory, and no completion is lost.
///
/// Threads: safe.
class alarm {
public:
    static constexpr duration delay = std::chrono::milliseconds{10};

    /// \throws boost::system::system_error
    explicit alarm(const boost::asio::any_io_executor&);
    ~alarm();
    alarm(const alarm&) = delete;
    alarm& operator=(const alarm&) = delete;

    int descriptor() const noexcept { return fd_; }
    /// Makes the alarm go off after `delay`, or when it was already set to.
    void ring() noexcept;
    /// Call when it has gone off. ring() then sets it anew.
    void take() noexcept;
    /// Closes the copy that a child of fork() has inherited. The alarm must not be destroyed after
    /// that.
    void abandon() noexcept;

private:
    int fd_;
    std::atomic<bool> set_{false};
};

} // namespace rtpsynth::asio_server::detail
