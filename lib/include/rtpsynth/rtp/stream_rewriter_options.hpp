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
    /// The outgoing payload type of each incoming one, or that it is dropped.
    payload_type_map payload_types{};
    /// Clock rate and kind of each incoming payload type; the outgoing one has the same. A clock
    /// rate of 0 means the constructor's. Comfort noise always has the clock rate of the audio
    /// beside it (RFC 3389 §4).
    payload_format_table formats{};
    /// The CNAME of the output, at most 255 bytes. It replaces the sources' SDES items. A receiver
    /// may take a change of an SSRC's CNAME for a collision (RFC 3550 §8.2). Empty: the sources'
    /// SDES items are passed on.
    std::string cname{};
    /// Whether the BYE of a source is passed on, which ends the output. If false, another source
    /// can continue the output.
    bool forward_bye = false;
};

/// Numbers of packets since construction, by stream_rewriter::outcome.
struct stream_rewriter_stats {
    std::uint64_t forwarded = 0; ///< the first packets of segments included
    std::uint64_t octets = 0;    ///< payload bytes forwarded
    std::uint64_t switches = 0;  ///< segments begun, the first one included
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
