#include <rtpsynth/rtp/rtpmap.hpp>

#include <algorithm>
#include <charconv>

namespace rtpsynth {
namespace {

using std::string_view;

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// Removes the text before the next \p end, and \p end itself, from \p text and returns it.
string_view take_until(string_view& text, char end) noexcept {
    const std::size_t at = std::min(text.find(end), text.size());
    const string_view taken = text.substr(0, at);
    text.remove_prefix(std::min(at + 1, text.size()));
    return taken;
}

string_view trimmed(string_view text) noexcept {
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    return text;
}

bool parse_number(string_view text, std::uint32_t& value) noexcept {
    const char* const end = text.data() + text.size();
    const auto [parsed, error] = std::from_chars(text.data(), end, value);
    return error == std::errc{} && parsed == end;
}

} // namespace

bool same_encoding(string_view a, string_view b) noexcept {
    return std::ranges::equal(a, b, {}, lower, lower);
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
        std::ranges::all_of(map.name, [](char c) { return c > ' ' && c < 0x7f; });
    if (map.name.empty() || map.name.size() > max_encoding_name || !printable) return errc::bad_sdp;
    if (!parse_number(take_until(text, '/'), map.clock_rate) || map.clock_rate == 0)
        return errc::bad_sdp;
    if (text.empty()) return map;
    std::uint32_t channels = 0;
    if (!parse_number(text, channels) || channels == 0 || channels > 255) return errc::bad_sdp;
    map.channels = channels;
    return map;
}

std::optional<std::uint8_t> static_payload_type(const rtpmap& map) noexcept {
    for (std::uint8_t type = 0; type < std::size(detail::static_profiles); ++type) {
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
