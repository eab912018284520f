/// \file
/// The options of voice_sender.
#pragma once

#include <rtpsynth/base/clock.hpp>

#include <chrono>
#include <cstdint>

namespace rtpsynth {

/// \addtogroup audio
/// \{

/// What a voice_sender sends while it has no audio.
enum class idle_policy : std::uint8_t {
    silence,       ///< silent audio, one packet in every tick
    comfort_noise, ///< comfort noise (RFC 3389), repeated every noise_interval
    nothing,       ///< no packets (DTX)
};

/// The options of voice_sender. Name those you set; later versions may add fields.
struct voice_sender_options {
    duration ptime = std::chrono::milliseconds(20); ///< of a packet and a tick, 1..200 ms
    std::uint32_t input_rate = 8000; ///< Hz, of the audio that is pushed; 4000..384000
    /// The most audio that may be queued, 10 ms to an hour; see play_queue.
    duration capacity = std::chrono::seconds(10);
    /// An item is over after this much silence, even without end_item(); 0 or more.
    duration item_timeout = std::chrono::seconds(1);
    idle_policy idle = idle_policy::silence;
    /// Level of comfort noise, 0..127 in -dBov.
    std::uint8_t noise_level = 70;
    /// How often its packet is repeated, in case one is lost; at least a tick.
    duration noise_interval = std::chrono::milliseconds(500);
    /// The number of ticks that a late caller may send at once, including the one that is due; 1 or
    /// more. Earlier ticks are missed.
    unsigned max_burst = 3;
};

/// \}

} // namespace rtpsynth
