/// \file
/// The kinds of audio that are pulled from playout, and its statistics.
#pragma once

#include <rtpsynth/base/clock.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace rtpsynth {

/// \addtogroup jitter
/// \{

/// The kind of one tick of audio. A tick that is of several kinds counts as the one that comes
/// first in this list.
enum class playout_kind : std::uint8_t {
    concealed,     ///< made up in place of missing packets
    stretched,     ///< speech with a piece repeated, which increases the delay
    compressed,    ///< speech with a piece left out, which decreases the delay
    speech,        ///< decoded packets, unchanged
    comfort_noise, ///< a pause for which the sender described the noise (RFC 3389)
    silence,       ///< before the first packet, in other pauses, after 60 ms without packets
};

/// Counters since the playout was made, and its present delays. The counters of packets add up:
/// received = played + waiting + late + duplicate + discarded.
struct playout_stats {
    /// Packets inserted. Datagrams that are not RTP packets are not counted.
    std::uint64_t received = 0;
    /// Packets whose audio was decoded, and packets of events and comfort noise that were reached
    /// in the order of their numbers.
    std::uint64_t played = 0;
    /// Packets that arrived too late to be played.
    std::uint64_t late = 0;
    /// Packets that had been received before.
    std::uint64_t duplicate = 0;
    /// Packets that have an unknown payload type or cannot be decoded, events before the first
    /// audio, packets that fit neither the stream nor the packet after them, and packets left out
    /// because they exceeded max_delay or the memory for packets.
    std::uint64_t discarded = 0;
    /// Packets that are inside now.
    std::uint64_t waiting = 0;
    /// Times that audio was due and no packet was inside. The end of a talkspurt counts, unless
    /// comfort noise or an event announced it.
    std::uint64_t underruns = 0;
    /// Restarts of the sender: a new SSRC, or a jump of its numbers or timestamps.
    std::uint64_t restarts = 0;
    /// Times that the delay was increased by repeating some audio.
    std::uint64_t grown = 0;
    /// Times that the delay was decreased by leaving some audio out.
    std::uint64_t shrunk = 0;
    /// Ticks pulled, by playout_kind; see ticks_of().
    std::array<std::uint64_t, 6> ticks{};
    /// Delay added to the packet that was played last: from its arrival to the tick in which its
    /// first sample is pulled.
    duration delay{};
    /// The delay that the network needs now, as added to the packet that was quickest in the last
    /// 2 seconds.
    duration target{};
    /// The mean of `delay` over all packets played.
    duration mean_delay{};

    /// Ticks of one kind.
    std::uint64_t ticks_of(playout_kind kind) const noexcept {
        return ticks[static_cast<std::size_t>(kind)];
    }
};

/// \}

} // namespace rtpsynth
