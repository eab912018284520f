// The codecs that need no other library.
#pragma once

#include <rtpsynth/audio/codec_set.hpp>

#include <span>

namespace rtpsynth::detail {

std::span<const audio_codec> core_codecs() noexcept;

} // namespace rtpsynth::detail
