/// \file
/// Options and counters of a server.
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

/// Options of a server. Everything has a default. New members are added at the end.
struct server_options {
    /// Period of the ticks on which queued datagrams are sent, 1 µs..10 s; nullopt: they are sent
    /// at once.
    ///
    /// With a tick, the datagrams that many channels queue within it are sent together, with fewer
    /// wake-ups and system calls, and up to one tick later. Python's RtpServer has the same
    /// default, which is part of its interface (200 Hz). rtpsynth.aio, whose applications await
    /// each send, has no tick.
    std::optional<duration> tick = std::chrono::milliseconds{5};

    /// Called on the server's executor with an exception of a receive handler; the channel
    /// continues. It must not throw.
    ///
    /// Without it, the exception leaves `run()` of the application's context, as in Asio. On the
    /// server's own thread it is counted and otherwise ignored.
    std::function<void(std::exception_ptr)> on_exception{};
};

/// Counters of a server since construction.
struct server_stats {
    channel_stats channels{};             ///< the sum over open and closed channels
    std::size_t open_channels = 0;        ///< channels open now
    std::uint64_t ticks = 0;              ///< ticks on which datagrams were queued
    std::uint64_t handler_exceptions = 0; ///< exceptions of receive handlers
};

} // namespace rtpsynth::asio_server
