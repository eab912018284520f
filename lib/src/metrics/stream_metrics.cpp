#include <rtpsynth/metrics/stream_metrics.hpp>

#include <chrono>

namespace rtpsynth {
namespace {

double seconds_of(duration d) noexcept { return std::chrono::duration<double>(d).count(); }

} // namespace

void add_metrics(metrics_page& page, const receiver_stats& s, const metric_labels& labels) {
    page.counter("rtpsynth_receiver_packets_received_total",
                 "Packets of the source, duplicates included", s.received(), labels);
    page.gauge("rtpsynth_receiver_packets_missing", "Sequence numbers that have not come",
               static_cast<double>(s.missing()), labels);
    page.counter("rtpsynth_receiver_packets_duplicate_total", "Packets that had come before",
                 s.duplicates(), labels);
    page.counter("rtpsynth_receiver_packets_reordered_total",
                 "Packets that came after one with a higher number", s.reordered(), labels);
    page.gauge("rtpsynth_receiver_packets_rejected",
               "Strays, first packets of a restart, and packets on probation",
               static_cast<double>(s.rejected()), labels);
    page.counter("rtpsynth_receiver_restarts_total", "Restarts of the source's numbering",
                 s.restarts(), labels);
    page.counter("rtpsynth_receiver_collisions_total", "Signs that two senders use the SSRC",
                 s.collisions(), labels);
    if (s.jitter_packets() == 0) return;
    page.gauge("rtpsynth_receiver_jitter_seconds", "Interarrival jitter (RFC 3550)",
               s.jitter_ms() / 1000, labels);
    page.gauge("rtpsynth_receiver_jitter_max_seconds", "The largest interarrival jitter so far",
               s.max_jitter_ms() / 1000, labels);
}

void add_metrics(metrics_page& page, const jitter_buffer_stats& s, const metric_labels& labels) {
    page.counter("rtpsynth_jitter_buffer_packets_received_total", "Packets put in", s.received,
                 labels);
    page.counter("rtpsynth_jitter_buffer_datagrams_invalid_total",
                 "Datagrams that are no RTP packets", s.invalid, labels);
    const auto dropped = [&](const char* reason, std::uint64_t packets) {
        page.counter("rtpsynth_jitter_buffer_packets_dropped_total",
                     "Packets that were not handed out", packets, labels.with("reason", reason));
    };
    dropped("duplicate", s.duplicate);
    dropped("late", s.late);
    dropped("stale", s.stale);
    dropped("stray", s.stray);
    page.counter("rtpsynth_jitter_buffer_erasures_total", "Erasures handed out, restarts included",
                 s.erasures, labels);
    page.counter("rtpsynth_jitter_buffer_packets_erased_total",
                 "Packets that the erasures stand for", s.erased, labels);
    page.counter("rtpsynth_jitter_buffer_restarts_total", "Restarts of the sender", s.restarts,
                 labels);
}

void add_metrics(metrics_page& page, const playout_stats& s, const metric_labels& labels) {
    page.counter("rtpsynth_playout_packets_received_total", "Packets put in", s.received, labels);
    page.counter("rtpsynth_playout_packets_played_total", "Packets whose turn has come", s.played,
                 labels);
    const auto dropped = [&](const char* reason, std::uint64_t packets) {
        page.counter("rtpsynth_playout_packets_dropped_total", "Packets that were not played",
                     packets, labels.with("reason", reason));
    };
    dropped("late", s.late);
    dropped("duplicate", s.duplicate);
    dropped("discarded", s.discarded);
    page.gauge("rtpsynth_playout_packets_waiting", "Packets inside", static_cast<double>(s.waiting),
               labels);
    page.counter("rtpsynth_playout_underruns_total", "Times that the packets ran out", s.underruns,
                 labels);
    page.counter("rtpsynth_playout_restarts_total", "Changes of the sender", s.restarts, labels);
    const auto changed = [&](const char* direction, std::uint64_t changes) {
        page.counter("rtpsynth_playout_delay_changes_total", "Changes of the delay", changes,
                     labels.with("direction", direction));
    };
    changed("grown", s.grown);
    changed("shrunk", s.shrunk);
    constexpr const char* kinds[] = {"concealed", "stretched",     "compressed",
                                     "speech",    "comfort_noise", "silence"};
    for (std::size_t kind = 0; kind != s.ticks.size(); ++kind)
        page.counter("rtpsynth_playout_ticks_total", "Ticks of audio pulled", s.ticks[kind],
                     labels.with("kind", kinds[kind]));
    page.gauge("rtpsynth_playout_delay_seconds",
               "From the arrival of the packet played last to the tick that it was in",
               seconds_of(s.delay), labels);
    page.gauge("rtpsynth_playout_delay_target_seconds", "The same, as the network needs it",
               seconds_of(s.target), labels);
    page.gauge("rtpsynth_playout_delay_mean_seconds", "The same, on average over all packets",
               seconds_of(s.mean_delay), labels);
}

void add_metrics(metrics_page& page, const call_quality& q, const metric_labels& labels) {
    if (const auto mos = q.mos())
        page.gauge("rtpsynth_call_mos", "Mean opinion score of a conversation, 1..4.5", *mos,
                   labels);
    if (const auto mos = q.listening_mos())
        page.gauge("rtpsynth_call_listening_mos", "Mean opinion score of one who only listens",
                   *mos, labels);
    if (const auto r = q.r())
        page.gauge("rtpsynth_call_rating_factor", "R of ITU-T G.107", *r, labels);
    page.counter("rtpsynth_call_packets_total", "Packets judged", q.losses().expected(), labels);
    page.counter("rtpsynth_call_packets_lost_total", "Packets not played", q.losses().losses(),
                 labels);
    page.gauge("rtpsynth_call_bursts", "Bursts of losses (RFC 3611)",
               static_cast<double>(q.losses().bursts()), labels);
    page.gauge("rtpsynth_call_burst_ratio", "BurstR of ITU-T G.107: 1 for random losses",
               q.losses().burst_ratio(), labels);
}

} // namespace rtpsynth
