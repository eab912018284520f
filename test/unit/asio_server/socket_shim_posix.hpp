// The shim of functions that a program takes the place of by defining them: POSIX. Read by
// socket_shim.hpp.
#pragma once

#include <dlfcn.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
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

#ifdef __linux__
#    define RTPSYNTH_INTERCEPTOR(function) &__interceptor_##function
extern "C" {
[[gnu::weak]] decltype(::socket) __interceptor_socket;
[[gnu::weak]] decltype(::bind) __interceptor_bind;
[[gnu::weak]] decltype(::setsockopt) __interceptor_setsockopt;
[[gnu::weak]] decltype(::sendmsg) __interceptor_sendmsg;
[[gnu::weak]] decltype(::sendto) __interceptor_sendto;
[[gnu::weak]] decltype(::recvfrom) __interceptor_recvfrom;
[[gnu::weak]] decltype(::poll) __interceptor_poll;
[[gnu::weak]] decltype(::pthread_create) __interceptor_pthread_create;
[[gnu::weak]] decltype(::clock_gettime) __interceptor_clock_gettime;
[[gnu::weak]] decltype(::getaddrinfo) __interceptor_getaddrinfo;
}
#else // whose sanitizers have others, and whose linker wants every function to exist
#    define RTPSYNTH_INTERCEPTOR(function) static_cast<decltype(&::function)>(nullptr)
#endif
#define RTPSYNTH_SHIM extern "C" [[gnu::visibility("default")]]
// What a C library says of a function, its shim has to say, too.
#define RTPSYNTH_SAME_AS(call) noexcept(noexcept(::call))

RTPSYNTH_SHIM int socket(int domain, int type, int protocol)
    RTPSYNTH_SAME_AS(socket(domain, type, protocol)) {
    static const auto real = shim::real(RTPSYNTH_INTERCEPTOR(socket), "socket");
    return shim::on_socket.hits(0) ? -1 : real(domain, type, protocol);
}

RTPSYNTH_SHIM int bind(int fd, const sockaddr* address, socklen_t size)
    RTPSYNTH_SAME_AS(bind(fd, address, size)) {
    static const auto real = shim::real(RTPSYNTH_INTERCEPTOR(bind), "bind");
    return shim::on_bind.hits(0) ? -1 : real(fd, address, size);
}

RTPSYNTH_SHIM int setsockopt(int fd, int level, int name, const void* value, socklen_t size)
    RTPSYNTH_SAME_AS(setsockopt(fd, level, name, value, size)) {
    static const auto real = shim::real(RTPSYNTH_INTERCEPTOR(setsockopt), "setsockopt");
    return shim::on_setsockopt.hits(name) ? -1 : real(fd, level, name, value, size);
}

RTPSYNTH_SHIM ssize_t sendmsg(int fd, const msghdr* message, int flags) {
    static const auto real = shim::real(RTPSYNTH_INTERCEPTOR(sendmsg), "sendmsg");
    if (shim::before_send) shim::before_send(message->msg_iov->iov_len);
    return shim::on_send.hits(message->msg_controllen != 0) ? -1 : real(fd, message, flags);
}

RTPSYNTH_SHIM ssize_t sendto(int fd, const void* data, std::size_t size, int flags,
                             const sockaddr* to, socklen_t to_size) {
    static const auto real = shim::real(RTPSYNTH_INTERCEPTOR(sendto), "sendto");
    if (shim::before_send) shim::before_send(size);
    return shim::on_send.hits(0) ? -1 : real(fd, data, size, flags, to, to_size);
}

RTPSYNTH_SHIM ssize_t recvfrom(int fd, void* data, std::size_t size, int flags, sockaddr* from,
                               socklen_t* from_size) {
    static const auto real = shim::real(RTPSYNTH_INTERCEPTOR(recvfrom), "recvfrom");
    return shim::on_receive.hits(0) ? -1 : real(fd, data, size, flags, from, from_size);
}

RTPSYNTH_SHIM int poll(pollfd* descriptors, nfds_t count, int timeout) {
    static const auto real = shim::real(RTPSYNTH_INTERCEPTOR(poll), "poll");
    return shim::in_place_of_poll ? shim::in_place_of_poll(timeout)
                                  : real(descriptors, count, timeout);
}

RTPSYNTH_SHIM int pthread_create(pthread_t* thread, const pthread_attr_t* attributes,
                                 void* (*start)(void*), void* argument)
    RTPSYNTH_SAME_AS(pthread_create(thread, attributes, start, argument)) {
    static const auto real = shim::real(RTPSYNTH_INTERCEPTOR(pthread_create), "pthread_create");
    return shim::on_pthread_create.hits(0) ? errno : real(thread, attributes, start, argument);
}

RTPSYNTH_SHIM int clock_gettime(clockid_t clock, timespec* time)
    RTPSYNTH_SAME_AS(clock_gettime(clock, time)) {
    static const auto real = shim::real(RTPSYNTH_INTERCEPTOR(clock_gettime), "clock_gettime");
    const int result = real(clock, time);
    if (clock == CLOCK_REALTIME && shim::pauses_after_realtime > 0) {
        --shim::pauses_after_realtime;
        const timespec pause{.tv_sec = 0, .tv_nsec = 20'000'000};
        ::nanosleep(&pause, nullptr);
    }
    return result;
}

#ifdef __linux__
#    include "socket_shim_linux.hpp"
#else // what only the other backend asks for
inline constexpr int SO_TIMESTAMPNS = -2, UDP_GRO = -3, EPOLL_CTL_ADD = -4, EPOLL_CTL_MOD = -5;
namespace shim {
inline constexpr bool asio_has_epoll = false;
}
#endif
