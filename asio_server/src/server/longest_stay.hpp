/// \file
/// How long what has much to do keeps the executor.
#pragma once

#include <rtpsynth/base/clock.hpp>

#include <chrono>

namespace rtpsynth::asio_server::detail {

/// Sockets, timers and calls that are due leave the executor to others after this long.
inline constexpr duration longest_stay = std::chrono::milliseconds{1};

} // namespace rtpsynth::asio_server::detail
