#include "io/linux/alarm.hpp"

#include <boost/system/system_error.hpp>

#include <sys/timerfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace rtpsynth::asio_server::detail {

alarm::alarm(const boost::asio::any_io_executor&)
    : fd_{::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)} {
    if (fd_ < 0)
        throw boost::system::system_error{errno, boost::system::system_category(),
                                          "timerfd_create"};
}

alarm::~alarm() { ::close(fd_); }

void alarm::abandon() noexcept { ::close(fd_); }

void alarm::ring() noexcept {
    if (set_.exchange(true)) return;
    const itimerspec once{{0, 0}, {0, static_cast<long>(delay.count())}};
    ::timerfd_settime(fd_, 0, &once, nullptr);
}

void alarm::take() noexcept {
    // Read first and clear set_ after that: the caller of take() handles every ring() before, and
    // the read does not consume the expiry of a later one.
    std::uint64_t times = 0;
    static_cast<void>(::read(fd_, &times, sizeof times) < 0);
    set_ = false;
}

} // namespace rtpsynth::asio_server::detail
