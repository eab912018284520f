/// \file
/// Writing a stream of a capture to an audio file.
#pragma once

#include "options.hpp"
#include "report/report.hpp"
#include "signalling/media_directory.hpp"

#include <string>

namespace replay {

/// Reads the capture once more and writes the stream that options.ssrc chooses, or the one with
/// most G.711 packets, to options.wav. \p directory is what the first reading has learnt, \p r what
/// it has found; r.wav is set to what was written. \return what went wrong, which leaves the rest
/// of the report as good as it is; empty if nothing did
std::string record_stream(const program_options& options, const media_directory& directory,
                          report& r);

} // namespace replay
