/// \file
/// Wakes a thread that waits in a ready set, without needing memory.
#pragma once

#include <boost/asio/any_io_executor.hpp>

namespace rtpsynth::asio_server::detail {

/// A descriptor for an epoll set that is readable from wake() until take().
///
/// Threads: safe.
class waker {
public:
    /// \throws boost::system::system_error
    explicit waker(const boost::asio::any_io_executor&);
    ~waker();
    waker(const waker&) = delete;
    waker& operator=(const waker&) = delete;

    int descriptor() const noexcept { return fd_; }
    /// \return false for lack of resources
    bool wake() noexcept;
    void take() noexcept;
    /// Closes the copy that a child of fork() has inherited. The waker must not be destroyed after
    /// that.
    void abandon() noexcept;

private:
    int fd_;
};

} // namespace rtpsynth::asio_server::detail
