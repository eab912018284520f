/// \file
/// The process, as the operating system has it, and its signals. Where there is no fork(),
/// nothing is ever inherited.
#pragma once

#include <boost/asio/ip/udp.hpp>

#include <functional>
#include <memory>
#include <thread>

namespace rtpsynth::asio_server::detail {

/// Remembers in which process it was made.
class process_mark {
public:
    process_mark() noexcept;
    /// Whether it was inherited: this process is a child, by fork(), of the one that made it.
    bool inherited() const noexcept;

private:
    long id_ = 0;
};

using native_descriptor = boost::asio::ip::udp::socket::native_handle_type;

/// Closes this process's copy of a descriptor that Asio has inherited and that no destructor will
/// close.
void close_inherited(native_descriptor descriptor) noexcept;

/// Starts a thread that no signal interrupts, where there are signals.
/// \param name what debuggers call it, as name_thread()
/// \throws std::system_error
std::unique_ptr<std::thread> start_thread(const char* name, std::function<void()> run);

} // namespace rtpsynth::asio_server::detail
