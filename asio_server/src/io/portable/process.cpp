// For systems without fork().
#include "io/process.hpp"

#include <utility>

namespace rtpsynth::asio_server::detail {

process_mark::process_mark() noexcept = default;
bool process_mark::inherited() const noexcept { return false; }

void close_inherited(native_descriptor) noexcept {}

std::unique_ptr<std::thread> start_thread(const char*, std::function<void()> run) {
    return std::make_unique<std::thread>(std::move(run));
}

} // namespace rtpsynth::asio_server::detail
