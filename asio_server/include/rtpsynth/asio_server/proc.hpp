/// \file
/// Timers for thousands of periodic handlers.
#pragma once

#include <rtpsynth/asio_server/proc/options.hpp>
#include <rtpsynth/asio_server/proc/rtp_proc.hpp>
