/// \file
/// Packets that wait for others to prove that they are RTP.
#pragma once

#include "stream/rtp_input.hpp"
#include "stream/rtp_stream.hpp"

#include <rtpsynth/base/clock.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace replay {

/// Packets of the same addresses, ports and SSRC prove it by
/// - three different numbers within 16, in any order and with gaps, if no more nearby do not agree
///   with them, or
/// - two that are each the next after the highest before it.
///
/// Packets agree that are of one payload type and whose timestamps are no farther apart than a
/// clock of 200 kHz goes between the arrivals, give or take a second.
///
/// RFC 3550 A.1 asks for two in sequence; a capture holds more than RTP. Memory is bounded: a
/// source of 32 packets without proof is given up, and all are when there are too many.
class candidate_pool {
public:
    using packets = std::vector<held_packet>;

    /// Adds a packet. Returns all of its source, in order of arrival, if they are proof.
    std::optional<packets> add(const stream_key& key, held_packet&& packet);
    /// Takes what waits of \p key.
    packets take(const stream_key& key);

    /// Packets that were given up, or still wait.
    std::uint64_t unproven() const noexcept { return given_up_ + waiting_; }

private:
    struct candidate {
        packets held;
        std::size_t highest = 0; // which of them has the highest number
        unsigned steps = 0;      // times that a packet was the one after the highest before it
    };

    // A tree, because whoever wrote the capture has chosen the keys: they could all hash alike.
    std::map<stream_key, candidate> candidates_;
    std::size_t memory_ = 0;    // of all candidates, about
    std::uint64_t waiting_ = 0; // packets of all candidates
    std::uint64_t given_up_ = 0;
};

} // namespace replay
