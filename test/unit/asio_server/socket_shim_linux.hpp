// The shim of what only Linux has. Read by socket_shim_posix.hpp.
#pragma once

#include <netinet/udp.h>
#include <sys/epoll.h>

namespace shim {

inline constexpr bool asio_has_epoll = true;

// glibc's flags are an int, and musl's are unsigned.
template <class Flags>
Flags flags_of(int (*)(int, mmsghdr*, unsigned, Flags, timespec*));
using recvmmsg_flags = decltype(flags_of(&::recvmmsg));

} // namespace shim

extern "C" {
[[gnu::weak]] decltype(::epoll_ctl) __interceptor_epoll_ctl;
[[gnu::weak]] decltype(::recvmmsg) __interceptor_recvmmsg;
}

RTPSYNTH_SHIM int epoll_ctl(int set, int what, int fd, epoll_event* event)
    RTPSYNTH_SAME_AS(epoll_ctl(set, what, fd, event)) {
    static const auto real = shim::real(RTPSYNTH_INTERCEPTOR(epoll_ctl), "epoll_ctl");
    const bool asios = event && (event->events & EPOLLET);
    auto& fault = asios ? shim::on_asios_epoll_ctl : shim::on_epoll_ctl;
    return fault.hits(what) ? -1 : real(set, what, fd, event);
}

RTPSYNTH_SHIM int recvmmsg(int fd, mmsghdr* messages, unsigned count, shim::recvmmsg_flags flags,
                           timespec* timeout) {
    static const auto real = shim::real(RTPSYNTH_INTERCEPTOR(recvmmsg), "recvmmsg");
    return shim::on_receive.hits(0) ? -1 : real(fd, messages, count, flags, timeout);
}
