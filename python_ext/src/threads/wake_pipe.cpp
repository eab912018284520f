#include "threads/wake_pipe.hpp"

#include <boost/system/system_error.hpp>

#include <cerrno>
#include <cstddef>
#include <fcntl.h>
#include <unistd.h>

#include <utility>

namespace rtpsynth::python {

wake_pipe::wake_pipe() {
    const auto fail = [] {
        throw boost::system::system_error{errno, boost::system::system_category(), "pipe"};
    };
    if (pipe(ends_.data()) != 0) fail();
    for (const int end : ends_) {
        if (fcntl(end, F_SETFL, O_NONBLOCK) == 0 && fcntl(end, F_SETFD, FD_CLOEXEC) == 0) continue;
        const int error = errno;
        close();
        errno = error;
        fail();
    }
}

void wake_pipe::notify() const noexcept {
    const char something = 0;
    // If the pipe is full, the loop will be woken anyway.
    while (write(ends_[1], &something, 1) < 0 && errno == EINTR) {
    }
}

void wake_pipe::drain() const noexcept {
    char some[64];
    for (;;) {
        const ssize_t n = read(ends_[0], some, sizeof some);
        const bool again = n < 0 ? errno == EINTR : static_cast<std::size_t>(n) == sizeof some;
        if (!again) return;
    }
}

void wake_pipe::close() noexcept {
    for (int& end : ends_)
        if (const int was = std::exchange(end, -1); was >= 0) ::close(was);
}

} // namespace rtpsynth::python
