/// \file
/// An encoding as an SDP rtpmap writes it ("PCMU/8000", "opus/48000/2"), its parameters as an fmtp
/// does, and the static payload type that RFC 3551 gives it.
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

/// What `a=rtpmap` says of a payload type (RFC 8866 §6.6). The name is borrowed from the text.
struct rtpmap {
    std::string_view name;        ///< 1 to max_encoding_name printable characters, in any case
    std::uint32_t clock_rate = 0; ///< of the RTP timestamp, Hz; not 0
    unsigned channels = 1;        ///< 1 to 255; of audio, 1 where none is written

    bool operator==(const rtpmap&) const = default;
};

/// Longer encoding names are refused.
inline constexpr std::size_t max_encoding_name = 64;

/// Parses `name/clock-rate[/channels]`. Errors: errc::bad_sdp.
[[nodiscard]] RTPSYNTH_API result<rtpmap> parse_rtpmap(std::string_view text) noexcept;

/// Whether two encoding names, or names of fmtp parameters, are the same: in ASCII, case does not
/// matter.
RTPSYNTH_API bool same_encoding(std::string_view a, std::string_view b) noexcept;

/// How the timestamps of packets of this encoding behave: `telephone-event`, `CN`, or media.
RTPSYNTH_API payload_kind encoding_kind(std::string_view name) noexcept;

/// The payload type that RFC 3551 §6 gives to \p map, or nullopt: an SDP has to choose a dynamic
/// one. A row whose channels the table does not fix (video, MPA) is for any.
RTPSYNTH_API std::optional<std::uint8_t> static_payload_type(const rtpmap& map) noexcept;

/// The value of parameter \p name in the text of an `a=fmtp`, which is a list of `name=value` or
/// `name` with semicolons between: empty for a name without a value, nullopt if it is not there.
/// The first of several counts. Borrowed from \p fmtp.
RTPSYNTH_API std::optional<std::string_view> fmtp_parameter(std::string_view fmtp,
                                                            std::string_view name) noexcept;

/// \}

} // namespace rtpsynth
