/// \file
/// The options of voice_sender.
#pragma once

#include <rtpsynth/base/clock.hpp>

#include <chrono>
#include <cstdint>

namespace rtpsynth {

/// \addtogroup audio
/// \{

/// What is sent while there is no audio.
enum class idle_policy : std::uint8_t {
    silence,       ///< packets of audio that is silent: one a tick, whatever happens
    comfort_noise, ///< the noise's description (RFC 3389), and again now and then
    nothing,       ///< no packets (DTX)
};

/// The options of voice_sender. Name those you set; later versions may add fields.
struct voice_sender_options {
    duration ptime = std::chrono::milliseconds(20); ///< a tick, 1..200 ms: what a packet holds
    std::uint32_t input_rate = 8000; ///< Hz, of the audio that is pushed; 4000..384000
    /// How much audio may wait, 10 ms to an hour; see play_queue.
    duration capacity = std::chrono::seconds(10);
    /// After so much silence an item is over, though nobody has said so; 0 or more.
    duration item_timeout = std::chrono::seconds(1);
    idle_policy idle = idle_policy::silence;
    /// How loud comfort noise is, 0..127 in -dBov.
    std::uint8_t noise_level = 70;
    /// How often it is described, in case a packet is lost; at least a tick.
    duration noise_interval = std::chrono::milliseconds(500);
    /// How many ticks a caller that was late may catch up with, the one that is due among them; 1
    /// or more. Those before are missed.
    unsigned max_burst = 3;
};

/// \}

} // namespace rtpsynth
