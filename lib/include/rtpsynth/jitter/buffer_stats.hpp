/// \file
/// The counters of a jitter buffer, and the reasons for which it drops packets.
#pragma once

#include <cstdint>

namespace rtpsynth {

/// \addtogroup jitter
/// \{

/// Why a jitter buffer dropped a packet.
enum class drop_reason {
    duplicate, ///< its number is buffered, or is the last one that was handed out
    late,      ///< a later packet, or an erasure in its place, has been handed out
    stale,     ///< the farthest ahead in a buffer that was nearly full for `capacity` inserts
    stray,     ///< a suspect that the next packet did not confirm, or held at a flush
};

/// Counters since the buffer was made. The counters of packets add up: received = handed out +
/// still inside + duplicate + late + stale + stray.
struct jitter_buffer_stats {
    std::uint64_t received = 0;  ///< packets inserted
    std::uint64_t invalid = 0;   ///< datagrams that are not RTP packets; not in received
    std::uint64_t duplicate = 0; ///< packets dropped as drop_reason::duplicate
    std::uint64_t late = 0;      ///< packets dropped as drop_reason::late
    std::uint64_t stale = 0;     ///< packets dropped as drop_reason::stale
    std::uint64_t stray = 0;     ///< packets dropped as drop_reason::stray
    std::uint64_t erasures = 0;  ///< erasures handed out, those of restarts included
    std::uint64_t erased = 0;    ///< missing packets that erasures stand for; none at a restart
    std::uint64_t restarts = 0;  ///< restarts of the sender

    void count(drop_reason why) noexcept {
        std::uint64_t* const counters[] = {&duplicate, &late, &stale, &stray};
        ++*counters[static_cast<int>(why)];
    }

    /// Packets dropped for any of the reasons.
    std::uint64_t dropped() const noexcept { return duplicate + late + stale + stray; }
};

/// \}

} // namespace rtpsynth
