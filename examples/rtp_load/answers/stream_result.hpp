/// \file
/// What became of one stream.
#pragma once

#include "answers/answer_log.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/error_code.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace load {

/// What came back of a stream; the first that holds.
enum class answer_kind {
    unsent,      ///< nothing was sent
    echoed,      ///< packets, under their own numbers
    renumbered,  ///< RTP of another numbering
    unusable,    ///< datagrams of which nothing can be measured
    closed,      ///< ICMP port unreachable
    unreachable, ///< another error that the system reports
    elsewhere,   ///< datagrams from elsewhere than the target
    silent,      ///< nothing at all
};
inline constexpr std::size_t answer_kinds = 8;

struct stream_result {
    answer_kind kind = answer_kind::unsent;
    std::uint16_t port = 0;          ///< of the target
    boost::system::error_code error; ///< the system's latest
    std::uint64_t errors = 0;        ///< that it reported on receiving
    std::uint64_t expected = 0;      ///< packets
    std::uint64_t lost = 0;          ///< of those
    /// Of a renumbered stream: of the lost, those that no number accounts for.
    std::uint64_t unanswered = 0;
    std::uint64_t dropped = 0;                         ///< packets, on purpose
    std::uint64_t packets = 0;                         ///< sent
    std::uint64_t played = 0, late = 0, concealed = 0; ///< by the playout clock
    answer_totals answers;                             ///< RTP of another numbering
};

/// It was answered, and yet ICMP called the port closed: before, between or after.
inline bool was_closed_at_times(const stream_result& r) noexcept {
    return (r.kind == answer_kind::echoed || r.kind == answer_kind::renumbered) &&
           r.error == boost::asio::error::connection_refused;
}

} // namespace load
