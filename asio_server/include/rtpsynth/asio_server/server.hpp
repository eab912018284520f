/// \file
/// Servers, which run channels.
#pragma once

#include <rtpsynth/asio_server/server/options.hpp>
#include <rtpsynth/asio_server/server/rtp_server.hpp>
#include <rtpsynth/asio_server/server/rtp_server_pool.hpp>
