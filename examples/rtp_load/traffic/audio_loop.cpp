#include "traffic/audio_loop.hpp"

#include "common/audio_file.hpp"

#include <rtpsynth/audio/g711.hpp>

#include <cmath>
#include <numbers>

namespace load {
namespace {

constexpr std::uint32_t sample_rate = 8000;

/// A second of 440 Hz, some 33 dB below full scale. Whole periods, so that it loops seamlessly.
std::vector<std::int16_t> soft_tone() {
    std::vector<std::int16_t> pcm(sample_rate);
    for (std::size_t i = 0; i != pcm.size(); ++i)
        pcm[i] = static_cast<std::int16_t>(std::lround(
            700 * std::sin(2 * std::numbers::pi * 440 * static_cast<double>(i) / sample_rate)));
    return pcm;
}

} // namespace

audio_loop::audio_loop(const program_options& options) : piece_(options.payload_size()) {
    std::vector<std::int16_t> pcm =
        options.wav.empty() ? soft_tone() : common::read_audio(options.wav, sample_rate);
    const std::size_t once = pcm.size();
    for (std::size_t i = 0; pcm.size() < piece_; ++i) pcm.push_back(pcm[i]);
    size_ = std::max(once, piece_);
    codes_.resize(size_ + piece_);
    if (options.codec == codec::pcmu)
        rtpsynth::ulaw_encode(pcm, codes_);
    else
        rtpsynth::alaw_encode(pcm, codes_);
    for (std::size_t i = 0; i != piece_; ++i) codes_[size_ + i] = codes_[i];
}

} // namespace load
