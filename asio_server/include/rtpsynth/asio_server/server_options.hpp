/// \file
/// What a server is made with, and what it counts.
#pragma once

#include <rtpsynth/asio_server/channel_stats.hpp>
#include <rtpsynth/clock.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <optional>

namespace rtpsynth::asio_server {

/// What a server is made with.
struct server_options {
    /// Period of the grid on which queued output leaves, 1 µs..10 s; none: at once.
    std::optional<duration> tick = std::chrono::milliseconds{5};

    /// Called, on the server's executor, with what a receive handler throws; the channel lives on.
    /// Without it, what is thrown leaves run() of the application's context, as in Asio; on the
    /// server's own thread it is counted, and otherwise ignored. It must not throw itself.
    std::function<void(std::exception_ptr)> on_exception{};
};

/// What has happened since a server was made.
struct server_stats {
    channel_stats channels{};             ///< the sum over all channels there ever were
    std::size_t open_channels = 0;        ///< now
    std::uint64_t ticks = 0;              ///< on which something was queued
    std::uint64_t handler_exceptions = 0; ///< thrown by receive handlers
};

} // namespace rtpsynth::asio_server
