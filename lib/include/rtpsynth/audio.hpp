/// \file
/// Everything of <rtpsynth/audio/>.
///
/// \defgroup audio Audio
/// G.711 (rtpsynth::ulaw_encode and others) and sample rate conversion (rtpsynth::resample_linear)
/// of 16-bit linear PCM.
#pragma once

#include <rtpsynth/audio/g711.hpp>
#include <rtpsynth/audio/resample.hpp>
