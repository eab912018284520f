#include "report/report_json.hpp"

#include "common/json_text.hpp"

namespace replay {
namespace {

using common::json::block;
using common::json::boolean;
using common::json::number;
using common::json::quoted;

std::string json_endpoint(const endpoint& e) {
    return "{\"address\": " + quoted(to_string(e.address)) +
           ", \"port\": " + std::to_string(e.port) + '}';
}

/// Hz, or null for 0.
std::string rate_text(std::uint32_t rate) { return rate == 0 ? "null" : std::to_string(rate); }

std::string json_payloads(const std::vector<payload_use>& payloads) {
    std::string text;
    for (const payload_use& use : payloads) {
        text += text.empty() ? "[" : ", ";
        text += "{\"type\": " + std::to_string(use.type) + ", \"name\": " + quoted(use.name()) +
                ", \"clock_rate\": " + rate_text(use.format.clock_rate) +
                ", \"packets\": " + std::to_string(use.packets) + '}';
    }
    return text + ']';
}

std::string json_numbers(const std::set<std::uint32_t>& numbers) {
    std::string text;
    for (const std::uint32_t n : numbers) text += (text.empty() ? "" : ", ") + std::to_string(n);
    return '[' + text + ']';
}

void print_stream(std::ostream& out, const stream_summary& s) {
    block b(out, 6);
    b.member("source", json_endpoint(s.key.source));
    b.member("destination", json_endpoint(s.key.destination));
    b.member("ssrc", quoted(ssrc_text(s.key.ssrc)));
    b.member("codec", quoted(s.codec));
    b.member("payload_types", json_payloads(s.payloads));
    b.member("clock_rate", rate_text(s.clock_rate.value_or(0)));
    b.member("ptime_ms", s.ptime_ms ? std::to_string(*s.ptime_ms) : "null");
    b.member("encrypted", boolean(s.encrypted));
    b.member("packets", s.packets);
    b.member("lost", s.lost);
    b.member("lost_percent", number(s.lost_percent));
    b.member("missing", s.lost);
    b.member("duplicates", s.duplicates);
    b.member("reordered", s.reordered);
    b.member("rejected", s.rejected);
    b.member("restarts", s.restarts);
    b.member("invalid", s.invalid);
    b.member("collisions", s.collisions);
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
           ", \"streams\": " + std::to_string(w.streams) +
           ", \"duration_s\": " + number(w.duration_s) + ", \"silence_s\": " + number(w.silence_s) +
           ", \"shortened\": " + boolean(w.shortened) + '}';
}

} // namespace

void print_json(std::ostream& out, const report& r) {
    out << '{';
    block b(out, 2);
    b.member("file", quoted(r.file));
    b.member("error", r.error.empty() ? "null" : quoted(r.error));
    for (const count_text& text : count_texts()) b.member(text.key, r.frames.counts.*text.count);
    b.member("unknown_link_types", json_numbers(r.frames.unknown_link_types));
    b.member("unproven_packets", r.unproven_packets);
    b.member("streams_left_out", r.streams_left_out);
    b.member("sdp_left_out", r.sdp_left_out);
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
