/// \file
/// How a jitter buffer decides.
#pragma once

#include <rtpsynth/base/clock.hpp>

#include <cstddef>
#include <optional>

namespace rtpsynth {

/// How a jitter buffer decides. Only `capacity` has to be given.
///
/// RFC 3550 A.1 has the rules of `max_dropout` and `max_misorder`, with 3000 and 100. A late packet
/// is told from a sender's new numbering by its timestamp here, so that `max_misorder` may be
/// large.
struct jitter_buffer_options {
    /// Packets held at most before a gap is passed over, 1..16383. 1 never waits.
    std::size_t capacity = 0;
    /// How long a packet may wait for those before it, >= 0; nullopt: until the buffer is full.
    std::optional<duration> max_delay = std::nullopt;
    /// A packet farther ahead than this, and than twice the capacity, is a suspect.
    unsigned max_dropout = 3000;
    /// A packet farther behind than this is a suspect, whatever its timestamp.
    unsigned max_misorder = 3000;
};

} // namespace rtpsynth
