// The shim of functions that a program takes the place of by defining them: POSIX. Read by
// socket_shim.hpp.
#pragma once

#include <dlfcn.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

#include <cerrno>
#include <cstddef>

namespace shim {

inline int system_value(int error) { return error; }
inline void set_error(int error) { errno = error; }

// A sanitizer's, which must see the calls, or the system's.
template <class F>
F* real(F* interceptor, const char* name) {
    return interceptor ? interceptor : reinterpret_cast<F*>(::dlsym(RTLD_NEXT, name));
}

} // namespace shim

#define RTPSYNTH_SHIM extern "C" [[gnu::visibility("default")]]
extern "C" {
[[gnu::weak]] int __interceptor_socket(int, int, int);
[[gnu::weak]] int __interceptor_bind(int, const sockaddr*, socklen_t);
[[gnu::weak]] int __interceptor_setsockopt(int, int, int, const void*, socklen_t);
[[gnu::weak]] int __interceptor_epoll_ctl(int, int, int, epoll_event*);
[[gnu::weak]] ssize_t __interceptor_sendmsg(int, const msghdr*, int);
[[gnu::weak]] ssize_t __interceptor_sendto(int, const void*, std::size_t, int, const sockaddr*,
                                           socklen_t);
[[gnu::weak]] ssize_t __interceptor_recvfrom(int, void*, std::size_t, int, sockaddr*, socklen_t*);
[[gnu::weak]] int __interceptor_recvmmsg(int, mmsghdr*, unsigned, int, timespec*);
[[gnu::weak]] int __interceptor_poll(pollfd*, nfds_t, int);
[[gnu::weak]] int __interceptor_pthread_create(pthread_t*, const pthread_attr_t*, void* (*)(void*),
                                               void*);
[[gnu::weak]] int __interceptor_clock_gettime(clockid_t, timespec*);
}

RTPSYNTH_SHIM int socket(int domain, int type, int protocol) noexcept {
    static const auto real = shim::real(&__interceptor_socket, "socket");
    return shim::on_socket.hits(0) ? -1 : real(domain, type, protocol);
}

RTPSYNTH_SHIM int bind(int fd, const sockaddr* address, socklen_t size) noexcept {
    static const auto real = shim::real(&__interceptor_bind, "bind");
    return shim::on_bind.hits(0) ? -1 : real(fd, address, size);
}

RTPSYNTH_SHIM int setsockopt(int fd, int level, int name, const void* value,
                             socklen_t size) noexcept {
    static const auto real = shim::real(&__interceptor_setsockopt, "setsockopt");
    return shim::on_setsockopt.hits(name) ? -1 : real(fd, level, name, value, size);
}

RTPSYNTH_SHIM int epoll_ctl(int set, int what, int fd, epoll_event* event) noexcept {
    static const auto real = shim::real(&__interceptor_epoll_ctl, "epoll_ctl");
    const bool asios = event && (event->events & EPOLLET);
    auto& fault = asios ? shim::on_asios_epoll_ctl : shim::on_epoll_ctl;
    return fault.hits(what) ? -1 : real(set, what, fd, event);
}

RTPSYNTH_SHIM ssize_t sendmsg(int fd, const msghdr* message, int flags) {
    static const auto real = shim::real(&__interceptor_sendmsg, "sendmsg");
    if (shim::before_send) shim::before_send(message->msg_iov->iov_len);
    return shim::on_send.hits(message->msg_controllen != 0) ? -1 : real(fd, message, flags);
}

RTPSYNTH_SHIM ssize_t sendto(int fd, const void* data, std::size_t size, int flags,
                             const sockaddr* to, socklen_t to_size) {
    static const auto real = shim::real(&__interceptor_sendto, "sendto");
    if (shim::before_send) shim::before_send(size);
    return shim::on_send.hits(0) ? -1 : real(fd, data, size, flags, to, to_size);
}

RTPSYNTH_SHIM ssize_t recvfrom(int fd, void* data, std::size_t size, int flags, sockaddr* from,
                               socklen_t* from_size) {
    static const auto real = shim::real(&__interceptor_recvfrom, "recvfrom");
    return shim::on_receive.hits(0) ? -1 : real(fd, data, size, flags, from, from_size);
}

RTPSYNTH_SHIM int recvmmsg(int fd, mmsghdr* messages, unsigned count, int flags,
                           timespec* timeout) {
    static const auto real = shim::real(&__interceptor_recvmmsg, "recvmmsg");
    return shim::on_receive.hits(0) ? -1 : real(fd, messages, count, flags, timeout);
}

RTPSYNTH_SHIM int poll(pollfd* descriptors, nfds_t count, int timeout) {
    static const auto real = shim::real(&__interceptor_poll, "poll");
    return shim::in_place_of_poll ? shim::in_place_of_poll(timeout)
                                  : real(descriptors, count, timeout);
}

RTPSYNTH_SHIM int pthread_create(pthread_t* thread, const pthread_attr_t* attributes,
                                 void* (*start)(void*), void* argument) noexcept {
    static const auto real = shim::real(&__interceptor_pthread_create, "pthread_create");
    return shim::on_pthread_create.hits(0) ? errno : real(thread, attributes, start, argument);
}

RTPSYNTH_SHIM int clock_gettime(clockid_t clock, timespec* time) noexcept {
    static const auto real = shim::real(&__interceptor_clock_gettime, "clock_gettime");
    const int result = real(clock, time);
    if (clock == CLOCK_REALTIME && shim::pauses_after_realtime > 0) {
        --shim::pauses_after_realtime;
        const timespec pause{.tv_sec = 0, .tv_nsec = 20'000'000};
        ::nanosleep(&pause, nullptr);
    }
    return result;
}
