/// \file
/// Remarks printed beside the numbers.
#pragma once

#include "answers/stream_result.hpp"
#include "report/load_summary.hpp"

#include <rtpsynth/asio_server/channel/stats.hpp>

#include <span>
#include <string>
#include <vector>

namespace load {

/// Returns sentences without a full stop, the most important first. \p s is complete but for its
/// remarks; \p channels sums over all channels.
std::vector<std::string> remarks(const load_summary& s, std::span<const stream_result> streams,
                                 const rtpsynth::asio_server::channel_stats& channels);

} // namespace load
