/// \file
/// Statistics of servers as metrics.
#pragma once

#include <rtpsynth/asio_server/metrics/server_metrics.hpp>
