/// \file
/// The audio file formats that can be written.
#pragma once

#include <cstdint>
#include <string>

namespace replay {

struct audio_format {
    int code;                   ///< libsndfile's SF_FORMAT_ flags
    const char* name;           ///< `WAV`, …
    std::uint64_t most_samples; ///< capacity of a file
};

/// The format named by the extension of \p path, case-insensitively; WAV if there is none. All are
/// 16-bit PCM.
/// \throws std::invalid_argument for another extension; the message lists the known ones
const audio_format& format_named(const std::string& path);

} // namespace replay
