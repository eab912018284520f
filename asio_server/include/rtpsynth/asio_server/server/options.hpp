/// \file
/// What a server is made with, and what it counts.
#pragma once

#include <rtpsynth/asio_server/channel/stats.hpp>
#include <rtpsynth/base/clock.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <optional>

namespace rtpsynth::asio_server {

/// What a server is made with.
struct server_options {
    /// Period of the grid on which queued output leaves, 1 µs..10 s; nullopt: at once. A tick lets
    /// what many channels queue within it leave together, in fewer wake-ups and system calls, at
    /// the price of up to 5 ms of delay. It is the default of Python's RtpServer, too, for which
    /// it is part of the interface (200 Hz); rtpsynth.aio, whose applications await each send, uses
    /// none.
    std::optional<duration> tick = std::chrono::milliseconds{5};

    /// Called, on the server's executor, with what a receive handler throws; the channel lives on.
    /// Without it, what is thrown leaves run() of the application's context, as in Asio; on the
    /// server's own thread it is counted, and otherwise ignored. It must not throw itself.
    std::function<void(std::exception_ptr)> on_exception{};
};

/// What has happened since a server was made.
struct server_stats {
    channel_stats channels{};             ///< the sum over open and closed channels
    std::size_t open_channels = 0;        ///< now
    std::uint64_t ticks = 0;              ///< on which something was queued
    std::uint64_t handler_exceptions = 0; ///< thrown by receive handlers
};

} // namespace rtpsynth::asio_server
