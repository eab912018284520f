#include "terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

namespace common {

std::size_t terminal_width(int descriptor) noexcept {
    winsize size{};
    if (!isatty(descriptor) || ioctl(descriptor, TIOCGWINSZ, &size) != 0) return 0;
    return size.ws_col;
}

} // namespace common
