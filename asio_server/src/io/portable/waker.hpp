/// \file
/// Waking whoever runs an io_context.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>

#include <utility>

namespace rtpsynth::asio_server::detail {

/// Has whoever runs the executor's context run an empty handler.
///
/// Threads: safe.
class waker {
public:
    explicit waker(boost::asio::any_io_executor executor) : executor_{std::move(executor)} {}

    /// \return whether there was the memory
    bool wake() noexcept {
        try {
            boost::asio::post(executor_, [] {});
            return true;
        } catch (...) {
            return false;
        }
    }
    void take() noexcept {}
    void abandon() noexcept {}

private:
    boost::asio::any_io_executor executor_;
};

} // namespace rtpsynth::asio_server::detail
