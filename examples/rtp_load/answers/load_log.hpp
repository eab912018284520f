/// \file
/// Counters of all streams together.
#pragma once

#include <rtpsynth/base/clock.hpp>
#include <rtpsynth/base/duration_histogram.hpp>
#include <rtpsynth/rtp/datagram_kind.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace load {

/// A packet that is sent twice counts once in packets and twice in sent.
struct traffic_counts {
    std::uint64_t made = 0;       ///< packets: packets + dropped + refused
    std::uint64_t dropped = 0;    ///< on purpose, not sent
    std::uint64_t refused = 0;    ///< packets that the channel did not accept
    std::uint64_t overtaken = 0;  ///< on purpose
    std::uint64_t duplicated = 0; ///< on purpose
    std::uint64_t packets = 0;    ///< given to the channel
    std::uint64_t sent = 0;       ///< datagrams given to the channel
    std::uint64_t behind = 0;     ///< packets made more than half a packet time behind schedule

    std::uint64_t received = 0;   ///< echoes, datagrams: returned + duplicates
    std::uint64_t returned = 0;   ///< packets that came back under their own numbers
    std::uint64_t duplicates = 0; ///< datagrams of packets that had come back before
    std::uint64_t reordered = 0;  ///< packets that came back after a later one
    std::uint64_t altered = 0;    ///< echoes with another payload or payload type than was sent
    std::uint64_t late_here = 0;  ///< late packets that would have been in time if sent on schedule
    std::uint64_t overdue = 0;    ///< echoes of packets sent too long ago to be remembered
    std::uint64_t renumbered = 0; ///< RTP datagrams under other numbers
    /// Datagrams from the target that SRTP refused: malformed, not protected with our key, or
    /// duplicates.
    std::uint64_t srtp_refused = 0;
    /// Datagrams from the target that are not valid RTP, by kind; kind rtp: malformed.
    std::array<std::uint64_t, 7> no_rtp{};

    std::uint64_t& of_kind(rtpsynth::datagram_kind kind) {
        return no_rtp[static_cast<std::size_t>(kind)];
    }
    std::uint64_t of_kind(rtpsynth::datagram_kind kind) const {
        return no_rtp[static_cast<std::size_t>(kind)];
    }
};

/// Packets by the time they were sent, and how many came back.
class timeline {
public:
    struct slot {
        std::uint64_t packets = 0;
        std::uint64_t expected = 0; ///< of those, by streams whose losses can be dated
        std::uint64_t returned = 0; ///< of the expected
        std::uint64_t lost() const noexcept { return expected - returned; }
    };

    explicit timeline(rtpsynth::duration interval) : interval_(interval) {}

    rtpsynth::duration interval() const noexcept { return interval_; }
    const std::vector<slot>& slots() const noexcept { return slots_; }
    /// The slot of a time \p since the start, which is not negative.
    std::size_t index(rtpsynth::duration since) const noexcept {
        return static_cast<std::size_t>(since / interval_);
    }
    /// \throws std::bad_alloc
    slot& at(std::size_t index) {
        if (index >= slots_.size()) slots_.resize(index + 1);
        return slots_[index];
    }

private:
    rtpsynth::duration interval_;
    std::vector<slot> slots_;
};

/// RTCP of all streams.
struct rtcp_counts {
    std::uint64_t sent = 0;                  ///< datagrams
    std::uint64_t received = 0;              ///< the peer's datagrams, without echoes
    std::uint64_t reports = 0;               ///< on our streams
    rtpsynth::duration_histogram round_trip; ///< without the delay at the peer
};

struct load_log {
    explicit load_log(rtpsynth::duration interval) : over_time(interval) {}

    rtpsynth::time_point start{};
    traffic_counts counts;
    rtpsynth::duration_histogram round_trip; ///< from the send call to socket readiness
    rtpsynth::duration_histogram lateness;   ///< of sending, relative to the schedule
    timeline over_time;
    rtcp_counts rtcp;
};

} // namespace load
