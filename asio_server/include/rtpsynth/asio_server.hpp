/// \file
/// Servers, channels and timers on Boost.Asio.
#pragma once

#include <rtpsynth/asio_server/channel.hpp>
#include <rtpsynth/asio_server/proc.hpp>
#include <rtpsynth/asio_server/server.hpp>
