#include "io/thread.hpp"

namespace rtpsynth::asio_server::detail {

void name_thread(std::thread&, const char*) noexcept {}
void end_sleep_on_time() noexcept {}

} // namespace rtpsynth::asio_server::detail
