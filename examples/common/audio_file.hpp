/// \file
/// Reading an audio file.
#pragma once

#include "sound_file.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace common {

/// Returns all samples of the file, mixed down to mono and resampled to \p sample_rate Hz; never
/// empty. Reads any format that libsndfile knows: WAV, FLAC, AU, AIFF, Ogg, MP3, … `-` is standard
/// input. A WAV, AU or AIFF file may be shorter than its header says, as one written to a pipe is;
/// a truncated or damaged file of another format is an error. At most 256 MiB of samples, before
/// and after resampling. \throws audio_error, std::bad_alloc
std::vector<std::int16_t> read_audio(const std::string& path, std::uint32_t sample_rate);

} // namespace common
