/// \file
/// Reads the streams of a capture.
#pragma once

#include "capture/capture.hpp"
#include "network/frame_counts.hpp"
#include "stream/stream_finder.hpp"

#include <string>

namespace replay {

/// Decodes \p file to its end, or to where it is damaged, passes RTP and signalling to \p finder
/// and finishes it. Sets \p told.
/// \return an error message, empty on success
std::string read_streams(capture& file, stream_finder& finder, frame_report& told);

} // namespace replay
