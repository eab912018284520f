/// \file
/// Which payload types can be decoded.
#pragma once

#include "stream/payload_use.hpp"

#include <rtpsynth/audio/codec.hpp>

#include <cstdint>
#include <memory>

namespace replay {

/// The rate of a payload type's audio in Hz; 0 if there is no decoder for it.
std::uint32_t audio_rate_of(const payload_use& use);

/// A decoder of a payload type; null if there is none, or its audio has a rate that no playout has.
std::unique_ptr<rtpsynth::audio_decoder> decoder_of(const payload_use& use);

} // namespace replay
