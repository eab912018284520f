/// \file
/// The options of a jitter buffer.
#pragma once

#include <rtpsynth/base/clock.hpp>

#include <cstddef>
#include <optional>
#include <stdexcept>

namespace rtpsynth {

/// \addtogroup jitter
/// \{

/// The options of a jitter buffer. `capacity` must be set, the others have defaults. Set them by
/// name, as in `{.capacity = 20}`: later versions may add fields, in any place, whose defaults
/// change nothing. This holds for all structs of options.
///
/// `max_dropout` and `max_misorder` are MAX_DROPOUT and MAX_MISORDER of RFC 3550 A.1, which
/// proposes 3000 and 100. This buffer tells a late packet from a restart of the sender by its
/// timestamp, too, so `max_misorder` may be large.
struct jitter_buffer_options {
    static constexpr std::size_t max_capacity = 16383; ///< packets

    /// How many packets the buffer holds, 1..16383. When it is full, it no longer waits for the
    /// packets missing before them. A buffer of 1 never waits.
    std::size_t capacity = 0;
    /// How long a packet waits for packets missing before it, 0 or more; nullopt: until the buffer
    /// is full.
    std::optional<duration> max_delay = std::nullopt;
    /// A packet whose number is farther ahead than this, and than twice the capacity, is a suspect;
    /// see jitter_buffer.
    unsigned max_dropout = 3000;
    /// A packet whose number is farther behind than this is a suspect, whatever its timestamp.
    unsigned max_misorder = 3000;
};

namespace detail {

/// \throws std::invalid_argument if an option is out of range
inline const jitter_buffer_options& checked(const jitter_buffer_options& o) {
    if (o.capacity < 1 || o.capacity > jitter_buffer_options::max_capacity)
        throw std::invalid_argument("rtpsynth::jitter_buffer: capacity must be 1..16383 packets");
    if (o.max_delay && *o.max_delay < duration::zero())
        throw std::invalid_argument("rtpsynth::jitter_buffer: max_delay must not be negative");
    return o;
}

} // namespace detail

/// \}

} // namespace rtpsynth
