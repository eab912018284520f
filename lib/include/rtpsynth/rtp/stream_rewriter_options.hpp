/// \file
/// Options of stream_rewriter, and its counters.
#pragma once

#include <rtpsynth/rtp/payload_format.hpp>
#include <rtpsynth/rtp/payload_type_map.hpp>

#include <cstdint>
#include <string>

namespace rtpsynth {

/// \addtogroup rtp
/// \{

/// How a stream_rewriter treats payload types and RTCP.
struct stream_rewriter_options {
    /// What each payload type becomes, and which are dropped.
    payload_type_map payload_types{};
    /// Clock rate and kind of each payload type that comes in; it has the same clock on its way
    /// out. A clock rate of 0 is the constructor's. Comfort noise has the clock of the audio beside
    /// it, whatever is said here (RFC 3389 §4).
    payload_format_table formats{};
    /// The CNAME of the output, which takes the place of what the sources say of themselves; at
    /// most 255 bytes. A receiver may take an SSRC whose CNAME changes for a collision (RFC 3550
    /// §8.2). Empty: what the sources say is passed on.
    std::string cname{};
    /// Whether the BYE of a source is passed on: it ends the output. Otherwise another source may
    /// go on.
    bool forward_bye = false;
};

/// Packets since the object was made, by what became of them; see stream_rewriter::outcome.
struct stream_rewriter_stats {
    std::uint64_t forwarded = 0; ///< those that began a stretch included
    std::uint64_t octets = 0;    ///< of payload that was forwarded
    std::uint64_t switches = 0;  ///< stretches that were begun, the first one included
    std::uint64_t late = 0;
    std::uint64_t overtaken = 0;
    std::uint64_t unmapped = 0;
    std::uint64_t rejected = 0;
    std::uint64_t malformed = 0;

    friend bool operator==(const stream_rewriter_stats&, const stream_rewriter_stats&) = default;

    /// Packets that were not forwarded.
    std::uint64_t dropped() const noexcept {
        return late + overtaken + unmapped + rejected + malformed;
    }
};

/// \}

} // namespace rtpsynth
