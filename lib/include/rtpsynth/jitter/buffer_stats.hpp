/// \file
/// The counters of a jitter buffer, and why it drops packets.
#pragma once

#include <cstdint>

namespace rtpsynth {

/// \addtogroup jitter
/// \{

/// Why a packet was not handed out.
enum class drop_reason {
    duplicate, ///< the same packet is buffered, or was the last one handed out
    late,      ///< a later packet, or an erasure in its place, has been handed out
    stale,     ///< far ahead of the others, in a nearly full buffer for `capacity` inserts
    stray,     ///< a suspect that the next packet did not confirm
};

/// Counters since the buffer was made. received = handed out + still inside + duplicate + late +
/// stale + stray.
struct jitter_buffer_stats {
    std::uint64_t received = 0;  ///< packets put in
    std::uint64_t invalid = 0;   ///< datagrams that are no RTP packets
    std::uint64_t duplicate = 0; ///< dropped, drop_reason::duplicate
    std::uint64_t late = 0;      ///< dropped, drop_reason::late
    std::uint64_t stale = 0;     ///< dropped, drop_reason::stale
    std::uint64_t stray = 0;     ///< dropped, drop_reason::stray
    std::uint64_t erasures = 0;  ///< erasures handed out, restarts included
    std::uint64_t erased = 0;    ///< packets that the erasures stand for, restarts not included
    std::uint64_t restarts = 0;  ///< restarts of the sender

    void count(drop_reason why) noexcept {
        std::uint64_t* const counters[] = {&duplicate, &late, &stale, &stray};
        ++*counters[static_cast<int>(why)];
    }

    /// Packets dropped for any reason.
    std::uint64_t dropped() const noexcept { return duplicate + late + stale + stray; }
};

/// \}

} // namespace rtpsynth
