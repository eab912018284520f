#include "report/report_json.hpp"

#include "common/json_lines.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace replay {
namespace {

namespace json = boost::json;
using common::json_lines;
using common::json_or_null;
using common::json_text;

json::object endpoint_of(const endpoint& e) {
    return {{"address", to_string(e.address)}, {"port", e.port}};
}

/// Hz, or null for 0.
json::value rate_of(std::uint32_t rate) { return rate != 0 ? json::value(rate) : nullptr; }

json::array payloads_of(const std::vector<payload_use>& uses) {
    json::array payloads;
    for (const payload_use& use : uses)
        payloads.push_back(json::object{{"type", use.type},
                                        {"name", json_text(use.name())},
                                        {"clock_rate", rate_of(use.format.clock_rate)},
                                        {"packets", use.packets}});
    return payloads;
}

json::value audio_of(const std::optional<audio_summary>& w) {
    if (!w) return nullptr;
    return json::object{{"file", json_text(w->file)},
                        {"ssrc", json_text(ssrc_text(w->key.ssrc))},
                        {"as", w->as_sent ? "sent" : "heard"},
                        {"rate", w->rate},
                        {"channels", w->channels},
                        {"streams", w->streams},
                        {"duration_s", w->duration_s},
                        {"concealed_s", w->concealed_s},
                        {"silence_s", w->silence_s},
                        {"shortened", w->shortened}};
}

void print_stream(json_lines&& stream, const stream_summary& s) {
    stream.member("source", endpoint_of(s.key.source));
    stream.member("destination", endpoint_of(s.key.destination));
    stream.member("ssrc", json_text(ssrc_text(s.key.ssrc)));
    stream.member("codec", json_text(s.codec));
    stream.member("payload_types", payloads_of(s.payloads));
    stream.member("clock_rate", rate_of(s.clock_rate.value_or(0)));
    stream.member("ptime_ms", json_or_null(s.ptime_ms));
    stream.member("encrypted", s.encrypted);
    stream.member("packets", s.packets);
    stream.member("lost", s.lost);
    stream.member("lost_percent", s.lost_percent);
    stream.member("missing", s.lost);
    stream.member("duplicates", s.duplicates);
    stream.member("reordered", s.reordered);
    stream.member("rejected", s.rejected);
    stream.member("restarts", s.restarts);
    stream.member("invalid", s.invalid);
    stream.member("collisions", s.collisions);
    stream.member("max_jitter_ms", json_or_null(s.max_jitter_ms));
    stream.member("mean_jitter_ms", json_or_null(s.mean_jitter_ms));
    stream.member("max_delta_ms", json_or_null(s.max_delta_ms));
    stream.member("clock_drift_ppm", json_or_null(s.clock_drift_ppm));
    stream.member("mos", json_or_null(s.mos));
    stream.member("r_factor", json_or_null(s.r_factor));
    stream.member("digits", json_text(s.digits));
    stream.member("digits_left_out", s.digits_left_out);
    stream.member("erasures", s.erasures);
    stream.member("erased_packets", s.erased_packets);
    stream.member("dropped_packets", s.dropped_packets);
    stream.member("start_s", s.start_s);
    stream.member("duration_s", s.duration_s);
}

} // namespace

void print_json(std::ostream& out, const report& r) {
    json_lines lines(out);
    lines.member("file", json_text(r.file));
    lines.member("error", r.error.empty() ? nullptr : json_text(r.error));
    for (const count_text& text : count_texts())
        lines.member(text.key, r.frames.counts.*text.count);
    const auto& unknown = r.frames.unknown_link_types;
    lines.member("unknown_link_types", json::array(unknown.begin(), unknown.end()));
    lines.member("unproven_packets", r.unproven_packets);
    lines.member("streams_left_out", r.streams_left_out);
    lines.member("sdp_left_out", r.sdp_left_out);
    lines.member("wav", audio_of(r.wav));
    json_lines streams = lines.array("streams");
    for (const stream_summary& s : r.streams) print_stream(streams.object(), s);
}

} // namespace replay
