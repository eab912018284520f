/// \file
/// The object behind a synthesiser of the C face.
#pragma once

#include <rtpsynth/base/detail/packet_clock.hpp>
#include <rtpsynth/rtp/packet_synth.hpp>

namespace rtpsynth::detail {

struct c_synth {
    packet_synth synth;
    packet_clock clock;
};

} // namespace rtpsynth::detail
