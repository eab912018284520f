/// \file
/// What all streams together did.
#pragma once

#include <rtpsynth/clock.hpp>
#include <rtpsynth/duration_histogram.hpp>

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

    std::uint64_t received = 0;   ///< datagrams: returned + duplicates
    std::uint64_t returned = 0;   ///< packets that came back
    std::uint64_t duplicates = 0; ///< datagrams of a packet that had come back before
    std::uint64_t reordered = 0;  ///< packets that came back behind a later one
    std::uint64_t late = 0;       ///< of those, came when their turn to be played was over
    std::uint64_t played = 0;     ///< packets that left a jitter buffer
    std::uint64_t concealed = 0;  ///< packets that a jitter buffer gave up
    std::uint64_t other = 0;      ///< datagrams that are nothing of ours

    std::uint64_t lost() const noexcept { return packets - returned; }
};

/// Packets by the time they were sent at, and what came back of them.
class timeline {
public:
    struct slot {
        std::uint64_t packets = 0;
        std::uint64_t returned = 0;
    };

    explicit timeline(rtpsynth::duration interval) : interval_(interval) {}

    rtpsynth::duration interval() const noexcept { return interval_; }
    const std::vector<slot>& slots() const noexcept { return slots_; }
    /// \p since the start, not negative. \throws std::bad_alloc
    slot& at(rtpsynth::duration since) {
        const auto i = static_cast<std::size_t>(since / interval_);
        if (i >= slots_.size()) slots_.resize(i + 1);
        return slots_[i];
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
