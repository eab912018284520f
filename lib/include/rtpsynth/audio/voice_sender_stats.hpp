/// \file
/// The kinds of packets that voice_sender sends, and its counters.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace rtpsynth {

/// \addtogroup audio
/// \{

/// The content of a tick.
enum class sent_kind : std::uint8_t {
    nothing,       ///< no packet
    audio,         ///< pushed audio, possibly with silence at its end
    silence,       ///< encoded silence
    comfort_noise, ///< comfort noise (RFC 3389)
    event,         ///< a telephone event (RFC 4733)
};

/// Counters since construction.
struct voice_sender_stats {
    std::array<std::uint64_t, 5> ticks{}; ///< by sent_kind; missed ticks are not included
    std::uint64_t payload_bytes = 0;      ///< of all packets, as in a sender report
    std::uint64_t samples = 0;  ///< pulled from the queue, at the items' own rates, including those
                                ///< that an event replaced
    std::uint64_t items = 0;    ///< items that have ended
    std::uint64_t dry_runs = 0; ///< how often an item's audio ran out and continued later
    std::uint64_t late = 0;     ///< calls of next() one ptime or more after the tick was due
    std::uint64_t missed = 0;   ///< ticks that were not sent, since the caller was too late
    std::uint64_t failed = 0;   ///< ticks whose audio the codec failed to encode

    std::uint64_t ticks_of(sent_kind kind) const noexcept {
        return ticks[static_cast<std::size_t>(kind)];
    }
    /// All packets.
    std::uint64_t packets() const noexcept {
        std::uint64_t sum = 0;
        for (std::size_t kind = 1; kind != ticks.size(); ++kind) sum += ticks[kind];
        return sum;
    }
};

/// \}

} // namespace rtpsynth
