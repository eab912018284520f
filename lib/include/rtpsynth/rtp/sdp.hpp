/// \file
/// Reads an SDP description (RFC 8866): the media, their addresses, payload types and codecs.
///
/// Threads: pure functions, which may be called on any thread. They allocate.
#pragma once

#include <rtpsynth/base/clock.hpp>
#include <rtpsynth/base/compiler.h>
#include <rtpsynth/base/error.hpp>
#include <rtpsynth/rtp/payload_format.hpp>
#include <rtpsynth/rtp/rtpmap.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rtpsynth {

/// \addtogroup rtp
/// \{

/// Limits of what parse_sdp() keeps; it ignores the rest.
inline constexpr std::size_t max_sdp_media = 64;
inline constexpr std::size_t max_sdp_formats = 128; ///< of a medium
inline constexpr std::size_t max_sdp_text = 1024;   ///< bytes of an attribute's value
inline constexpr std::size_t max_sdp_cryptos = 16;  ///< of a medium

/// A payload type of a medium.
struct sdp_format {
    std::uint8_t payload_type = 0;
    /// From `a=rtpmap` or, for a static payload type, from RFC 3551; empty if unknown.
    std::string name;
    std::uint32_t clock_rate = 0; ///< Hz; 0 if the name is not known
    unsigned channels = 1;
    std::string fmtp; ///< the parameters of `a=fmtp`: see fmtp_parameter()

    /// The format in a payload_format_table.
    payload_format format() const noexcept {
        return {clock_rate, name.empty() ? payload_kind::unknown : encoding_kind(name)};
    }
    /// The encoding as an rtpmap, "PCMU/8000" or "opus/48000/2", which codec_set takes. Empty if
    /// unknown.
    RTPSYNTH_API std::string encoding() const;

    bool operator==(const sdp_format&) const = default;
};

/// The direction of the media, from the view of the description's author.
enum class sdp_direction : std::uint8_t { sendrecv, sendonly, recvonly, inactive };

/// A media description: an m= line and the lines that belong to it.
struct sdp_media {
    std::string type;     ///< "audio", "video", …
    std::string protocol; ///< "RTP/AVP", "UDP/TLS/RTP/SAVPF", …
    /// The address that receives the media, from c=: an IP address or a host name, as written.
    /// Empty if there is none.
    std::string address;
    bool ipv6 = false;      ///< c= says IP6
    std::uint16_t port = 0; ///< 0: refused, or bundled with another medium (bundle_only)
    std::optional<std::uint16_t> rtcp_port; ///< `a=rtcp`; else RTCP is at port + 1, or muxed
    bool rtcp_mux = false;                  ///< RFC 5761
    bool bundle_only = false;               ///< RFC 9143
    bool fingerprint = false;               ///< here or for the session: DTLS-SRTP is offered
    sdp_direction direction = sdp_direction::sendrecv;
    std::optional<duration> ptime;    ///< of a packet; positive. It need not be whole milliseconds
    std::optional<duration> maxptime; ///< of a packet at most; positive
    std::vector<std::string> cryptos; ///< the values of `a=crypto` (RFC 4568)
    /// The payload types of an RTP medium in order of preference, each once. Payload types that
    /// have an rtpmap but are missing in the m= line follow.
    std::vector<sdp_format> formats;

    /// Whether the protocol is a profile of RTP.
    RTPSYNTH_API bool is_rtp() const noexcept;
    /// Whether the protocol requires SRTP: RTP/SAVP, RTP/SAVPF, UDP/TLS/RTP/SAVPF.
    RTPSYNTH_API bool is_secure() const noexcept;
    /// The format of \p payload_type, or nullptr.
    RTPSYNTH_API const sdp_format* find(std::uint8_t payload_type) const noexcept;

    bool operator==(const sdp_media&) const = default;
};

/// The result of parse_sdp(). The media are in the order of the m= lines, which an answer has to
/// keep. A malformed m= line keeps its place: it becomes an empty sdp_media of port 0, which the
/// answer rejects.
struct sdp_description {
    std::vector<sdp_media> media;

    bool operator==(const sdp_description&) const = default;
};

/// Parses the first description in \p body, from its `v=0` on. Other text may come before and after
/// it, as in multipart/mixed. The description ends at the end of the body, at the next `v=`, or at
/// a line whose second character is not `=`, such as an empty one: m= lines after that are not
/// seen. Lines end in CRLF or LF.
///
/// Lines that are unknown, malformed or exceed the limits are ignored, as are the lines that belong
/// to a malformed m= line. If a well-formed line occurs several times, the last one counts; of
/// several `a=rtpmap` for one payload type, the first one.
///
/// Errors: errc::bad_sdp (there is no line `v=0`). Throws std::bad_alloc.
[[nodiscard]] RTPSYNTH_API result<sdp_description> parse_sdp(std::string_view body);

/// \}

} // namespace rtpsynth
