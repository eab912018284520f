/// \file
/// Identity of the process, and its signals. Without fork(), nothing is ever inherited.
#pragma once

#include <boost/asio/ip/udp.hpp>

#include <functional>
#include <memory>
#include <thread>

namespace rtpsynth::asio_server::detail {

/// Remembers the process in which it was constructed.
class process_mark {
public:
    process_mark() noexcept;
    /// Whether this process is a child, by fork(), of the one in which the object was constructed.
    bool inherited() const noexcept;

private:
    long id_ = 0;
};

using native_descriptor = boost::asio::ip::udp::socket::native_handle_type;

/// Closes this process's copy of a descriptor that was inherited in an Asio object and that no
/// destructor will close.
void close_inherited(native_descriptor descriptor) noexcept;

/// Starts a thread with all signals blocked, where there are signals.
/// \param name as shown by debuggers; see name_thread()
/// \throws std::system_error
std::unique_ptr<std::thread> start_thread(const char* name, std::function<void()> run);

} // namespace rtpsynth::asio_server::detail
