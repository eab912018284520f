#include "signalling/sdp.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace replay {
namespace {

using std::string_view;

constexpr std::size_t most_media = 64;
constexpr std::size_t most_payloads = 128;
constexpr std::size_t longest_name = 64;

/// Removes the text before the next \p end, and \p end itself, from \p text and returns it.
string_view take_until(string_view& text, char end) {
    const std::size_t at = std::min(text.find(end), text.size());
    const string_view taken = text.substr(0, at);
    text.remove_prefix(std::min(at + 1, text.size()));
    return taken;
}

string_view take_line(string_view& text) {
    string_view line = take_until(text, '\n');
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

template <typename T>
std::optional<T> number(string_view text) {
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same_name(string_view a, string_view b) { return std::ranges::equal(a, b, {}, lower, lower); }

/// `IN IP4 192.0.2.1`, followed by `/127` for multicast.
std::optional<ip_address> parse_connection(string_view value) {
    if (take_until(value, ' ') != "IN") return std::nullopt;
    const string_view type = take_until(value, ' ');
    const std::string text(value.substr(0, value.find_first_of("/ ")));
    ip_address address;
    address.v6 = type == "IP6";
    if (!address.v6 && type != "IP4") return std::nullopt;
    if (inet_pton(address.v6 ? AF_INET6 : AF_INET, text.c_str(), address.bytes.data()) != 1)
        return std::nullopt;
    return address;
}

/// `audio 5000 RTP/AVP 0 101`
std::optional<sdp_media> parse_media(string_view value) {
    take_until(value, ' ');
    string_view ports = take_until(value, ' ');
    const string_view protocol = take_until(value, ' ');
    const auto port = number<std::uint16_t>(take_until(ports, '/'));
    if (!port || protocol.find("RTP/") == string_view::npos) return std::nullopt;
    sdp_media media;
    media.address.port = *port;
    if (protocol.find("RTP/SAVP") != string_view::npos) media.srtp = protection::required;
    return media;
}

/// `111 opus/48000/2`
void parse_rtpmap(string_view value, sdp_media& media) {
    const auto type = number<unsigned>(take_until(value, ' '));
    const string_view name = take_until(value, '/');
    const auto rate = number<std::uint32_t>(take_until(value, '/'));
    const bool printable = std::ranges::all_of(name, [](char c) { return c > ' ' && c < 0x7f; });
    if (!type || *type > 127 || !rate || *rate == 0 || !printable || name.empty() ||
        name.size() > longest_name || media.payloads.size() == most_payloads)
        return;
    sdp_payload payload;
    payload.type = static_cast<std::uint8_t>(*type);
    payload.name = name;
    payload.format = {*rate, same_name(name, "telephone-event") ? rtpsynth::payload_kind::event
                             : same_name(name, "CN") ? rtpsynth::payload_kind::comfort_noise
                                                     : rtpsynth::payload_kind::media};
    const auto same = std::ranges::find(media.payloads, payload.type, &sdp_payload::type);
    if (same == media.payloads.end()) media.payloads.push_back(std::move(payload));
}

void parse_attribute(string_view value, sdp_media& media, bool& bundle_only) {
    const string_view name = take_until(value, ':');
    if (name == "rtpmap")
        parse_rtpmap(value, media);
    else if (name == "ptime")
        media.ptime_ms = number<std::uint32_t>(value);
    else if (name == "bundle-only")
        bundle_only = true;
    else if ((name == "crypto" || name == "fingerprint") && media.srtp == protection::none)
        media.srtp = protection::offered;
}

/// From its `v=0` on, or nothing.
string_view find_description(string_view text) {
    while (!text.empty()) {
        const string_view rest = text;
        if (take_line(text) == "v=0") return rest;
    }
    return {};
}

bool is_anywhere(const ip_address& address) {
    return std::ranges::all_of(address.bytes, [](std::uint8_t byte) { return byte == 0; });
}

} // namespace

std::vector<sdp_media> parse_sdp(string_view text) {
    text = find_description(text);
    ip_address session_address;
    std::vector<sdp_media> all;
    std::optional<sdp_media> media; // of the last m= line
    endpoint bundle_address;        // of the first medium with a port
    bool bundle_only = false;
    bool in_session = true;
    const auto keep = [&] {
        if (media && bundle_only && media->address.port == 0) media->address = bundle_address;
        if (media && bundle_address.port == 0) bundle_address = media->address;
        bundle_only = false;
        if (media && media->address.port != 0 && !is_anywhere(media->address.address) &&
            all.size() < most_media)
            all.push_back(std::move(*media));
        media.reset();
    };
    while (!text.empty()) {
        string_view line = take_line(text);
        if (line.size() < 2 || line[1] != '=') break; // the end, or another part of the body
        const char kind = line[0];
        line.remove_prefix(2);
        if (kind == 'm') {
            keep();
            in_session = false;
            media = parse_media(line);
            if (media) media->address.address = session_address;
        } else if (kind == 'c') {
            const ip_address address = parse_connection(line).value_or(ip_address{});
            if (in_session)
                session_address = address;
            else if (media)
                media->address.address = address;
        } else if (kind == 'a' && media) {
            parse_attribute(line, *media, bundle_only);
        }
    }
    keep();
    return all;
}

} // namespace replay
