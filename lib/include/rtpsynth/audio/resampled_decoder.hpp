/// \file
/// A decoder that returns audio of the rate that the application wants.
#pragma once

#include <rtpsynth/audio/codec.hpp>
#include <rtpsynth/audio/resampler.hpp>
#include <rtpsynth/base/compiler.h>

#include <cstdint>
#include <memory>

namespace rtpsynth {

/// \addtogroup audio
/// \{

/// Wraps \p decoder in one that returns audio of \p rate; returns \p decoder itself if it has that
/// rate already. Gaps are concealed at the codec's own rate, by the codec or by
/// packet_loss_concealer: conceals() is true. If the packet after a gap is known, recover() fills
/// the gap from both sides.
///
/// The audio is delayed by a resampler of this quality. A packet of n samples gives n times the
/// ratio of the rates, rounded down; samples() returns this number. Fractions of a sample add up,
/// and decode() returns one more sample when they make up one and \p pcm has room for it; up to 16
/// samples are kept for that. Packets of up to 120 ms are supported. Nothing is allocated after
/// construction.
///
/// \throws std::invalid_argument if \p decoder is null, or one of the two rates is not in
/// 8000..96000 Hz; std::bad_alloc
RTPSYNTH_API std::unique_ptr<audio_decoder> resampled_decoder(
    std::unique_ptr<audio_decoder> decoder, std::uint32_t rate,
    resampler_quality quality = resampler_quality::standard);

/// \}

} // namespace rtpsynth
