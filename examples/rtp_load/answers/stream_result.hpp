/// \file
/// The result of one stream.
#pragma once

#include "answers/answer_log.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/error_code.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace load {

/// What came back of a stream: the first kind that applies.
enum class answer_kind {
    unsent,      ///< nothing was sent
    echoed,      ///< packets under their own numbers
    renumbered,  ///< RTP under other numbers
    unusable,    ///< datagrams that cannot be measured
    closed,      ///< ICMP port unreachable
    unreachable, ///< another error reported by the system
    elsewhere,   ///< datagrams only from another address or port than the target's
    silent,      ///< nothing at all
};
inline constexpr std::size_t answer_kinds = 8;

/// The peer's last report on a stream; all 0 if there is none.
struct peer_report {
    std::uint64_t reports = 0;
    std::int64_t expected = 0; ///< packets
    std::int64_t lost = 0;     ///< of those; negative if there were more duplicates
    double jitter_ms = 0;
    double max_jitter_ms = 0; ///< of all reports
};

struct stream_result {
    answer_kind kind = answer_kind::unsent;
    std::uint16_t port = 0;          ///< of the target
    boost::system::error_code error; ///< the latest reported by the system
    std::uint64_t errors = 0;        ///< receive errors
    bool icmp_reported = true;       ///< or else a closed port is silent
    std::uint64_t expected = 0;      ///< packets
    std::uint64_t lost = 0;          ///< of those
    /// Renumbered streams: the lost packets beyond the gaps in the numbers.
    std::uint64_t unanswered = 0;
    std::uint64_t dropped = 0;                         ///< packets dropped on purpose
    std::uint64_t packets = 0;                         ///< sent
    std::uint64_t played = 0, late = 0, concealed = 0; ///< by the playout clock
    answer_totals answers;                             ///< RTP under other numbers
    peer_report peer;                                  ///< with --rtcp
};

/// Whether the stream was answered but ICMP reported the port closed at times.
inline bool was_closed_at_times(const stream_result& r) noexcept {
    return (r.kind == answer_kind::echoed || r.kind == answer_kind::renumbered) &&
           r.error == boost::asio::error::connection_refused;
}

} // namespace load
