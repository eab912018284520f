#include "host.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <string>

namespace common {
namespace {

constexpr std::size_t other_files = 32; // standard streams, epoll, timers, libraries

rtpsynth::duration to_duration(const timeval& t) {
    return std::chrono::seconds(t.tv_sec) + std::chrono::microseconds(t.tv_usec);
}

} // namespace

void allow_sockets(std::size_t sockets, const char* things) {
    const rlim_t needed = sockets + other_files;
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= needed) return;
    const rlimit raised{needed,
                        std::max(limit.rlim_max, needed)}; // only root may raise the hard limit
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) return;
    throw std::runtime_error(std::to_string(sockets) + ' ' + things + " need " +
                             std::to_string(needed) + " open files, and the limit is " +
                             std::to_string(limit.rlim_max) + " (ulimit -Hn)");
}

rtpsynth::duration cpu_time() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return to_duration(usage.ru_utime) + to_duration(usage.ru_stime);
}

} // namespace common
