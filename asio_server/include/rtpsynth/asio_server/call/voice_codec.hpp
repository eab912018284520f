/// \file
/// A codec of a call.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace rtpsynth::asio_server {

/// A codec as described in SDP.
struct voice_codec {
    std::string encoding = "PCMU/8000"; ///< as in `a=rtpmap`
    /// 0..127; nullopt: the codec's static payload type of RFC 3551, which not every codec has.
    std::optional<std::uint8_t> payload_type{};
    std::string fmtp{}; ///< as in `a=fmtp`
};

} // namespace rtpsynth::asio_server
