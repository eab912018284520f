#include "progress_bar.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>

namespace replay {
namespace {

constexpr std::uint64_t min_bytes = 16 * 1024 * 1024; // less is read before the eye sees the bar
constexpr std::size_t width = 50;

} // namespace

progress_bar::progress_bar(std::uint64_t total)
    : total_(total), shown_(total >= min_bytes && isatty(STDERR_FILENO)) {}

progress_bar::~progress_bar() {
    if (shown_) std::fputs("\r\033[K", stderr);
}

void progress_bar::update(std::uint64_t done) {
    if (!shown_) return;
    const double share = std::min(1.0, static_cast<double>(done) / static_cast<double>(total_));
    const int percent = static_cast<int>(100 * share);
    if (percent == percent_) return;
    percent_ = percent;
    const auto filled = static_cast<std::size_t>(share * static_cast<double>(width));
    const std::string bar = std::string(filled, '#') + std::string(width - filled, '.');
    std::fprintf(stderr, "\r[%s] %3d %%", bar.c_str(), percent);
    std::fflush(stderr);
}

} // namespace replay
