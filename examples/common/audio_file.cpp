#include "audio_file.hpp"

#include <rtpsynth/audio/resample.hpp>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <span>

namespace common {
namespace {

constexpr std::size_t most_samples = 128 * 1024 * 1024;
constexpr int most_rate = 768'000;
constexpr sf_count_t block_frames = 1024;

std::string without_stop(std::string text) {
    if (text.ends_with('.')) text.pop_back();
    return text;
}

/// Why sf_open() has failed.
audio_error open_error() {
    switch (sf_error(nullptr)) {
    case SF_ERR_UNRECOGNISED_FORMAT:
        return audio_error("is not an audio file of a known format");
    case SF_ERR_SYSTEM:
        if (errno != 0) return audio_error(std::strerror(errno));
        break;
    default:
        break;
    }
    return audio_error("cannot be read: " + without_stop(sf_strerror(nullptr)));
}

/// \p value is in -1..1, except in floating-point files, which may exceed that.
std::int16_t to_pcm(float value) noexcept {
    if (std::isnan(value)) return 0;
    return static_cast<std::int16_t>(std::lrint(std::clamp(value * 32768, -32768.0F, 32767.0F)));
}

void check_length(std::size_t samples) {
    if (samples > most_samples) throw audio_error("is longer than 256 MiB of samples");
}

std::vector<std::int16_t> read_mono(SNDFILE* file, const SF_INFO& info) {
    const auto channels = static_cast<std::size_t>(info.channels);
    std::vector<float> block(static_cast<std::size_t>(block_frames) * channels);
    std::vector<std::int16_t> samples;
    sf_count_t frames = 0;
    while ((frames = sf_readf_float(file, block.data(), block_frames)) > 0) {
        check_length(samples.size() + static_cast<std::size_t>(frames));
        for (auto rest = std::span(block).first(static_cast<std::size_t>(frames) * channels);
             !rest.empty(); rest = rest.subspan(channels)) {
            float sum = 0;
            for (const float sample : rest.first(channels)) sum += sample;
            samples.push_back(to_pcm(sum / static_cast<float>(channels)));
        }
    }
    if (sf_error(file) != SF_ERR_NO_ERROR)
        throw audio_error("cannot be read to its end: " + without_stop(sf_strerror(file)));
    if (info.seekable && samples.size() < static_cast<std::size_t>(info.frames))
        throw audio_error("is damaged or cut short: " + std::to_string(samples.size()) + " of " +
                          std::to_string(info.frames) + " samples can be read");
    if (samples.empty()) throw audio_error("holds no samples");
    return samples;
}

} // namespace

std::vector<std::int16_t> read_audio(const std::string& path, std::uint32_t sample_rate) {
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored)) throw audio_error("is a directory");
    SF_INFO info{};
    errno = 0;
    const sound_file file(sf_open(path.c_str(), SFM_READ, &info));
    if (!file) throw open_error();
    if (info.samplerate < 1 || info.samplerate > most_rate)
        throw audio_error("has " + std::to_string(info.samplerate) +
                          " samples a second; 1..768000 can be read");
    const auto rate = static_cast<std::uint32_t>(info.samplerate);
    const std::vector<std::int16_t> samples = read_mono(file.get(), info);
    const std::size_t size = rtpsynth::resampled_size(samples.size(), rate, sample_rate);
    check_length(size);
    std::vector<std::int16_t> resampled(size);
    rtpsynth::resample_linear(samples, rate, sample_rate, resampled).value();
    return resampled;
}

} // namespace common
