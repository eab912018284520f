/// \file
/// The options of playout.
#pragma once

#include <rtpsynth/base/clock.hpp>

#include <chrono>
#include <cstdint>

namespace rtpsynth {

/// \addtogroup jitter
/// \{

/// The options of playout. Name those you set; later versions may add fields.
struct playout_options {
    std::uint32_t rate = 8000; ///< Hz, of the audio that is pulled; 8000..96000
    /// How long the first packet of a stream waits, until there is something to adapt to.
    duration initial_delay = std::chrono::milliseconds(40);
    duration min_delay = std::chrono::milliseconds(0); ///< 0..10 s
    /// min_delay..10 s; the same as min_delay: a fixed delay.
    duration max_delay = std::chrono::milliseconds(500);
    /// The share of packets that may come too late, 0..0.1.
    double late_target = 0.01;
};

/// \}

} // namespace rtpsynth
