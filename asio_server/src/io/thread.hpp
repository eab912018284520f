/// \file
/// Threads as the operating system has them.
#pragma once

#include <thread>

namespace rtpsynth::asio_server::detail {

/// Has debuggers call it \p name, where threads have names that another thread may set.
void name_thread(std::thread& thread, const char* name) noexcept;

/// As quiet_thread.hpp's wake_on_time().
void end_sleep_on_time() noexcept;

} // namespace rtpsynth::asio_server::detail
