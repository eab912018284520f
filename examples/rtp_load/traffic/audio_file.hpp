/// \file
/// Reading an audio file.
#pragma once

#include "common/sound_file.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace load {

/// All samples of the file, its channels mixed down to one, resampled to \p sample_rate Hz; never
/// empty. Any format that libsndfile knows: WAV, FLAC, AU, AIFF, Ogg, MP3, … `-` is standard input.
/// A WAV or AU file that ends before its header says so, as what is written to a pipe does, is as
/// long as it is. 256 MiB of samples at most, before and after resampling.
/// \throws common::audio_error, std::bad_alloc
std::vector<std::int16_t> read_audio(const std::string& path, std::uint32_t sample_rate);

} // namespace load
