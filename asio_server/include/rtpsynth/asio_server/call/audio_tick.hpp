/// \file
/// What a tick of received audio is.
#pragma once

#include <rtpsynth/base/clock.hpp>
#include <rtpsynth/jitter/playout_stats.hpp>

#include <cstddef>
#include <cstdint>

namespace rtpsynth::asio_server {

/// One tick of received audio, without the audio.
struct audio_tick {
    playout_kind kind = playout_kind::silence;
    /// When it begins, CLOCK_MONOTONIC. Ticks are ptime apart, whenever they are delivered.
    time_point time{};
    std::size_t samples = 0; ///< the same in every tick
    /// How many ticks are missing before this one, since the network was silent for longer than
    /// voice_stream_options::pause_after, nobody read in time, or the server was late by more than
    /// a second. A recorder writes as much silence.
    std::uint64_t skipped = 0;
};

} // namespace rtpsynth::asio_server
