#include <rtpsynth/metrics/labels.hpp>

#include <cstddef>
#include <cstdint>
#include <stdexcept>

namespace rtpsynth {
namespace {

bool is_label_name(std::string_view name) noexcept {
    if (name.empty() || name.starts_with("__") || name == "le") return false;
    for (std::size_t i = 0; i != name.size(); ++i) {
        const char c = name[i];
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!letter && (i == 0 || c < '0' || c > '9')) return false;
    }
    return true;
}

/// Bytes of the character with which \p s begins, 0 if it is none (RFC 3629 §4). Not empty.
std::size_t utf8_character(std::string_view s) noexcept {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(s[i]); };
    const std::uint8_t first = byte(0);
    if (first < 0x80) return 1;
    const std::size_t size = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (size == 0 || first > 0xf4 || s.size() < size) return 0;
    for (std::size_t i = 1; i != size; ++i)
        if ((byte(i) & 0xc0) != 0x80) return 0;
    const bool overlong = (first == 0xe0 && byte(1) < 0xa0) || (first == 0xf0 && byte(1) < 0x90);
    const bool surrogate = first == 0xed && byte(1) > 0x9f;
    const bool beyond = first == 0xf4 && byte(1) > 0x8f;
    return overlong || surrogate || beyond ? 0 : size;
}

void append_escaped(std::string& to, std::string_view value) {
    while (!value.empty()) {
        std::size_t size = utf8_character(value);
        if (value[0] == '\\' || value[0] == '"')
            to += {'\\', value[0]};
        else if (value[0] == '\n')
            to += "\\n";
        else if (size == 0)
            to += "\xef\xbf\xbd"; // U+FFFD
        else
            to += value.substr(0, size);
        value.remove_prefix(size ? size : 1);
    }
}

} // namespace

metric_labels::metric_labels(std::initializer_list<label> labels) {
    for (const auto& [name, value] : labels) add(name, value);
}

metric_labels metric_labels::with(std::string_view name, std::string_view value) const {
    metric_labels more = *this;
    more.add(name, value);
    return more;
}

void metric_labels::add(std::string_view name, std::string_view value) {
    if (!is_label_name(name))
        throw std::invalid_argument("'" + std::string{name} + "' is no name of a label");
    // A quote within a value is escaped: no value looks like this.
    const std::string begin = std::string{name} + "=\"";
    if (text_.starts_with(begin) || text_.find("\"," + begin) != std::string::npos)
        throw std::invalid_argument("the label '" + std::string{name} + "' is there already");
    if (!text_.empty()) text_ += ',';
    text_ += begin;
    append_escaped(text_, value);
    text_ += '"';
}

} // namespace rtpsynth
