#include "io/linux/ready_set.hpp"

#include <boost/system/system_error.hpp>

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <utility>

namespace rtpsynth::asio_server::detail {
namespace {

boost::system::error_code last_error() noexcept {
    return {errno, boost::system::system_category()};
}

boost::asio::posix::stream_descriptor duplicate(const boost::asio::any_io_executor& executor,
                                                int fd) {
    boost::asio::posix::stream_descriptor descriptor{executor};
    const int copy = ::fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (copy < 0) throw boost::system::system_error{last_error(), "F_DUPFD"};
    boost::system::error_code ec;
    descriptor.assign(copy, ec);
    if (ec) { // Asio has not taken it
        ::close(copy);
        throw boost::system::system_error{ec, "epoll_ctl"};
    }
    return descriptor;
}

timespec to_timespec(duration d) noexcept {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(d);
    return {.tv_sec = static_cast<std::time_t>(seconds.count()),
            .tv_nsec = static_cast<long>((d - seconds).count())};
}

/// epoll_wait() with nanoseconds, also on kernels before 5.11. Negative: no limit.
int wait_exactly(int fd, epoll_event* events, int most, duration longest) noexcept {
    if (longest <= duration::zero())
        return ::epoll_wait(fd, events, most, longest < duration::zero() ? -1 : 0);
    const timespec time = to_timespec(longest);
#ifdef SYS_epoll_pwait2
    static std::atomic<bool> missing{false};
    if (!missing.load(std::memory_order_relaxed)) {
        const long got = ::syscall(SYS_epoll_pwait2, fd, events, most, &time, nullptr, 0);
        if (got >= 0 || (errno != ENOSYS && errno != EPERM)) return static_cast<int>(got);
        missing.store(true, std::memory_order_relaxed);
    }
#endif
    pollfd one{fd, POLLIN, 0};
    if (::ppoll(&one, 1, &time, nullptr) <= 0) return 0;
    return ::epoll_wait(fd, events, most, 0);
}

std::uint32_t events_of(interest wanted) noexcept {
    return (wanted.readable ? EPOLLIN : 0U) | (wanted.writable ? EPOLLOUT : 0U);
}

} // namespace

ready_set::ready_set(const boost::asio::any_io_executor& executor, alarm& alarm,
                     std::function<void()>, const waker* waker)
    : fd_{::epoll_create1(EPOLL_CLOEXEC)} {
    if (fd_ < 0) throw boost::system::system_error{last_error(), "epoll_create1"};
    try {
        if (!waker) ready_.emplace(duplicate(executor, fd_));
        if (const error_code e = control(EPOLL_CTL_ADD, alarm.descriptor(), EPOLLIN, alarm_token))
            throw boost::system::system_error{e, "epoll_ctl"};
        if (!waker) return;
        if (const error_code e = control(EPOLL_CTL_ADD, waker->descriptor(), EPOLLIN, waker_token))
            throw boost::system::system_error{e, "epoll_ctl"};
        timer_ = ::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
        if (timer_ < 0) throw boost::system::system_error{last_error(), "timerfd_create"};
        if (const error_code e = control(EPOLL_CTL_ADD, timer_, EPOLLIN, deadline_token))
            throw boost::system::system_error{e, "epoll_ctl"};
    } catch (...) {
        ::close(fd_);
        if (timer_ >= 0) ::close(timer_);
        throw;
    }
}

ready_set::~ready_set() {
    ::close(fd_);
    if (timer_ >= 0) ::close(timer_);
}

boost::system::error_code ready_set::control(int operation, int fd, std::uint32_t events,
                                             std::uint64_t token) noexcept {
    epoll_event event{events, {.u64 = token}};
    return ::epoll_ctl(fd_, operation, fd, &event) == 0 ? error_code{} : last_error();
}

boost::system::error_code ready_set::add(udp_socket& socket, interest wanted,
                                         std::uint64_t token) noexcept {
    return control(EPOLL_CTL_ADD, socket.descriptor(), events_of(wanted), token);
}

boost::system::error_code ready_set::modify(udp_socket& socket, interest wanted,
                                            std::uint64_t token) noexcept {
    return control(EPOLL_CTL_MOD, socket.descriptor(), events_of(wanted), token);
}

void ready_set::remove(udp_socket& socket) noexcept {
    control(EPOLL_CTL_DEL, socket.descriptor(), 0, 0);
}

bool ready_set::hand_over(const boost::asio::any_io_executor& executor) noexcept {
    try {
        ready_.emplace(duplicate(executor, fd_));
        return true;
    } catch (...) {
        return false;
    }
}

std::span<ready_event> ready_set::poll(std::span<ready_event> room) noexcept {
    return wait_for(room, duration::zero());
}

std::span<ready_event> ready_set::wait(std::span<ready_event> room, time_point deadline) noexcept {
    if (deadline == time_point::max()) return wait_for(room, duration{-1});
    if (deadline == time_point::min()) return wait_for(room, duration::zero());
    if (deadline == timer_goes_off_at_ || (is_worth_a_timer(deadline) && set_timer(deadline)))
        return wait_for(room, duration{-1});
    // The kernel may be late by a thousandth: a long wait ends early and begins again.
    constexpr duration exact = std::chrono::milliseconds{50};
    const duration left = deadline - std::chrono::steady_clock::now();
    return wait_for(room, std::max(duration::zero(), left > exact ? left - left / 256 : left));
}

std::span<ready_event> ready_set::wait_for(std::span<ready_event> room, duration longest) noexcept {
    std::array<epoll_event, 64> events;
    const auto most = static_cast<int>(std::min(room.size(), events.size()));
    const int got = wait_exactly(fd_, events.data(), most, longest);
    const std::size_t count = got > 0 ? static_cast<std::size_t>(got) : 0;
    std::size_t given = 0;
    for (std::size_t i = 0; i != count; ++i) {
        if (timer_ >= 0 && events[i].data.u64 == deadline_token)
            take_timer();
        else
            room[given++] = {.token = events[i].data.u64,
                             .readable = (events[i].events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0,
                             .writable = (events[i].events & EPOLLOUT) != 0};
    }
    return room.first(given);
}

/// Called for every wait until \p deadline.
bool ready_set::is_worth_a_timer(time_point deadline) noexcept {
    constexpr unsigned waits_with_timeout = 4; // then another one is likely
    if (std::exchange(deadline_, deadline) != deadline) waits_ = 0;
    return ++waits_ > waits_with_timeout;
}

/// \return false for a deadline in the past, and for a set without a timer
bool ready_set::set_timer(time_point deadline) noexcept {
    const duration left = deadline - std::chrono::steady_clock::now();
    if (timer_ < 0 || left <= duration::zero()) return false;
    // Relative, as timeouts are: a test may have a steady_clock of its own.
    const itimerspec once{.it_interval = {}, .it_value = to_timespec(left)};
    if (::timerfd_settime(timer_, 0, &once, nullptr) != 0) return false;
    timer_goes_off_at_ = deadline;
    return true;
}

void ready_set::take_timer() noexcept {
    std::uint64_t times = 0;
    static_cast<void>(::read(timer_, &times, sizeof times) < 0);
    timer_goes_off_at_ = time_point::max();
}

void ready_set::close() noexcept { ready_.reset(); }

void ready_set::abandon() noexcept {
    ::close(fd_);
    if (timer_ >= 0) ::close(timer_);
    if (ready_) ::close(ready_->native_handle());
}

} // namespace rtpsynth::asio_server::detail
