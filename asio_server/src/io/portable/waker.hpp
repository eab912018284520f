/// \file
/// Wakes the thread that runs an io_context.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>

#include <utility>

namespace rtpsynth::asio_server::detail {

/// Posts an empty handler to the context of the executor.
///
/// Threads: safe.
class waker {
public:
    explicit waker(boost::asio::any_io_executor executor) : executor_{std::move(executor)} {}

    /// \return false for lack of memory
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
