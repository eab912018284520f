/// \file
/// Threads of ours in somebody else's program.
#pragma once

#include <rtpsynth/base/compiler.h>

#include <functional>
#include <memory>
#include <thread>

namespace rtpsynth::asio_server::detail {

/// Starts a thread that no signal interrupts: they are for the application's threads.
/// \param name what debuggers and `ps -L` call it; at most 15 bytes
/// \throws boost::system::system_error "thread", std::bad_alloc
RTPSYNTH_API std::unique_ptr<std::thread> start_quiet_thread(const char* name,
                                                             std::function<void()> run);

/// Has the calling thread wake up when its time has come. Linux lets a thread sleep for 50 µs more
/// unless it asks for less; the threads and processes that it starts inherit that.
RTPSYNTH_API void wake_on_time() noexcept;

} // namespace rtpsynth::asio_server::detail
