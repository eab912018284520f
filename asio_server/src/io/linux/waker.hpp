/// \file
/// Waking whoever waits in a ready set, without memory.
#pragma once

#include <boost/asio/any_io_executor.hpp>

namespace rtpsynth::asio_server::detail {

/// A descriptor, for an epoll set, that is readable from wake() to take().
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
    /// \return whether it had the resources
    bool wake() noexcept;
    void take() noexcept;
    /// Closes the copy that a child of fork() has inherited. After that the waker is not to be
    /// destroyed.
    void abandon() noexcept;

private:
    int fd_;
};

} // namespace rtpsynth::asio_server::detail
