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
    /// Our canonical name, 1..255 bytes of UTF-8. It should be the same in every session of one
    /// participant and, if people are not to be identified by it, random (RFC 7022).
    std::string cname{};
    std::optional<std::uint32_t> ssrc{}; ///< ours; nullopt: random
    /// Hz, of our own timestamps, and of payload types whose clock rate is not known. At least 1.
    std::uint32_t clock_rate = 8000;
    /// Of the whole session, in bits per second, 0..10^12; RTCP takes 5 % of it (§6.2). 0: no RTCP
    /// is sent, and sources that are silent are removed only when another one needs the room.
    double bandwidth = 64'000;
    /// Whether intervals may be shorter than 5 s: down to 360 s divided by the bandwidth in kbit/s
    /// (§6.2). No use below 72 kbit/s.
    bool reduced_minimum = false;
    /// The bytes of UDP's and IP's headers, which RTCP's bandwidth includes.
    std::size_t header_size = 28;
    /// Most remote sources, which have statistics: 1..65535, each about 750 bytes, allocated when
    /// the source proves valid.
    std::size_t max_sources = 32;
    /// Most members that are only counted: contributing sources, and participants that send no RTP
    /// beyond max_sources. 8 to 21 bytes each. Further ones are not counted, so that the interval
    /// does not grow without bounds with what strangers send.
    std::size_t max_members = 64;
    /// How many packets in sequence make a source valid (A.1). 0 and 1: the first packet does.
    unsigned probation = 2;
    /// Limits of the sources' statistics. min_sequential is not used: see probation.
    receiver_stats_options source{};
};

/// \}

} // namespace rtpsynth
