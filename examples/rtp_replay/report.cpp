#include "report.hpp"

#include <cstdio>

namespace replay {
namespace {

double seconds(rtpsynth::duration d) { return std::chrono::duration<double>(d).count(); }

bool only_events(const std::vector<payload_use>& payloads) {
    for (const payload_use& use : payloads)
        if (!use.only_events) return false;
    return true;
}

} // namespace

stream_summary summarise(const rtp_stream& stream, const stream_finder& finder) {
    const auto& reception = stream.reception();
    const auto& playout = stream.playout();
    stream_summary s;
    s.key = stream.key();
    s.payloads = stream.payloads();
    s.clock_rate = stream.clock_rate();
    for (const payload_use& use : s.payloads) s.codec += (s.codec.empty() ? "" : "+") + use.name();
    s.packets = stream.packets();
    s.lost = reception.cumulative_lost();
    if (reception.expected() != 0)
        s.lost_percent =
            100.0 * static_cast<double>(s.lost) / static_cast<double>(reception.expected());
    s.missing = reception.missing();
    s.duplicates = reception.duplicates();
    s.reordered = reception.reordered();
    s.rejected = reception.rejected();
    s.restarts = reception.restarts();
    // The timestamp stands still during an event (RFC 4733 §2.2.1), so there is no jitter to tell.
    if (!only_events(s.payloads)) {
        s.max_jitter_ms = reception.max_jitter_ms();
        s.mean_jitter_ms = reception.mean_jitter_ms();
        s.clock_rate_assumed = !finder.clock_rate_known(s.payloads.front().type);
    }
    s.erasures = playout.erasures - playout.restarts; // a restart's erasure stands for no loss
    s.erased_packets = playout.erased;
    s.dropped_packets = playout.dropped();
    s.start_s = seconds(stream.first_arrival().time_since_epoch());
    s.duration_s = seconds(stream.last_arrival() - stream.first_arrival());
    return s;
}

std::string ssrc_text(std::uint32_t ssrc) {
    char text[11];
    std::snprintf(text, sizeof text, "0x%08X", static_cast<unsigned>(ssrc));
    return text;
}

} // namespace replay
