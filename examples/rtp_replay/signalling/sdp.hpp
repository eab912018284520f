/// \file
/// Parses the RTP media of an SDP body (RFC 8866): addresses and payload types.
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
    unsigned channels = 1;

    bool operator==(const sdp_payload&) const = default;
};

/// Whether the packets of a medium are SRTP.
enum class protection : std::uint8_t {
    none,
    offered,  ///< a profile without SRTP, but a key: both sides decide (RFC 8643)
    required, ///< an SRTP profile: RTP/SAVP, UDP/TLS/RTP/SAVPF, ...
};

/// A media description: an m= line and its attributes.
struct sdp_media {
    endpoint address; ///< where it is received; packets usually come from there, too
    protection srtp = protection::none;
    std::optional<std::uint32_t> ptime_ms; ///< if it is a whole number
    std::vector<sdp_payload> payloads;     ///< each type once

    bool operator==(const sdp_media&) const = default;
};

/// The RTP media of the first description in \p text, which may be any body that contains one, such
/// as multipart/mixed. A medium with a=bundle-only has the address of the first medium with a port
/// (RFC 9143 §6). Skips other refused media (port 0), media on hold at 0.0.0.0 or at a host name,
/// and unknown lines. At most 64 media with 128 payload types each.
std::vector<sdp_media> parse_sdp(std::string_view text);

} // namespace replay
