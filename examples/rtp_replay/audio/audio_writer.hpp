/// \file
/// Writing an audio file of 16-bit PCM, 8000 Hz, mono.
#pragma once

#include "audio/audio_format.hpp"
#include "common/sound_file.hpp"

#include <cstdint>
#include <fstream>
#include <span>
#include <string>

namespace replay {

/// Writes FILE.part as it goes; close() completes the header with the sizes and gives it its name.
/// Without close() nothing is left of it, and a FILE that was there before stays as it was.
class audio_writer {
public:
    static constexpr unsigned sample_rate = 8000;

    /// The name of \p path tells the format.
    /// \throws std::invalid_argument as format_named()
    /// \throws common::audio_error also where \p path is there and no regular file
    explicit audio_writer(const std::string& path);
    ~audio_writer();
    audio_writer(const audio_writer&) = delete;
    audio_writer& operator=(const audio_writer&) = delete;

    /// The name of a file that is not complete.
    static std::string part_of(const std::string& path) { return path + ".part"; }

    /// \throws common::audio_error where the disk is full or the format cannot hold so much
    void write(std::span<const std::int16_t> samples);
    void write_silence(std::uint64_t samples);
    /// Nothing may be written afterwards. \throws common::audio_error
    void close();

    std::uint64_t samples() const noexcept { return samples_; }

private:
    /// The file as libsndfile sees it. It does not tell all errors, least of all those of closing.
    struct output {
        std::ofstream file;
        sf_count_t position = 0;
        sf_count_t size = 0;
        int error = 0; // errno of the first write that failed

        void check();
        static SF_VIRTUAL_IO calls();
    };

    void check();

    const audio_format& format_;
    std::string path_, part_;
    bool complete_ = false;
    output output_;
    common::sound_file file_; // writes to output_
    std::uint64_t samples_ = 0;
};

} // namespace replay
