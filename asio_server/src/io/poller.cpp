#include "io/poller.hpp"

#include <boost/system/system_error.hpp>

#include <unistd.h>

#include <cerrno>

namespace rtpsynth::asio_server::detail {

poller::poller() : fd_{::epoll_create1(EPOLL_CLOEXEC)} {
    if (fd_ < 0)
        throw boost::system::system_error{errno, boost::system::system_category(), "epoll_create1"};
}

poller::~poller() { ::close(fd_); }

int poller::add(int fd, std::uint32_t events, std::uint64_t token) noexcept {
    epoll_event event{events, {.u64 = token}};
    return ::epoll_ctl(fd_, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : errno;
}

int poller::modify(int fd, std::uint32_t events, std::uint64_t token) noexcept {
    epoll_event event{events, {.u64 = token}};
    return ::epoll_ctl(fd_, EPOLL_CTL_MOD, fd, &event) == 0 ? 0 : errno;
}

void poller::remove(int fd) noexcept {
    epoll_event unused{};
    ::epoll_ctl(fd_, EPOLL_CTL_DEL, fd, &unused);
}

std::span<epoll_event> poller::poll(std::span<epoll_event> room) noexcept {
    const int got = ::epoll_wait(fd_, room.data(), static_cast<int>(room.size()), 0);
    return room.first(got > 0 ? static_cast<std::size_t>(got) : 0);
}

} // namespace rtpsynth::asio_server::detail
