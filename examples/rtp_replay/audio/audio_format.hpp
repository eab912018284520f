/// \file
/// The formats of audio files that are written.
#pragma once

#include <cstdint>
#include <string>

namespace replay {

struct audio_format {
    int code;                   ///< as libsndfile calls it
    const char* name;           ///< `WAV`, …
    std::uint64_t most_samples; ///< that a file can hold
};

/// What the end of \p path asks for, in whatever case; WAV if it has no extension. All are 16-bit
/// PCM. \throws std::invalid_argument for another extension, which it cites with those that are
/// known
const audio_format& format_named(const std::string& path);

} // namespace replay
