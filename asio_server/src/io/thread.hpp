/// \file
/// Thread settings of the operating system.
#pragma once

#include <thread>

namespace rtpsynth::asio_server::detail {

/// Sets the name that debuggers show, if another thread's name can be set.
void name_thread(std::thread& thread, const char* name) noexcept;

/// See wake_on_time() in quiet_thread.hpp.
void end_sleep_on_time() noexcept;

} // namespace rtpsynth::asio_server::detail
