/// \file
/// Reading a RIFF/WAVE file of 16-bit PCM.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace load {

/// The file cannot be used; what() says why.
struct wav_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct wav_audio {
    std::uint32_t rate = 0;            ///< Hz, 1..768000
    std::vector<std::int16_t> samples; ///< mono; never empty
};

/// All of the file's samples, the channels mixed down to one. A file that ends before its header
/// says so, as what is written to a pipe does, is as long as it is; 256 MiB of samples at most.
/// \throws wav_error, std::bad_alloc
wav_audio read_wav(const std::string& path);

} // namespace load
