/// \file
/// What reading and writing audio files by libsndfile have in common.
#pragma once

#include <sndfile.h>

#include <memory>
#include <stdexcept>

namespace common {

/// An audio file cannot be used; what() says why.
struct audio_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct sound_file_closer {
    void operator()(SNDFILE* file) const noexcept { sf_close(file); }
};

using sound_file = std::unique_ptr<SNDFILE, sound_file_closer>;

} // namespace common
