/// \file
/// A decoder whose audio has the rate that the application wants, whatever the codec's is.
#pragma once

#include <rtpsynth/audio/codec.hpp>
#include <rtpsynth/audio/resampler.hpp>
#include <rtpsynth/base/compiler.h>

#include <cstdint>
#include <memory>

namespace rtpsynth {

/// \addtogroup audio
/// \{

/// A decoder of what \p decoder decodes, with audio of \p rate; \p decoder itself if it has that
/// rate already. Gaps are concealed at the codec's own rate, in its own way if it has one, and
/// else as packet_loss_concealer does: conceals() is true. Where the packet behind a gap is known,
/// recover() fills the gap from both sides.
///
/// Its audio lags by the delay of a resampler of this quality. A packet of n samples gives n times
/// the quotient of the rates, rounded down, which is what samples() says. Parts of a sample that
/// are left add up, and decode() makes a sample more where there is room for it; up to 16 samples
/// are kept for that. It takes packets of up to 120 ms, and allocates nothing after construction.
///
/// \throws std::invalid_argument if \p decoder is null, or one of the two rates is not in
/// 8000..96000 Hz; std::bad_alloc
RTPSYNTH_API std::unique_ptr<audio_decoder> resampled_decoder(
    std::unique_ptr<audio_decoder> decoder, std::uint32_t rate,
    resampler_quality quality = resampler_quality::standard);

/// \}

} // namespace rtpsynth
