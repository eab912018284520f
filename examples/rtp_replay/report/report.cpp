#include "report/report.hpp"

#include <cstdio>

namespace replay {
namespace {

double seconds(rtpsynth::duration d) { return std::chrono::duration<double>(d).count(); }

/// Of the first type with a known rate whose timestamps are a measure of time.
std::optional<std::uint32_t> clock_rate_of(const std::vector<payload_use>& payloads) {
    for (const payload_use& use : payloads)
        if (use.format.clock_rate != 0 && !use.is_event()) return use.format.clock_rate;
    return std::nullopt;
}

} // namespace

stream_summary summarise(const rtp_stream& stream, const stream_finder& finder) {
    const auto& reception = stream.reception();
    const auto& playout = stream.playout();
    stream_summary s;
    s.key = stream.key();
    s.payloads = stream.payloads();
    s.clock_rate = clock_rate_of(s.payloads);
    s.ptime_ms = finder.ptime_ms(stream);
    s.encrypted = stream.encrypted();
    for (const payload_use& use : s.payloads) s.codec += (s.codec.empty() ? "" : "+") + use.name();
    s.invalid = stream.invalid();
    s.packets = stream.arrived() - s.invalid;
    s.lost = reception.missing();
    if (reception.expected() != 0)
        s.lost_percent =
            100.0 * static_cast<double>(s.lost) / static_cast<double>(reception.expected());
    s.duplicates = reception.duplicates();
    s.reordered = reception.reordered();
    s.rejected = reception.rejected();
    s.restarts = reception.restarts();
    s.collisions = reception.collisions();
    if (s.clock_rate && (reception.jitter_packets() != 0 || !stream.learnt_late())) {
        s.max_jitter_ms = reception.max_jitter_ms();
        s.mean_jitter_ms = reception.mean_jitter_ms();
    }
    if (stream.arrived() > 1) s.max_delta_ms = 1000 * seconds(stream.max_delta());
    s.clock_drift_ppm = stream.drift().ppm();
    const rtpsynth::call_quality quality = stream.quality();
    s.mos = quality.listening_mos();
    s.r_factor = quality.r();
    s.digits = stream.digits().digits();
    s.digits_left_out = stream.digits().left_out();
    s.erasures = playout.erasures - playout.restarts; // a restart's erasure stands for no loss
    s.erased_packets = playout.erased;
    s.dropped_packets = playout.dropped();
    s.start_s = seconds(stream.first_arrival().time_since_epoch());
    s.duration_s = seconds(stream.last_arrival() - stream.first_arrival());
    return s;
}

void tell(const stream_finder& finder, report& r) {
    r.streams.clear();
    for (const auto& stream : finder.streams()) r.streams.push_back(summarise(*stream, finder));
    r.streams_left_out = finder.left_out();
    r.unproven_packets = finder.unproven_packets();
    r.sdp_left_out = finder.directory().left_out();
}

std::string ssrc_text(std::uint32_t ssrc) {
    char text[11];
    std::snprintf(text, sizeof text, "0x%08X", static_cast<unsigned>(ssrc));
    return text;
}

} // namespace replay
