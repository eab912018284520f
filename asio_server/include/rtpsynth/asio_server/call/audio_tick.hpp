/// \file
/// Describes one tick of received audio.
#pragma once

#include <rtpsynth/base/clock.hpp>
#include <rtpsynth/jitter/playout_stats.hpp>

#include <cstddef>
#include <cstdint>

namespace rtpsynth::asio_server {

/// One tick of received audio. The samples are passed separately.
struct audio_tick {
    playout_kind kind = playout_kind::silence;
    /// The time at which the tick begins, CLOCK_MONOTONIC. Ticks are ptime apart, even if they are
    /// delivered late.
    time_point time{};
    std::size_t samples = 0; ///< the same in every tick
    /// The number of ticks that are missing before this one, because no packets came for
    /// voice_stream_options::pause_after, audio_queue was full, or the server was more than a
    /// second late. A recorder should write that much silence.
    std::uint64_t skipped = 0;
};

} // namespace rtpsynth::asio_server
