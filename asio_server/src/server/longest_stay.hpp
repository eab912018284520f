/// \file
/// How long busy work may occupy the executor.
#pragma once

#include <rtpsynth/base/clock.hpp>

#include <chrono>

namespace rtpsynth::asio_server::detail {

/// Sockets, timers and due calls yield the executor to other work after this long.
inline constexpr duration longest_stay = std::chrono::milliseconds{1};

} // namespace rtpsynth::asio_server::detail
