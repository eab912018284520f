/// \file
/// Timers by the thousand.
#pragma once

#include <rtpsynth/asio_server/proc/rtp_proc.hpp>
