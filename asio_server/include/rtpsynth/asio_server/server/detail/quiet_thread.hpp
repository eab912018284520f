/// \file
/// The library's threads in an application.
#pragma once

#include <rtpsynth/base/compiler.h>

#include <functional>
#include <memory>
#include <thread>

namespace rtpsynth::asio_server::detail {

/// Starts a thread with all signals blocked, so that the application's threads handle them.
/// \param name as shown by debuggers and `ps -L`; at most 15 bytes
/// \throws boost::system::system_error "thread", std::bad_alloc
RTPSYNTH_API std::unique_ptr<std::thread> start_quiet_thread(const char* name,
                                                             std::function<void()> run);

/// Sets the calling thread's timer slack to the minimum. By default Linux lets a thread sleep up to
/// 50 µs longer than it asked for. Threads and processes that it starts inherit the setting.
RTPSYNTH_API void wake_on_time() noexcept;

} // namespace rtpsynth::asio_server::detail
