/// \file
/// Writing a stream of a capture to an audio file.
#pragma once

#include "options.hpp"
#include "report/report.hpp"
#include "signalling/media_directory.hpp"

#include <string>

namespace replay {

/// Reads the capture again and writes the stream with options.ssrc, or the one with most G.711
/// packets, to options.wav. \p directory and \p r are the results of the first pass; sets r.wav.
/// \return an error message, empty on success; the rest of \p r is valid either way
std::string record_stream(const program_options& options, const media_directory& directory,
                          report& r);

} // namespace replay
