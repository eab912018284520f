#include "report_json.hpp"

#include <cmath>
#include <cstdio>
#include <string_view>

namespace replay {
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

/// A JSON string. A byte that is no UTF-8, which a file name may have, becomes the replacement
/// character.
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

/// Members of an object or elements of an array, one a line, with the commas between them.
class block {
public:
    block(std::ostream& out, int depth)
        : out_(out), indent_(static_cast<std::size_t>(depth), ' ') {}

    void element(const std::string& value) {
        out_ << (first_ ? "\n" : ",\n") << indent_ << value;
        first_ = false;
    }
    void member(const char* key, const std::string& value) { element(quoted(key) + ": " + value); }
    void member(const char* key, std::uint64_t value) { member(key, std::to_string(value)); }

private:
    std::ostream& out_;
    std::string indent_;
    bool first_ = true;
};

std::string json_endpoint(const endpoint& e) {
    return "{\"address\": " + quoted(to_string(e.address)) +
           ", \"port\": " + std::to_string(e.port) + '}';
}

std::string json_payloads(const std::vector<payload_use>& payloads) {
    std::string text;
    for (const payload_use& use : payloads) {
        text += text.empty() ? "[" : ", ";
        text += "{\"type\": " + std::to_string(use.type) + ", \"name\": " + quoted(use.name()) +
                ", \"packets\": " + std::to_string(use.packets) + '}';
    }
    return text + ']';
}

void print_stream(std::ostream& out, const stream_summary& s) {
    block b(out, 6);
    b.member("source", json_endpoint(s.key.source));
    b.member("destination", json_endpoint(s.key.destination));
    b.member("ssrc", quoted(ssrc_text(s.key.ssrc)));
    b.member("codec", quoted(s.codec));
    b.member("payload_types", json_payloads(s.payloads));
    b.member("clock_rate", s.clock_rate);
    b.member("clock_rate_assumed", boolean(s.clock_rate_assumed));
    b.member("packets", s.packets);
    b.member("lost", std::to_string(s.lost));
    b.member("lost_percent", number(s.lost_percent));
    b.member("missing", s.missing);
    b.member("duplicates", s.duplicates);
    b.member("reordered", s.reordered);
    b.member("rejected", s.rejected);
    b.member("restarts", s.restarts);
    b.member("max_jitter_ms", number(s.max_jitter_ms));
    b.member("mean_jitter_ms", number(s.mean_jitter_ms));
    b.member("erasures", s.erasures);
    b.member("erased_packets", s.erased_packets);
    b.member("dropped_packets", s.dropped_packets);
    b.member("start_s", number(s.start_s));
    b.member("duration_s", number(s.duration_s));
}

std::string json_wav(const wav_summary& w) {
    return "{\"file\": " + quoted(w.file) + ", \"ssrc\": " + quoted(ssrc_text(w.key.ssrc)) +
           ", \"duration_s\": " + number(w.duration_s) + ", \"silence_s\": " + number(w.silence_s) +
           ", \"shortened\": " + boolean(w.shortened) + '}';
}

} // namespace

void print_json(std::ostream& out, const report& r) {
    out << '{';
    block b(out, 2);
    b.member("file", quoted(r.file));
    b.member("error", r.error.empty() ? "null" : quoted(r.error));
    b.member("frames", r.frames.frames);
    b.member("udp_packets", r.frames.udp);
    b.member("cut_short", r.frames.cut_short);
    b.member("fragments", r.frames.fragments);
    b.member("malformed", r.frames.malformed);
    b.member("streams_left_out", boolean(r.streams_left_out));
    b.member("wav", r.wav ? json_wav(*r.wav) : "null");
    b.member("streams", "[");
    block streams(out, 4);
    for (const stream_summary& s : r.streams) {
        streams.element("{");
        print_stream(out, s);
        out << "\n    }";
    }
    out << (r.streams.empty() ? "]" : "\n  ]") << "\n}\n";
}

} // namespace replay
