#include "json_text.hpp"

#include <cmath>
#include <cstdio>

namespace common::json {
namespace {

/// Length of the UTF-8 sequence (RFC 3629) that \p text begins with, 0 if it is none.
std::size_t utf8_length(std::string_view text) {
    const auto at = [&](std::size_t i) {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
    };
    const unsigned first = at(0);
    const std::size_t length = first < 0x80                    ? 1
                               : first >= 0xc2 && first < 0xe0 ? 2
                               : first >= 0xe0 && first < 0xf0 ? 3
                               : first >= 0xf0 && first < 0xf5 ? 4
                                                               : 0;
    for (std::size_t i = 1; i < length; ++i)
        if (at(i) >> 6 != 2) return 0;
    const bool overlong = (first == 0xe0 && at(1) < 0xa0) || (first == 0xf0 && at(1) < 0x90);
    const bool outside = (first == 0xed && at(1) > 0x9f) || (first == 0xf4 && at(1) > 0x8f);
    return overlong || outside ? 0 : length;
}

} // namespace

std::string quoted(std::string_view text) {
    std::string result = "\"";
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        const char c = text[0];
        if (length == 0) {
            result += "\\ufffd";
        } else if (c == '"' || c == '\\') {
            result += {'\\', c};
        } else if (static_cast<unsigned char>(c) < 0x20) {
            char escape[8];
            std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
            result += escape;
        } else {
            result += text.substr(0, length);
        }
        text.remove_prefix(length == 0 ? 1 : length);
    }
    return result + '"';
}

std::string number(double value) {
    if (!std::isfinite(value)) return "null";
    char text[352]; // the longest double in %f
    std::snprintf(text, sizeof text, "%.3f", value);
    return text;
}

std::string number(const std::optional<double>& value) { return value ? number(*value) : "null"; }

std::string boolean(bool value) { return value ? "true" : "false"; }

void block::element(const std::string& value) {
    out_ << (first_ ? "\n" : ",\n") << indent_ << value;
    first_ = false;
}

void block::member(const char* key, const std::string& value) {
    element(quoted(key) + ": " + value);
}

void block::member(const char* key, std::uint64_t value) { member(key, std::to_string(value)); }

} // namespace common::json
