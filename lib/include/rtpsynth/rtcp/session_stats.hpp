/// \file
/// The outcomes of received packets in rtp_session, and its counters.
#pragma once

#include <cstdint>

namespace rtpsynth {

/// \addtogroup rtcp
/// \{

/// What rtp_session did with a received RTP packet or RTCP datagram.
enum class session_outcome : std::uint8_t {
    accepted,  ///< from a valid source
    probation, ///< from a source that is not valid yet (A.1)
    conflict,  ///< from another address than its source's earlier packets (§8.2): ignored
    collision, ///< another participant has our SSRC: ours has changed (§8.2)
    looped,    ///< it has our SSRC, from an address that had it before or soon after a collision:
               ///< ignored
    /// Its source has sent a BYE a short time ago. RTP is counted, and the caller should play it,
    /// since the BYE may be forged. RTCP is ignored.
    left,
    refused,   ///< from a valid source for which there is no room or memory
    malformed, ///< RTCP only: no compound packet, nor, if accepted, a reduced-size one
};

/// Counters of rtp_session since construction. Each packet passed to receive_rtp() is counted in
/// one of rtp_accepted to rtp_refused, and each datagram passed to receive_rtcp() in one of
/// rtcp_accepted to rtcp_malformed, except for those with our own SSRC: they are counted in
/// `collisions` or `looped`.
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
    std::uint64_t rtcp_refused = 0; ///< the sender is counted as a member if there is room
    std::uint64_t rtcp_malformed = 0;

    std::uint64_t collisions = 0; ///< changes of our SSRC
    std::uint64_t looped = 0;

    std::uint64_t rtcp_sent = 0;    ///< datagrams
    std::uint64_t strange_byes = 0; ///< SSRCs in BYE packets: unknown, left, or another sender's
    std::uint64_t unbelieved_reports = 0; ///< report blocks on us that were not plausible
    std::uint64_t members_refused = 0;    ///< how often a member was not counted for lack of room
    std::uint64_t sources_left = 0;       ///< by BYE
    std::uint64_t sources_returned = 0;   ///< of those, whose RTP continued
    std::uint64_t sources_timed_out = 0;  ///< silent for 5 intervals (§6.3.5)
};

/// \}

} // namespace rtpsynth
