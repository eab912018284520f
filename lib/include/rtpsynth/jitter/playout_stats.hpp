/// \file
/// What playout pulls, and its counters.
#pragma once

#include <rtpsynth/base/clock.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace rtpsynth {

/// \addtogroup jitter
/// \{

/// What a tick of audio is. Where its parts are of several kinds, the first of them in this list.
enum class playout_kind : std::uint8_t {
    concealed,     ///< in place of packets that are missing
    stretched,     ///< speech with some of it repeated, to grow the delay
    compressed,    ///< speech with some of it left out, to shrink the delay
    speech,        ///< as it was received
    comfort_noise, ///< a pause, in which the sender described the noise (RFC 3389)
    silence,       ///< a pause, or no packets for 60 ms
};

/// Counters since the object was made, and its present state. received = played + waiting + late +
/// duplicate + discarded.
struct playout_stats {
    std::uint64_t received = 0;  ///< packets put in, without those that are no RTP
    std::uint64_t played = 0;    ///< packets whose audio was pulled, at least in part, and packets
                                 ///< of events and comfort noise whose turn has come
    std::uint64_t late = 0;      ///< came after their tick
    std::uint64_t duplicate = 0; ///< came twice
    std::uint64_t discarded = 0; ///< of an unknown payload type or undecodable, of no stream, or
                                 ///< more than max_delay or the store allows
    std::uint64_t waiting = 0;   ///< inside
    std::uint64_t underruns = 0; ///< times that the packets ran out, ends of talkspurts included
                                 ///< unless comfort noise or an event said that it ends
    std::uint64_t restarts = 0;  ///< changes of the sender: SSRC or numbering
    std::uint64_t grown = 0;     ///< changes of the delay by repeating some audio
    std::uint64_t shrunk = 0;    ///< changes of the delay by leaving some out
    std::array<std::uint64_t, 6> ticks{}; ///< pulled, by playout_kind
    duration delay{};  ///< from the arrival of the packet played last to the tick that it was in
    duration target{}; ///< the same, as the network needs it, for the packet that came quickest
    duration mean_delay{}; ///< the same, on average over all packets played

    std::uint64_t ticks_of(playout_kind kind) const noexcept {
        return ticks[static_cast<std::size_t>(kind)];
    }
};

/// \}

} // namespace rtpsynth
