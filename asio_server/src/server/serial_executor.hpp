/// \file
/// The executor of a server that runs on an executor of the application.
#pragma once

#include "server/home_executor.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>

#include <utility>

namespace rtpsynth::asio_server::detail {

/// A strand of \p executor. A strand of an io_context's own executor is small enough for
/// any_io_executor to store without allocating, and is copied without failing.
inline boost::asio::any_io_executor make_serial(boost::asio::any_io_executor executor) {
    if (const auto* io = executor.target<boost::asio::io_context::executor_type>())
        return boost::asio::make_strand(*io);
    return boost::asio::make_strand(std::move(executor));
}

/// Whether the calling thread is inside \p executor, which make_serial or an io_home made. False
/// for any other executor.
inline bool is_running_in(const boost::asio::any_io_executor& executor) noexcept {
    using context_executor = boost::asio::io_context::executor_type;
    using boost::asio::strand;
    if (const auto* const one = executor.target<home_executor<context_executor>>())
        return one->running_in_this_thread();
    if (const auto* const of_context = executor.target<strand<context_executor>>())
        return of_context->running_in_this_thread();
    const auto* const of_any = executor.target<strand<boost::asio::any_io_executor>>();
    return of_any && of_any->running_in_this_thread();
}

} // namespace rtpsynth::asio_server::detail
