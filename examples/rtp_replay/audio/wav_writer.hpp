/// \file
/// A RIFF/WAVE file of 16-bit PCM, 8000 Hz, mono.
#pragma once

#include <cstdint>
#include <fstream>
#include <span>
#include <stdexcept>
#include <string>

namespace replay {

/// The file cannot be written; what() says why.
struct wav_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Writes FILE.part as it goes; close() completes the header with the sizes and gives it its name.
/// Without close() nothing is left of it, and a FILE that was there before stays as it was.
class wav_writer {
public:
    static constexpr unsigned sample_rate = 8000;

    /// Throws wav_error, also where \p path is there and no regular file.
    explicit wav_writer(const std::string& path);
    ~wav_writer();
    wav_writer(const wav_writer&) = delete;
    wav_writer& operator=(const wav_writer&) = delete;

    /// The name of a file that is not complete.
    static std::string part_of(const std::string& path) { return path + ".part"; }

    /// Throws wav_error where the disk is full or the file would not fit RIFF's 4 GiB.
    void write(std::span<const std::int16_t> samples);
    void write_silence(std::uint64_t samples);
    /// Throws wav_error. Nothing may be written afterwards.
    void close();

    std::uint64_t samples() const noexcept { return samples_; }

private:
    void write_header();
    void check();

    std::string path_, part_;
    bool complete_ = false;
    std::ofstream file_;
    std::uint64_t samples_ = 0;
};

} // namespace replay
