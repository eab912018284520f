/// \file
/// Timers by the thousand.
#pragma once

#include <rtpsynth/asio_server/proc/options.hpp>
#include <rtpsynth/asio_server/proc/rtp_proc.hpp>
