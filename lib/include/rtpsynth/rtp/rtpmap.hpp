/// \file
/// Parses encodings in the notation of an SDP rtpmap ("PCMU/8000", "opus/48000/2") and parameters
/// in that of an fmtp, and knows the static payload types of RFC 3551.
///
/// Threads: pure functions, which may be called on any thread.
#pragma once

#include <rtpsynth/base/error.hpp>
#include <rtpsynth/rtp/payload_format.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace rtpsynth {

/// \addtogroup rtp
/// \{

/// The value of an `a=rtpmap` (RFC 8866 §6.6). The name is a view of the parsed text.
struct rtpmap {
    std::string_view name;        ///< 1 to max_encoding_name printable characters, in any case
    std::uint32_t clock_rate = 0; ///< of the RTP timestamp, Hz; not 0
    unsigned channels = 1;        ///< 1 to 255; of audio, 1 where none is written

    bool operator==(const rtpmap&) const = default;
};

/// parse_rtpmap() rejects longer encoding names.
inline constexpr std::size_t max_encoding_name = 64;

/// Parses `name/clock-rate[/channels]`. Errors: errc::bad_sdp.
[[nodiscard]] RTPSYNTH_API result<rtpmap> parse_rtpmap(std::string_view text) noexcept;

/// Whether two encoding names, or names of fmtp parameters, are equal. Case does not matter in
/// ASCII.
RTPSYNTH_API bool same_encoding(std::string_view a, std::string_view b) noexcept;

/// How the timestamps of packets of this encoding behave: `telephone-event`, `CN`, or media.
RTPSYNTH_API payload_kind encoding_kind(std::string_view name) noexcept;

/// The static payload type of \p map (RFC 3551 §6); nullopt if there is none, so that SDP needs a
/// dynamic one. Where the table does not fix the channels (video, MPA), any number of channels
/// matches.
RTPSYNTH_API std::optional<std::uint8_t> static_payload_type(const rtpmap& map) noexcept;

/// The value of parameter \p name in the text of an `a=fmtp`, a list of `name=value` or `name`
/// separated by semicolons. Empty for a name without a value, nullopt if the parameter is missing.
/// If it occurs several times, the first one counts. A view of \p fmtp.
RTPSYNTH_API std::optional<std::string_view> fmtp_parameter(std::string_view fmtp,
                                                            std::string_view name) noexcept;

/// \}

} // namespace rtpsynth
