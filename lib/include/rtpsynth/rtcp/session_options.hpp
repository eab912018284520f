/// \file
/// The options of rtp_session.
#pragma once

#include <rtpsynth/rtcp/receiver_stats.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace rtpsynth {

/// \addtogroup rtcp
/// \{

/// The options of rtp_session. Name those you set; later versions may add fields.
struct rtp_session_options {
    /// Our canonical name, 1..255 bytes of UTF-8. It should be the same in all sessions of one
    /// participant, and random (RFC 7022) if it must not identify a person.
    std::string cname{};
    std::optional<std::uint32_t> ssrc{}; ///< ours; nullopt: random
    /// Clock rate of our own timestamps, and of payload types whose clock rate is not known, in Hz;
    /// at least 1.
    std::uint32_t clock_rate = 8000;
    /// Bandwidth of the whole session in bits per second, 0..10^12; RTCP takes 5 % of it (§6.2). 0:
    /// no RTCP is sent, and silent sources are removed only when another source needs the room.
    double bandwidth = 64'000;
    /// Whether intervals may be shorter than 5 s: down to 360 s divided by the bandwidth in kbit/s
    /// (§6.2). Has no effect at 72 kbit/s or less.
    bool reduced_minimum = false;
    /// Size of the UDP and IP headers in bytes, which count towards the bandwidth of RTCP.
    std::size_t header_size = 28;
    /// The maximum number of remote sources, which have statistics: 1..65535. Each takes about 750
    /// bytes, allocated when the source becomes valid.
    std::size_t max_sources = 32;
    /// The maximum number of members that are only counted: contributing sources, and senders of
    /// RTCP beyond max_sources. They take 8 to 21 bytes each. Further members are not counted, so
    /// that invented ones cannot lengthen the interval without limit.
    std::size_t max_members = 64;
    /// The number of packets in sequence that make a source valid (A.1). 0 and 1: the first packet
    /// does.
    unsigned probation = 2;
    /// Options of the sources' statistics. min_sequential is ignored: see probation.
    receiver_stats_options source{};
    /// Whether to accept reduced-size RTCP (RFC 5506): datagrams that do not begin with a report,
    /// such as a lone BYE. Ours always begin with one. SDP negotiates it by `a=rtcp-rsize`, but
    /// phones send it without. false: it counts as malformed. It protects from nothing, since who
    /// forges a BYE can put a report before it.
    bool reduced_size = true;
};

/// \}

} // namespace rtpsynth
