#include <rtpsynth/rtp/rtpmap.hpp>

#include "text.hpp"

#include <algorithm>

namespace rtpsynth {
namespace {

using detail::number;
using detail::take_until;
using detail::trimmed;
using std::string_view;

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

} // namespace

bool same_encoding(string_view a, string_view b) noexcept {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return lower(x) == lower(y); });
}

payload_kind encoding_kind(string_view name) noexcept {
    if (same_encoding(name, "telephone-event")) return payload_kind::event;
    return same_encoding(name, "CN") ? payload_kind::comfort_noise : payload_kind::media;
}

result<rtpmap> parse_rtpmap(string_view text) noexcept {
    text = trimmed(text);
    rtpmap map;
    map.name = take_until(text, '/');
    const bool printable =
        std::all_of(map.name.begin(), map.name.end(), [](char c) { return c > ' ' && c < 0x7f; });
    if (map.name.empty() || map.name.size() > max_encoding_name || !printable) return errc::bad_sdp;
    const auto clock_rate = number<std::uint32_t>(take_until(text, '/'));
    if (!clock_rate || *clock_rate == 0) return errc::bad_sdp;
    map.clock_rate = *clock_rate;
    if (text.empty()) return map;
    const auto channels = number<std::uint8_t>(text);
    if (!channels || *channels == 0) return errc::bad_sdp;
    map.channels = *channels;
    return map;
}

std::optional<std::uint8_t> static_payload_type(const rtpmap& map) noexcept {
    constexpr auto count = static_cast<std::uint8_t>(std::size(detail::static_profiles));
    for (std::uint8_t type = 0; type < count; ++type) {
        const rtp_profile* row = static_profile(type);
        if (row && same_encoding(row->encoding_name, map.name) &&
            row->clock_rate == map.clock_rate &&
            (row->channels == 0 || row->channels == map.channels))
            return type;
    }
    return std::nullopt;
}

std::optional<string_view> fmtp_parameter(string_view fmtp, string_view name) noexcept {
    while (!fmtp.empty()) {
        string_view value = take_until(fmtp, ';');
        const string_view key = trimmed(take_until(value, '='));
        if (same_encoding(key, name)) return trimmed(value);
    }
    return std::nullopt;
}

} // namespace rtpsynth
