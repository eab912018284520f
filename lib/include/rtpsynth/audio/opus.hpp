/// \file
/// Opus (RFC 6716, RFC 7587), by libopus. This header belongs to the component `rtpsynth::opus`,
/// which is to be linked beside `rtpsynth::rtpsynth`; it is there if libopus was when rtpsynth was
/// built.
#pragma once

#include <rtpsynth/audio/codec_set.hpp>

namespace rtpsynth {

/// \addtogroup audio
/// \{

/// The codec "opus", for codec_set::add(). Its rtpmap is `opus/48000/2` whatever is sent; `/2` may
/// be missing. The audio rate is 8000, 12000, 16000, 24000 or 48000 Hz, and 48000 if none is given.
///
/// The encoder sends mono, tuned for voice, and obeys the receiver's fmtp: `maxplaybackrate`,
/// `maxaveragebitrate`, `useinbandfec` (for a loss of 10 %), `usedtx`, `cbr`. A payload has 1275
/// bytes at most, whatever its length in ms, so that it fits a datagram.
///
/// The decoder mixes two channels down to one, conceals, and recovers a lost packet from the
/// in-band FEC of the next.
RTPSYNTH_API audio_codec opus_codec() noexcept;

/// \}

} // namespace rtpsynth
