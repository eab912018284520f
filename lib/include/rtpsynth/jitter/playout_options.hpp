/// \file
/// The options of playout.
#pragma once

#include <rtpsynth/base/clock.hpp>

#include <chrono>
#include <cstdint>

namespace rtpsynth {

/// \addtogroup jitter
/// \{

/// The options of playout. Set them by name, as in `{.rate = 16000}`: later versions may add
/// fields.
struct playout_options {
    /// Sample rate of the audio that is pulled, 8000..96000 Hz.
    std::uint32_t rate = 8000;
    /// The least delay of a stream's first packets, until the network is known, 0..10 s.
    duration initial_delay = std::chrono::milliseconds(40);
    /// Lower limit of the delay, 0..10 s.
    duration min_delay = std::chrono::milliseconds(0);
    /// Upper limit of the delay, min_delay..10 s. If it equals min_delay, the delay is fixed.
    duration max_delay = std::chrono::milliseconds(500);
    /// The share of packets that may come too late to be played, 0..0.1. The smaller it is, the
    /// longer is the delay.
    double late_target = 0.01;
};

/// \}

} // namespace rtpsynth
