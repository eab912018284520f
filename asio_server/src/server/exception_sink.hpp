/// \file
/// Handling of a server's exceptions.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>

namespace rtpsynth::asio_server::detail {

/// Receives exceptions of handlers.
struct exception_sink {
    std::function<void(std::exception_ptr)> on_exception;
    std::atomic<std::uint64_t> count{0};

    /// \return false if there is no on_exception
    bool take(const std::exception_ptr& error) noexcept {
        ++count;
        if (!on_exception) return false;
        try {
            on_exception(error);
        } catch (...) { // on_exception must not throw
        }
        return true;
    }
};

} // namespace rtpsynth::asio_server::detail
