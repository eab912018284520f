/// \file
/// What rtp_session makes of packets, and its counters.
#pragma once

#include <cstdint>

namespace rtpsynth {

/// \addtogroup rtcp
/// \{

/// What rtp_session did with a packet of RTP or with a datagram of RTCP.
enum class session_outcome : std::uint8_t {
    accepted,  ///< it is a valid source's
    probation, ///< of a source that is not valid yet (A.1); RTCP: that gave no CNAME
    conflict,  ///< from another address than the source's earlier ones (§8.2); ignored
    collision, ///< it has our SSRC and is not ours: we have another SSRC from here on (§8.2)
    looped,    ///< it has our SSRC, from an address that had it before: a loop; ignored
    /// Its source said BYE a short time ago. RTP is counted, and for the caller to play: the BYE
    /// may be a stranger's. RTCP is ignored.
    left,
    refused,   ///< a valid source's, for which there is no room or memory
    malformed, ///< RTCP only: no compound packet
};

/// Counters of rtp_session since it was made. rtp_accepted + rtp_probation + … + rtp_refused is the
/// number of packets that receive_rtp() was given; likewise for RTCP. collisions and looped count
/// both.
struct rtp_session_stats {
    std::uint64_t rtp_accepted = 0;
    std::uint64_t rtp_probation = 0;
    std::uint64_t rtp_conflicts = 0;
    std::uint64_t rtp_left = 0;
    std::uint64_t rtp_refused = 0;

    std::uint64_t rtcp_accepted = 0;
    std::uint64_t rtcp_probation = 0;
    std::uint64_t rtcp_conflicts = 0;
    std::uint64_t rtcp_left = 0;
    std::uint64_t rtcp_refused = 0; ///< the sender counts as a member, if there is room for it
    std::uint64_t rtcp_malformed = 0;

    std::uint64_t collisions = 0; ///< changes of our SSRC
    std::uint64_t looped = 0;

    std::uint64_t rtcp_sent = 0;          ///< datagrams
    std::uint64_t strange_byes = 0;       ///< SSRCs in BYE packets that nobody has, or another
    std::uint64_t unbelieved_reports = 0; ///< blocks about us that cannot be true
    std::uint64_t members_refused = 0;    ///< times that a member was not counted
    std::uint64_t sources_left = 0;       ///< by BYE
    std::uint64_t sources_returned = 0;   ///< of those: their RTP went on
    std::uint64_t sources_timed_out = 0;  ///< silent for 5 intervals (§6.3.5)
};

/// \}

} // namespace rtpsynth
