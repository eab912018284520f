// Text functions for the parsers of SDP.
#pragma once

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>

namespace rtpsynth::detail {

/// Removes the text before the next \p end, and \p end itself, from \p text and returns it.
inline std::string_view take_until(std::string_view& text, char end) noexcept {
    const std::size_t at = std::min(text.find(end), text.size());
    const std::string_view taken = text.substr(0, at);
    text.remove_prefix(std::min(at + 1, text.size()));
    return taken;
}

inline std::string_view trimmed(std::string_view text) noexcept {
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    return text;
}

/// All of \p text as a decimal number, if it is one that fits.
template <class T>
std::optional<T> number(std::string_view text) noexcept {
    T value{};
    const char* const end = text.data() + text.size();
    const auto [parsed, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc{} || parsed != end) return std::nullopt;
    return value;
}

} // namespace rtpsynth::detail
