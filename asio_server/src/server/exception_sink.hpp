/// \file
/// Where a server's exceptions go.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>

namespace rtpsynth::asio_server::detail {

/// Takes what handlers throw.
struct exception_sink {
    std::function<void(std::exception_ptr)> on_exception;
    std::atomic<std::uint64_t> count{0};

    /// \return false if nobody was told
    bool take(const std::exception_ptr& error) noexcept {
        ++count;
        if (!on_exception) return false;
        try {
            on_exception(error);
        } catch (...) { // nobody is left to tell
        }
        return true;
    }
};

} // namespace rtpsynth::asio_server::detail
