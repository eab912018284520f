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

/// What a server is made with. Everything has a default. New members are added at the end.
struct server_options {
    /// Period of the grid on which queued output leaves, 1 µs..10 s; nullopt: it leaves at once.
    ///
    /// With a tick, what many channels queue within it leaves together, in fewer wake-ups and
    /// system calls and up to one tick later. Python's RtpServer has the same default, which is
    /// part of its interface (200 Hz); rtpsynth.aio, whose applications await each send, has no
    /// tick.
    std::optional<duration> tick = std::chrono::milliseconds{5};

    /// Called on the server's executor with what a receive handler throws; the channel lives on. It
    /// must not throw itself.
    ///
    /// Without it, the exception leaves `run()` of the application's context, as in Asio. On the
    /// server's own thread it is counted and otherwise ignored.
    std::function<void(std::exception_ptr)> on_exception{};
};

/// Counters of a server since it was made.
struct server_stats {
    channel_stats channels{};             ///< the sum over open and closed channels
    std::size_t open_channels = 0;        ///< now
    std::uint64_t ticks = 0;              ///< on which something was queued
    std::uint64_t handler_exceptions = 0; ///< thrown by receive handlers
};

} // namespace rtpsynth::asio_server
