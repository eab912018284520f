/// \file
/// An epoll set.
#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <span>

namespace rtpsynth::asio_server::detail {

/// The sockets of a server in a set of their own, which Asio watches as one descriptor: one Asio
/// operation per turn instead of one per datagram.
///
/// Threads: safe, as the kernel's is.
class poller {
public:
    /// \throws boost::system::system_error
    poller();
    ~poller();
    poller(const poller&) = delete;
    poller& operator=(const poller&) = delete;

    int native_handle() const noexcept { return fd_; }

    /// \return an errno; 0: done
    int add(int fd, std::uint32_t events, std::uint64_t token) noexcept;
    int modify(int fd, std::uint32_t events, std::uint64_t token) noexcept;
    void remove(int fd) noexcept;

    /// What is ready now.
    std::span<epoll_event> poll(std::span<epoll_event> room) noexcept;

private:
    int fd_;
};

} // namespace rtpsynth::asio_server::detail
