/// \file
/// The codecs of the package.
#pragma once

#include <rtpsynth/audio/codec_set.hpp>

namespace rtpsynth::python {

/// All that the package has: with opus if it was built with libopus.
const codec_set& codecs();

} // namespace rtpsynth::python
