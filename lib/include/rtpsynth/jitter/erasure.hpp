/// \file
/// What a jitter buffer hands out in place of missing packets.
#pragma once

#include <cstdint>

namespace rtpsynth {

/// \addtogroup jitter
/// \{

/// A gap in what a jitter buffer hands out.
///
/// Threads: a value type; distinct objects are independent.
struct erasure {
    std::int64_t lseq_start; ///< first missing packet
    std::int64_t lseq_end;   ///< last missing packet, >= lseq_start
    std::uint32_t ts_diff;   ///< timestamp units that the missing packets span; 0 at a restart
    bool restart;            ///< the sender restarted: nothing was lost, only the numbering changed

    friend bool operator==(const erasure&, const erasure&) = default;
};

/// \}

} // namespace rtpsynth
