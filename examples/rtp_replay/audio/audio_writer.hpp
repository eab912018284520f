/// \file
/// Writing an audio file of 16-bit PCM.
#pragma once

#include "audio/audio_format.hpp"
#include "common/sound_file.hpp"

#include <cstdint>
#include <fstream>
#include <span>
#include <string>

namespace replay {

/// Writes to FILE.part; close() completes the header and renames it to FILE. Unless close()
/// succeeds, the destructor removes FILE.part, and an existing FILE is left unchanged.
class audio_writer {
public:
    /// The extension of \p path selects the format; \p rate is in Hz. The samples of several
    /// channels that belong to one time are written next to each other.
    ///
    /// \throws std::invalid_argument as format_named()
    ///
    /// \throws common::audio_error if it cannot be written, or exists and is not a regular file
    audio_writer(const std::string& path, std::uint32_t rate, unsigned channels);
    ~audio_writer();
    audio_writer(const audio_writer&) = delete;
    audio_writer& operator=(const audio_writer&) = delete;

    /// The name of the file while it is incomplete.
    static std::string part_of(const std::string& path) { return path + ".part"; }

    /// \throws common::audio_error if the disk is full or the format's capacity is exceeded
    void write(std::span<const std::int16_t> samples);
    void write_silence(std::uint64_t samples);
    /// Must be the last call. \throws common::audio_error
    void close();

    std::uint64_t samples() const noexcept { return samples_; }

private:
    /// The file behind libsndfile, which does not report every error of writing and closing.
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
