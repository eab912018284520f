// A clock of the program's own, which only its test moves: the system, which interrupts it on a
// busy machine, does not make the server later than the test says. To be included once.
#pragma once

#include <rtpsynth/base/detail/byte_order.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace rtpsynth::asio_server::own_clock {

/// Must never be faster than the system's, by which the system's timers go.
inline std::chrono::steady_clock::time_point now{std::chrono::hours{1}};
/// What the kernel says instead of the time of arrival, by sequence number: when the RTP packet
/// arrived by this clock.
inline std::vector<std::chrono::steady_clock::time_point> arrivals;

} // namespace rtpsynth::asio_server::own_clock

// In place of the standard library's.
std::chrono::steady_clock::time_point std::chrono::steady_clock::now() noexcept {
    return rtpsynth::asio_server::own_clock::now;
}

#ifdef __linux__ // where kernel_timestamps are

#    include <dlfcn.h>
#    include <sys/socket.h>
#    include <time.h>

#    include <cstring>

namespace rtpsynth::asio_server::own_clock {

inline timespec as_timespec(std::chrono::steady_clock::time_point t) {
    const auto since = t.time_since_epoch();
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since);
    const std::chrono::nanoseconds rest{since - seconds};
    timespec time{};
    time.tv_sec = static_cast<decltype(time.tv_sec)>(seconds.count());
    time.tv_nsec = static_cast<decltype(time.tv_nsec)>(rest.count());
    return time;
}

inline void stamp(msghdr& message) {
    std::uint8_t packet[4] = {};
    std::memcpy(packet, message.msg_iov->iov_base, sizeof packet);
    const std::size_t seq = rtpsynth::detail::load_be16(&packet[2]);
    if (seq >= arrivals.size()) return;
    const timespec time = as_timespec(arrivals[seq]);
    for (cmsghdr* c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c))
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS)
            std::memcpy(CMSG_DATA(c), &time, sizeof time);
}

// glibc's flags are an int, and musl's are unsigned.
template <class Flags>
Flags flags_of(int (*)(int, mmsghdr*, unsigned, Flags, timespec*));

} // namespace rtpsynth::asio_server::own_clock

extern "C" {

[[gnu::weak]] decltype(::recvmmsg) __interceptor_recvmmsg; // a sanitizer's, which must see the call

[[gnu::visibility("default")]] int clock_gettime(clockid_t clock, timespec* time) noexcept(
    noexcept(::clock_gettime(clock, time))) {
    static const auto real =
        reinterpret_cast<decltype(&::clock_gettime)>(::dlsym(RTLD_NEXT, "clock_gettime"));
    if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC) return real(clock, time);
    *time = rtpsynth::asio_server::own_clock::as_timespec(rtpsynth::asio_server::own_clock::now);
    return 0;
}

[[gnu::visibility("default")]] int recvmmsg(
    int fd, mmsghdr* messages, unsigned count,
    decltype(rtpsynth::asio_server::own_clock::flags_of(&::recvmmsg)) flags, timespec* timeout) {
    static const auto real =
        &__interceptor_recvmmsg
            ? &__interceptor_recvmmsg
            : reinterpret_cast<decltype(&::recvmmsg)>(::dlsym(RTLD_NEXT, "recvmmsg"));
    const int got = real(fd, messages, count, flags, timeout);
    for (int i = 0; i < got; ++i) rtpsynth::asio_server::own_clock::stamp(messages[i].msg_hdr);
    return got;
}
}

#endif
