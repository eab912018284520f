/// \file
/// What voice_sender sends, and its counters.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace rtpsynth {

/// \addtogroup audio
/// \{

/// What is sent in a tick.
enum class sent_kind : std::uint8_t {
    nothing,       ///< no packet
    audio,         ///< audio that was pushed; its end may be silence
    silence,       ///< silence, encoded
    comfort_noise, ///< the description of noise (RFC 3389)
    event,         ///< a telephone event (RFC 4733)
};

/// Counters since the object was made.
struct voice_sender_stats {
    std::array<std::uint64_t, 5> ticks{}; ///< by sent_kind, without those missed
    std::uint64_t payload_bytes = 0;      ///< of all packets, as a sender report counts them
    std::uint64_t samples = 0;  ///< that were pushed and pulled, those in the place of which an
                                ///< event was sent among them; items may have different rates
    std::uint64_t items = 0;    ///< that have ended
    std::uint64_t dry_runs = 0; ///< times that an item's audio ran out and went on later
    std::uint64_t late = 0;     ///< ticks for which the caller came a tick or more after their time
    std::uint64_t missed = 0;   ///< ticks that were passed over, since it came later than that
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
