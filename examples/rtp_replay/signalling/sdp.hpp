/// \file
/// What an SDP body (RFC 8866) says of RTP: where each medium is received and what its payload
/// types are.
#pragma once

#include "network/udp_packet.hpp"

#include <rtpsynth/rtp/payload_format.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace replay {

/// One a=rtpmap.
struct sdp_payload {
    std::uint8_t type = 0;
    std::string name; ///< encoding name, printable and at most 64 bytes
    rtpsynth::payload_format format;

    bool operator==(const sdp_payload&) const = default;
};

/// Whether the packets of a medium are SRTP.
enum class protection : std::uint8_t {
    none,
    offered,  ///< a profile without it, but a key for it: both sides decide (RFC 8643)
    required, ///< a profile of SRTP: RTP/SAVP, UDP/TLS/RTP/SAVPF, ...
};

/// One m= line and what belongs to it.
struct sdp_media {
    endpoint address; ///< where it is received; packets are usually sent from there, too
    protection srtp = protection::none;
    std::optional<std::uint32_t> ptime_ms;
    std::vector<sdp_payload> payloads; ///< each type once

    bool operator==(const sdp_media&) const = default;
};

/// The RTP media of the first description in \p text, which may be any body that holds one, such as
/// multipart/mixed. A medium with a=bundle-only has the address of the first that has a port
/// (RFC 9143 §6). Other media that are refused (port 0), on hold at 0.0.0.0 or at a host name are
/// left out, as is every line that is not understood. At most 64 media, 128 payload types each.
std::vector<sdp_media> parse_sdp(std::string_view text);

} // namespace replay
