/// \file
/// What all streams together did.
#pragma once

#include <rtpsynth/base/clock.hpp>
#include <rtpsynth/base/duration_histogram.hpp>
#include <rtpsynth/rtp/datagram_kind.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace load {

/// A packet that is sent twice counts once as packet, twice as sent.
struct traffic_counts {
    std::uint64_t made = 0;       ///< packets: packets + dropped + refused
    std::uint64_t dropped = 0;    ///< on purpose, and so never sent
    std::uint64_t refused = 0;    ///< packets that the channel did not take
    std::uint64_t overtaken = 0;  ///< on purpose
    std::uint64_t duplicated = 0; ///< on purpose
    std::uint64_t packets = 0;    ///< given to the channel
    std::uint64_t sent = 0;       ///< datagrams given to the channel
    std::uint64_t behind = 0;     ///< packets made more than half a packet time behind schedule

    std::uint64_t received = 0;   ///< echoes, datagrams: returned + duplicates
    std::uint64_t returned = 0;   ///< packets that came back under their own numbers
    std::uint64_t duplicates = 0; ///< datagrams of a packet that had come back before
    std::uint64_t reordered = 0;  ///< packets that came back behind a later one
    std::uint64_t altered = 0;    ///< echoes of another payload type or payload than was sent
    std::uint64_t late_here = 0;  ///< late packets that would have been in time, had they been sent
                                  ///< on schedule
    std::uint64_t overdue = 0;    ///< echoes of packets that are too long ago to be known
    std::uint64_t renumbered = 0; ///< RTP datagrams of another numbering
    /// Datagrams from the target that are not RTP, by what they are; as RTP, what is malformed.
    std::array<std::uint64_t, 7> no_rtp{};

    std::uint64_t& of_kind(rtpsynth::datagram_kind kind) {
        return no_rtp[static_cast<std::size_t>(kind)];
    }
    std::uint64_t of_kind(rtpsynth::datagram_kind kind) const {
        return no_rtp[static_cast<std::size_t>(kind)];
    }
};

/// Packets by the time they were sent at, and what came back of them.
class timeline {
public:
    struct slot {
        std::uint64_t packets = 0;
        std::uint64_t expected = 0; ///< of those, sent by streams whose losses have a time
        std::uint64_t returned = 0; ///< of the expected
        std::uint64_t lost() const noexcept { return expected - returned; }
    };

    explicit timeline(rtpsynth::duration interval) : interval_(interval) {}

    rtpsynth::duration interval() const noexcept { return interval_; }
    const std::vector<slot>& slots() const noexcept { return slots_; }
    /// Which slot is that of \p since the start, which is not negative.
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

struct load_log {
    explicit load_log(rtpsynth::duration interval) : over_time(interval) {}

    rtpsynth::time_point start{};
    traffic_counts counts;
    rtpsynth::duration_histogram round_trip; ///< from the call that sends to readiness
    rtpsynth::duration_histogram lateness;   ///< of sending, against the schedule
    timeline over_time;
};

} // namespace load
