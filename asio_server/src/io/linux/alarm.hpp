/// \file
/// A second try, a little later, that needs no memory.
#pragma once

#include <rtpsynth/base/clock.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <atomic>
#include <chrono>

namespace rtpsynth::asio_server::detail {

/// A descriptor, for an epoll set, that becomes readable a while after ring(). Whatever cannot be
/// done for want of memory, or another resource of the system, is left in a list or a flag and
/// tried again when the alarm goes off: nobody waits for memory, and no completion is lost.
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
    /// It goes off after `delay`, or when it was to anyway.
    void ring() noexcept;
    /// It went off. From now on ring() sets it anew.
    void take() noexcept;
    /// Closes the copy that a child of fork() has inherited. After that the alarm is not to be
    /// destroyed.
    void abandon() noexcept;

private:
    int fd_;
    std::atomic<bool> set_{false};
};

} // namespace rtpsynth::asio_server::detail
