/// \file
/// What a jitter buffer hands out in the place of packets that did not come.
#pragma once

#include <cstdint>

namespace rtpsynth {

/// A gap in what a jitter buffer hands out.
struct erasure {
    std::int64_t lseq_start; ///< first missing packet
    std::int64_t lseq_end;   ///< last missing packet, >= lseq_start
    std::uint32_t ts_diff;   ///< timestamp units that the missing packets span; 0 at a restart
    bool restart;            ///< the sender started anew: nothing was lost, lseq jumped

    friend bool operator==(const erasure&, const erasure&) = default;
};

} // namespace rtpsynth
