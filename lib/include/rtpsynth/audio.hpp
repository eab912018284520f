/// \file
/// Audio: G.711 and sample rate conversion.
#pragma once

#include <rtpsynth/audio/g711.hpp>
#include <rtpsynth/audio/resample.hpp>
