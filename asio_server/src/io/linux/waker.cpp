#include "io/linux/waker.hpp"

#include <boost/system/system_error.hpp>

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace rtpsynth::asio_server::detail {

waker::waker(const boost::asio::any_io_executor&) : fd_{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)} {
    if (fd_ < 0)
        throw boost::system::system_error{errno, boost::system::system_category(), "eventfd"};
}

waker::~waker() { ::close(fd_); }

void waker::abandon() noexcept { ::close(fd_); }

bool waker::wake() noexcept {
    const std::uint64_t one = 1;
    static_cast<void>(
        ::write(fd_, &one, sizeof one) <
        0); // fails only if the counter is full, and the descriptor therefore readable
    return true;
}

void waker::take() noexcept {
    std::uint64_t times = 0;
    static_cast<void>(::read(fd_, &times, sizeof times) < 0);
}

} // namespace rtpsynth::asio_server::detail
