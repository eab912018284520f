/// \file
/// The executor of a server that runs on the application's.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>

#include <utility>

namespace rtpsynth::asio_server::detail {

/// A strand of \p executor. One of an io_context's own executor is small enough for an
/// any_io_executor to hold without memory, and to copy without failing.
inline boost::asio::any_io_executor make_serial(boost::asio::any_io_executor executor) {
    if (const auto* io = executor.target<boost::asio::io_context::executor_type>())
        return boost::asio::make_strand(*io);
    return boost::asio::make_strand(std::move(executor));
}

} // namespace rtpsynth::asio_server::detail
