/// \file
/// Resolves payload types by the command line, SDP and RFC 3551, in that order.
#pragma once

#include "signalling/media_directory.hpp"
#include "stream/payload_use.hpp"

#include <cstdint>
#include <map>

namespace replay {

/// Clock rates in Hz by payload type.
using clock_rate_map = std::map<std::uint8_t, std::uint32_t>;

struct payload_resolver {
    clock_rate_map clock_rates; ///< from the command line
    media_directory directory;

    /// Sets format and encoding of \p use for a packet from \p source to \p destination at \p when.
    void describe(payload_use& use, const endpoint& source, const endpoint& destination,
                  rtpsynth::time_point when) const;
    /// Whether SDP says that such packets are SRTP: if both sides are known, both must offer it,
    /// since an answer may refuse an offer; if only one is known, it must require it.
    bool is_secure(const endpoint& source, const endpoint& destination,
                   rtpsynth::time_point when) const;
};

} // namespace replay
