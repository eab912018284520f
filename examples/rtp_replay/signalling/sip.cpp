#include "signalling/sip.hpp"

#include <algorithm>
#include <charconv>

namespace replay {
namespace {

using std::string_view;

constexpr string_view version = "SIP/2.0";
constexpr std::size_t longest_message = 64 * 1024;
constexpr std::size_t most_waiting = 4 * 1024 * 1024;
constexpr std::size_t connection_overhead = 256; // bytes of memory, approximately

string_view first_line(string_view text) {
    string_view line = text.substr(0, text.find('\n'));
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

bool is_header(string_view line, string_view name) {
    constexpr auto lower = [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    };
    return line.size() > name.size() &&
           std::ranges::equal(line.substr(0, name.size()), name, {}, lower) &&
           (line[name.size()] == ':' || line[name.size()] == ' ' || line[name.size()] == '\t');
}

/// The value of \p line if it is a Content-Length header.
std::optional<std::size_t> content_length(string_view line) {
    if (!is_header(line, "content-length") && !is_header(line, "l")) return std::nullopt;
    line.remove_prefix(std::min(line.find(':'), line.size()));
    line.remove_prefix(std::min(line.find_first_of("0123456789"), line.size()));
    std::size_t length = 0;
    if (std::from_chars(line.data(), line.data() + line.size(), length).ec != std::errc{})
        return std::nullopt;
    return length;
}

struct message_head {
    std::size_t size = 0; // including the empty line
    std::optional<std::size_t> content_length;
};

/// Start line and headers, if \p text begins with them and they are complete.
std::optional<message_head> parse_head(string_view text) {
    if (!begins_with_sip(text)) return std::nullopt;
    message_head head;
    while (head.size < text.size()) {
        const string_view rest = text.substr(head.size);
        const std::size_t end = rest.find('\n');
        if (end == string_view::npos) break;
        head.size += end + 1;
        const string_view line = first_line(rest);
        if (line.empty()) return head;
        if (const auto value = content_length(line)) head.content_length = value;
    }
    return std::nullopt;
}

/// Drops what cannot be the beginning of a message: keep-alive line ends, and the rest of a message
/// whose beginning was not captured.
void drop_to_start(string_view& text) {
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        if (begins_with_sip(text) || end == string_view::npos) return;
        text.remove_prefix(end + 1);
    }
}

} // namespace

bool begins_with_sip(string_view text) {
    if (text.empty() || text[0] < 'A' || text[0] > 'Z') return false;
    const string_view line = first_line(text.substr(0, 4096));
    return line.starts_with("SIP/2.0 ") ||
           (line.ends_with(version) && line.size() > version.size() &&
            line[line.size() - version.size() - 1] == ' ');
}

std::optional<sip_message> parse_sip(string_view text) {
    const auto head = parse_head(text);
    if (!head) return std::nullopt;
    const string_view body = text.substr(head->size);
    const std::size_t length = head->content_length.value_or(0);
    if (length > body.size()) return std::nullopt;
    return sip_message{head->size + length, body.substr(0, length)};
}

string_view sip_body(string_view datagram) {
    const auto head = parse_head(datagram);
    if (!head) return {};
    const string_view body = datagram.substr(head->size);
    return body.substr(0, head->content_length.value_or(body.size()));
}

void sip_over_tcp::receive(const endpoint& source, const endpoint& destination,
                           std::span<const std::uint8_t> bytes, const body_handler& handler) {
    const string_view chunk(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    const std::pair key(source, destination);
    auto found = waiting_.find(key);
    if (found == waiting_.end()) {
        if (chunk.find(version) == string_view::npos) return; // another protocol
        found = waiting_.emplace(key, std::string{}).first;
        bytes_ += connection_overhead;
    }
    std::string& text = found->second;
    text += chunk;
    bytes_ += chunk.size();

    string_view rest = text;
    for (;;) {
        drop_to_start(rest);
        const auto message = parse_sip(rest);
        if (!message) break;
        handler(message->body);
        rest.remove_prefix(message->size);
    }
    if (rest.size() > longest_message) rest = {};
    bytes_ -= text.size() - rest.size();
    text.erase(0, text.size() - rest.size());
    if (bytes_ > most_waiting) {
        waiting_.clear();
        bytes_ = 0;
    }
}

} // namespace replay
