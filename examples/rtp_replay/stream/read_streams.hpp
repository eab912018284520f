/// \file
/// From a capture to its streams.
#pragma once

#include "capture/capture.hpp"
#include "network/frame_counts.hpp"
#include "stream/stream_finder.hpp"

#include <string>

namespace replay {

/// Takes \p file apart to its end, or to where it cannot be read on, and gives what may be RTP or
/// tells of it to \p finder, which is finished then. \p told is set to what became of the frames.
/// \return what went wrong; empty if nothing did
std::string read_streams(capture& file, stream_finder& finder, frame_report& told);

} // namespace replay
