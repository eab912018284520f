#include <rtpsynth/rtp/sdp.hpp>

#include "text.hpp"

#include <algorithm>
#include <utility>

namespace rtpsynth {
namespace {

using detail::number;
using detail::take_until;
using std::string_view;

string_view take_line(string_view& text) noexcept {
    string_view line = take_until(text, '\n');
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

std::optional<std::uint8_t> payload_type(string_view text) noexcept {
    const auto type = number<std::uint8_t>(text);
    return type && *type <= 127 ? type : std::nullopt;
}

// Session-level values, which apply to each medium without its own.
struct session {
    std::string address;
    bool ipv6 = false;
    bool fingerprint = false;
    sdp_direction direction = sdp_direction::sendrecv;
};

// `IN IP4 233.252.0.1/127`; the time to live is dropped.
template <class Place>
void parse_connection(string_view value, Place& place) {
    if (take_until(value, ' ') != "IN") return;
    const string_view version = take_until(value, ' ');
    const string_view address = value.substr(0, value.find_first_of("/ "));
    if (version != "IP4" && version != "IP6") return;
    if (address.empty() || address.size() > max_sdp_text) return;
    place.address = address;
    place.ipv6 = version == "IP6";
}

// The position of this payload type in a medium's formats. clang 14's libc++ lacks std::ranges'
// algorithms.
auto place_of(auto& formats, std::uint8_t type) {
    return std::find_if(formats.begin(), formats.end(),
                        [type](const sdp_format& f) { return f.payload_type == type; });
}

// The format of a payload type, created if it is missing and there is room; else nullptr.
sdp_format* format_of(sdp_media& media, std::uint8_t type) {
    const auto old = place_of(media.formats, type);
    if (old != media.formats.end()) return &*old;
    if (media.formats.size() == max_sdp_formats) return nullptr;
    sdp_format& format = media.formats.emplace_back();
    format.payload_type = type;
    if (const rtp_profile* row = static_profile(type)) {
        format.name = row->encoding_name;
        format.clock_rate = row->clock_rate;
        format.channels = std::max(row->channels, 1U);
    }
    return &format;
}

// `audio 5000/2 RTP/AVP 0 101`
std::optional<sdp_media> parse_media(string_view value) {
    sdp_media media;
    const string_view type = take_until(value, ' ');
    string_view ports = take_until(value, ' ');
    const string_view protocol = take_until(value, ' ');
    const auto port = number<std::uint16_t>(take_until(ports, '/'));
    if (!port || type.empty() || protocol.empty()) return std::nullopt;
    if (std::max(type.size(), protocol.size()) > max_sdp_text) return std::nullopt;
    media.type = type;
    media.protocol = protocol;
    media.port = *port;
    while (media.is_rtp() && !value.empty())
        if (const auto listed = payload_type(take_until(value, ' '))) format_of(media, *listed);
    return media;
}

// `111 opus/48000/2`. The first of several for one type counts; `mapped` marks the types that have
// one.
void parse_rtpmap_of(string_view value, sdp_media& media, std::vector<bool>& mapped) {
    const auto type = payload_type(take_until(value, ' '));
    const auto map = parse_rtpmap(value);
    if (!type || !map || mapped[*type]) return;
    sdp_format* const format = format_of(media, *type);
    if (!format) return;
    mapped[*type] = true;
    format->name = map->name;
    format->clock_rate = map->clock_rate;
    format->channels = map->channels;
}

// Milliseconds, `20` or `2.5`, but not 0. Digits below a nanosecond are dropped.
void parse_ptime(string_view text, std::optional<duration>& ptime) noexcept {
    constexpr std::size_t digits = 6;
    const bool is_real = text.find('.') != text.npos;
    const auto ms = number<std::uint32_t>(take_until(text, '.'));
    if (!ms || (is_real && text.empty())) return;
    std::int64_t ns = *ms;
    for (std::size_t i = 0; i < std::max(text.size(), digits); ++i) {
        const char digit = i < text.size() ? text[i] : '0';
        if (digit < '0' || digit > '9') return;
        if (i < digits) ns = ns * 10 + (digit - '0');
    }
    if (ns > 0) ptime = duration{ns};
}

bool parse_direction(string_view name, sdp_direction& direction) noexcept {
    if (name == "sendrecv")
        direction = sdp_direction::sendrecv;
    else if (name == "sendonly")
        direction = sdp_direction::sendonly;
    else if (name == "recvonly")
        direction = sdp_direction::recvonly;
    else if (name == "inactive")
        direction = sdp_direction::inactive;
    else
        return false;
    return true;
}

class parser {
public:
    void take(char kind, string_view value) {
        if (kind == 'm') {
            keep();
            in_session_ = false;
            mapped_.assign(128, false);
            media_ = parse_media(value);
            if (!media_) return add({});
            media_->address = session_.address;
            media_->ipv6 = session_.ipv6;
            media_->fingerprint = session_.fingerprint;
            media_->direction = session_.direction;
        } else if (kind == 'c') {
            if (media_)
                parse_connection(value, *media_);
            else if (in_session_)
                parse_connection(value, session_);
        } else if (kind == 'a') {
            const string_view name = take_until(value, ':');
            if (media_)
                attribute(name, value, *media_);
            else if (in_session_ && !parse_direction(name, session_.direction))
                session_.fingerprint |= name == "fingerprint";
        }
    }

    sdp_description finish() {
        keep();
        return std::move(description_);
    }

private:
    void add(sdp_media&& media) {
        if (description_.media.size() < max_sdp_media)
            description_.media.push_back(std::move(media));
    }

    void keep() {
        if (media_) add(std::move(*media_));
        media_.reset();
    }

    void attribute(string_view name, string_view value, sdp_media& media) {
        if (parse_direction(name, media.direction) || value.size() > max_sdp_text) return;
        if (name == "rtpmap") {
            if (media.is_rtp()) parse_rtpmap_of(value, media, mapped_);
        } else if (name == "fmtp") {
            const auto type = payload_type(take_until(value, ' '));
            if (!type || value.empty() || !media.is_rtp()) return;
            const auto of = place_of(media.formats, *type);
            if (of != media.formats.end()) of->fmtp = value;
        } else if (name == "ptime") {
            parse_ptime(value, media.ptime);
        } else if (name == "maxptime") {
            parse_ptime(value, media.maxptime);
        } else if (name == "rtcp") {
            if (const auto port = number<std::uint16_t>(take_until(value, ' ')))
                media.rtcp_port = *port;
        } else if (name == "rtcp-mux") {
            media.rtcp_mux = true;
        } else if (name == "bundle-only") {
            media.bundle_only = true;
        } else if (name == "fingerprint") {
            media.fingerprint = true;
        } else if (name == "crypto" && media.cryptos.size() < max_sdp_cryptos) {
            media.cryptos.emplace_back(value);
        }
    }

    sdp_description description_;
    session session_;
    bool in_session_ = true;
    std::optional<sdp_media> media_; // of the last m= line
    std::vector<bool> mapped_;
};

} // namespace

std::string sdp_format::encoding() const {
    if (name.empty()) return {};
    std::string text = name + '/' + std::to_string(clock_rate);
    if (channels != 1) text += '/' + std::to_string(channels);
    return text;
}

bool sdp_media::is_rtp() const noexcept { return protocol.find("RTP/") != std::string::npos; }

bool sdp_media::is_secure() const noexcept {
    return protocol.find("RTP/SAVP") != std::string::npos;
}

const sdp_format* sdp_media::find(std::uint8_t payload_type) const noexcept {
    const auto found = place_of(formats, payload_type);
    return found == formats.end() ? nullptr : &*found;
}

result<sdp_description> parse_sdp(string_view body) {
    do {
        if (body.empty()) return errc::bad_sdp;
    } while (take_line(body) != "v=0");
    parser parsed;
    while (!body.empty()) {
        const string_view line = take_line(body);
        // The end, or another part of the body.
        if (line.size() < 2 || line[1] != '=' || line[0] == 'v') break;
        parsed.take(line[0], line.substr(2));
    }
    return parsed.finish();
}

} // namespace rtpsynth
