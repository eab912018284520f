#include "progress_bar.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace common {

progress_bar::progress_bar(bool wanted) : shown_(wanted && isatty(STDERR_FILENO)) {}

progress_bar::~progress_bar() {
    if (shown_) std::fputs("\r\033[K", stderr);
}

void progress_bar::update(double share, const std::string& note) {
    if (!shown_) return;
    share = std::clamp(share, 0.0, 1.0);
    const int percent = static_cast<int>(100 * share);
    if (percent == percent_ && note == note_) return;
    percent_ = percent;
    note_ = note;
    const std::size_t width = note.empty() ? 50 : 25;
    const auto filled = static_cast<std::size_t>(share * static_cast<double>(width));
    const std::string bar = std::string(filled, '#') + std::string(width - filled, '.');
    // Line wrapping is switched off: the beginning of a wrapped line could not be overwritten.
    std::fprintf(stderr, "\033[?7l\r[%s] %3d %%%s%s\033[K\033[?7h", bar.c_str(), percent,
                 note.empty() ? "" : "  ", note.c_str());
    std::fflush(stderr);
}

} // namespace common
