/// \file
/// Opus (RFC 6716, RFC 7587) by libopus. This header belongs to the component `rtpsynth::opus`,
/// which must be linked in addition to `rtpsynth::rtpsynth`. The component exists if libopus was
/// found when rtpsynth was built.
#pragma once

#include <rtpsynth/audio/codec_set.hpp>

namespace rtpsynth {

/// \addtogroup audio
/// \{

/// The codec "opus", for codec_set::add(). Its rtpmap is always `opus/48000/2`; the `/2` may be
/// missing. The audio rate is 8000, 12000, 16000, 24000 or 48000 Hz; the default is 48000.
///
/// The encoder sends mono, tuned for voice, and follows the receiver's fmtp: `maxplaybackrate`,
/// `maxaveragebitrate`, `useinbandfec` (for a loss of 10 %), `usedtx`, `cbr`. A payload has at most
/// 1275 bytes, whatever its duration, so that it fits into a datagram.
///
/// The decoder mixes two channels down to one, conceals, and recovers a lost packet from the
/// in-band FEC of the next.
RTPSYNTH_API audio_codec opus_codec() noexcept;

/// \}

} // namespace rtpsynth
