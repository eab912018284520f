/// \file
/// Holds packets until others confirm that they are RTP.
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

/// Packets of the same addresses, ports and SSRC are confirmed by
/// - three different sequence numbers within 16, in any order and with gaps, unless more packets
///   nearby disagree with them than agree, or
/// - two packets that are each next after the highest before.
///
/// Packets agree if they have the same payload type and their timestamps are no farther apart than
/// a 200 kHz clock advances between their arrivals, plus or minus a second.
///
/// RFC 3550 A.1 requires only two in sequence, but a capture has other traffic than RTP. Memory is
/// bounded: a source is given up after 32 unconfirmed packets, and all are when there are too many.
class candidate_pool {
public:
    using packets = std::vector<held_packet>;

    /// Adds a packet. Returns all packets of its source, in order of arrival, once confirmed.
    std::optional<packets> add(const stream_key& key, held_packet&& packet);
    /// Removes and returns the packets of \p key.
    packets take(const stream_key& key);

    /// Packets given up or still waiting.
    std::uint64_t unproven() const noexcept { return given_up_ + waiting_; }

private:
    struct candidate {
        packets held;
        std::size_t highest = 0; // index of the highest number
        unsigned steps = 0;      // packets that were next after the highest before
    };

    // A tree: the capture's author chooses the keys, which could be made to collide in a hash
    // table.
    std::map<stream_key, candidate> candidates_;
    std::size_t memory_ = 0;    // of all candidates, approximately
    std::uint64_t waiting_ = 0; // packets of all candidates
    std::uint64_t given_up_ = 0;
};

} // namespace replay
