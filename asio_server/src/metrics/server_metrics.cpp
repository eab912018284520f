#include <rtpsynth/asio_server/metrics/server_metrics.hpp>

#include <chrono>
#include <cstdint>
#include <string>

namespace rtpsynth::asio_server {
namespace {

struct channel_counter {
    std::uint64_t channel_stats::*value;
    const char* name;
    const char* help;
};

constexpr channel_counter channel_counters[] = {
    {&channel_stats::received, "datagrams_received", "Datagrams delivered"},
    {&channel_stats::received_bytes, "received_bytes", "Bytes of the datagrams delivered"},
    {&channel_stats::rejected, "datagrams_rejected", "Datagrams refused by the source lock"},
    {&channel_stats::discarded, "datagrams_discarded",
     "Datagrams read but not delivered: the channel closed, or there was no memory"},
    {&channel_stats::overflow, "datagrams_overflow",
     "Datagrams dropped by the kernel: receive buffer full"},
    {&channel_stats::receive_errors, "receive_errors", "Errors that reading the socket reported"},
    {&channel_stats::accepted, "datagrams_accepted", "Datagrams accepted for sending"},
    {&channel_stats::sent, "datagrams_sent", "Datagrams handed to the kernel"},
    {&channel_stats::sent_bytes, "sent_bytes", "Bytes of the datagrams handed to the kernel"},
    {&channel_stats::send_errors, "send_errors", "Datagrams refused by the kernel, and lost"},
    {&channel_stats::cancelled, "datagrams_cancelled", "Datagrams cancelled while queued"},
    {&channel_stats::queue_full, "queue_full", "Datagrams not accepted: queue full"},
};

void add_channel_counters(metrics_page& page, const char* prefix, const channel_stats& stats,
                          const metric_labels& labels) {
    std::string name;
    for (const channel_counter& c : channel_counters) {
        name.assign(prefix).append(c.name).append("_total");
        page.counter(name, c.help, stats.*c.value, labels);
    }
}

} // namespace

void add_metrics(metrics_page& page, const channel_stats& s, const metric_labels& labels) {
    add_channel_counters(page, "rtpsynth_channel_", s, labels);
}

void add_metrics(metrics_page& page, const server_stats& s, const metric_labels& labels) {
    add_channel_counters(page, "rtpsynth_server_", s.channels, labels);
    page.gauge("rtpsynth_server_open_channels", "Channels that are open",
               static_cast<double>(s.open_channels), labels);
    page.counter("rtpsynth_server_ticks_total", "Ticks on which something was queued", s.ticks,
                 labels);
    page.counter("rtpsynth_server_handler_exceptions_total", "Exceptions of receive handlers",
                 s.handler_exceptions, labels);
}

void add_metrics(metrics_page& page, const rtp_server_pool& pool, const metric_labels& labels) {
    for (std::size_t i = 0; i != pool.size(); ++i)
        add_metrics(page, pool[i].stats(), labels.with("server", std::to_string(i)));
}

void add_metrics(metrics_page& page, const port_range_stats& s, const metric_labels& labels) {
    const auto gauge = [&](const char* name, const char* help, std::size_t value) {
        page.gauge(name, help, static_cast<double>(value), labels);
    };
    gauge("rtpsynth_ports", "Places of the range: pairs of ports, or single ports", s.places);
    gauge("rtpsynth_ports_in_use", "Places in use by open channels", s.in_use);
    gauge("rtpsynth_ports_taken", "Places that others had when they were last tried", s.taken);
}

void add_metrics(metrics_page& page, const frame_receiver_stats& s, const metric_labels& labels) {
    add_metrics(page, s.jitter_buffer, labels);
    const auto other = [&](const char* kind, std::uint64_t datagrams) {
        page.counter("rtpsynth_frame_receiver_datagrams_other_total", "Datagrams that are not RTP",
                     datagrams, labels.with("kind", kind));
    };
    other("rtcp", s.rtcp);
    other("stun", s.stun);
    other("zrtp", s.zrtp);
    other("dtls", s.dtls);
    other("turn_channel", s.turn_channel);
    other("unknown", s.other - s.rtcp - s.stun - s.zrtp - s.dtls - s.turn_channel);
    page.counter("rtpsynth_frame_receiver_frames_overrun_total", "Frames lost: queue full",
                 s.overrun, labels);
    page.counter("rtpsynth_frame_receiver_datagrams_no_memory_total",
                 "Datagrams lost: no memory to keep them", s.no_memory, labels);
}

void add_metrics(metrics_page& page, const relay_leg_stats& s, const metric_labels& labels) {
    page.counter("rtpsynth_relay_packets_received_total", "RTP packets received from the side",
                 s.received, labels);
    page.counter("rtpsynth_relay_packets_forwarded_total", "RTP packets sent to the other side",
                 s.forwarded, labels);
    const auto dropped = [&](const char* reason, std::uint64_t packets) {
        page.counter("rtpsynth_relay_packets_dropped_total", "RTP packets not forwarded", packets,
                     labels.with("reason", reason));
    };
    dropped("rejected", s.rejected);
    dropped("not_authentic", s.not_authentic);
    dropped("malformed", s.malformed + s.stream.malformed);
    dropped("oversized", s.oversized);
    dropped("unmapped", s.stream.unmapped);
    dropped("stale", s.stream.late + s.stream.overtaken + s.stream.rejected + s.late);
    dropped("undecodable", s.undecodable);
    dropped("unsent", s.unsent);
    page.counter("rtpsynth_relay_packets_transcoded_total", "RTP packets given another codec",
                 s.transcoded, labels);
    page.counter("rtpsynth_relay_rtcp_received_total", "RTCP datagrams received from the side",
                 s.rtcp_received, labels);
    page.counter("rtpsynth_relay_rtcp_forwarded_total", "RTCP datagrams sent to the other side",
                 s.rtcp_forwarded, labels);
    const auto rtcp_dropped = [&](const char* reason, std::uint64_t datagrams) {
        page.counter("rtpsynth_relay_rtcp_dropped_total", "RTCP datagrams not forwarded", datagrams,
                     labels.with("reason", reason));
    };
    rtcp_dropped("rejected", s.rtcp_rejected);
    rtcp_dropped("not_authentic", s.rtcp_not_authentic);
    rtcp_dropped("malformed", s.rtcp_malformed);
    rtcp_dropped("untranslated", s.rtcp_dropped);
    rtcp_dropped("unsent", s.rtcp_unsent);
    page.counter("rtpsynth_relay_datagrams_other_total", "Datagrams that are neither RTP nor RTCP",
                 s.other, labels);
    page.counter("rtpsynth_relay_sources_latched_total",
                 "How often a source was latched to, the first one included", s.latch.latched,
                 labels);
    page.counter("rtpsynth_relay_segments_total",
                 "Segments of the stream, each of one source, the first one included",
                 s.stream.switches, labels);
    page.counter("rtpsynth_relay_media_timeouts_total",
                 "How often the side was silent for media_timeout", s.timeouts, labels);
}

void add_metrics(metrics_page& page, const voice_stream_stats& s, const metric_labels& labels) {
    const auto counter = [&](const char* name, const char* help, std::uint64_t value) {
        page.counter(name, help, value, labels);
    };
    counter("rtpsynth_voice_packets_sent_total", "RTP packets made for the peer",
            s.sender.packets());
    counter("rtpsynth_voice_packets_unsent_total",
            "Packets not sent: no peer yet, or refused by the channel", s.unsent);
    counter("rtpsynth_voice_ticks_missed_total", "Ticks not sent: the server was too late",
            s.sender.missed);
    counter("rtpsynth_voice_ticks_late_total", "Ticks sent more than 1 ms after their time",
            s.late_by_1ms);
    counter("rtpsynth_voice_dry_runs_total", "Times that an item's audio ran out and went on later",
            s.sender.dry_runs);
    const rtp_session_stats& rtp = s.session;
    counter("rtpsynth_voice_packets_received_total", "RTP packets of sources",
            rtp.rtp_accepted + rtp.rtp_probation + rtp.rtp_left);
    const auto dropped = [&](const char* reason, std::uint64_t datagrams) {
        page.counter("rtpsynth_voice_datagrams_dropped_total", "Datagrams that are not played",
                     datagrams, labels.with("reason", reason));
    };
    dropped("rejected", s.latch.rejected + s.rtcp_rejected);
    dropped("not_authentic", s.not_authentic);
    dropped("malformed", s.malformed + rtp.rtcp_malformed);
    dropped("conflict", rtp.rtp_conflicts + rtp.rtcp_conflicts);
    dropped("collision", rtp.collisions);
    dropped("looped", rtp.looped);
    dropped("refused", rtp.rtp_refused);
    dropped("not_played", s.not_played);
    dropped("other", s.other);
    counter("rtpsynth_voice_sources_latched_total",
            "Times that a source was latched to, the first one included", s.latch.latched);
    counter("rtpsynth_voice_events_lost_total", "Events that nobody read in time", s.events_lost);
    counter("rtpsynth_voice_audio_lost_total", "Ticks of audio that nobody read in time",
            s.audio_lost);
    if (s.round_trip_time)
        page.gauge("rtpsynth_voice_round_trip_seconds", "Round-trip time by the last report",
                   std::chrono::duration<double>(*s.round_trip_time).count(), labels);
    add_metrics(page, s.playout, labels);
}

void add_metrics(metrics_page& page, const rtp_proc_stats& s, const metric_labels& labels) {
    page.gauge("rtpsynth_proc_open_channels", "Channels that are open",
               static_cast<double>(s.channels), labels);
    page.counter("rtpsynth_proc_calls_total", "Calls of handlers", s.calls, labels);
    page.counter("rtpsynth_proc_calls_overdue_total",
                 "Calls for a deadline that had passed when it was asked for", s.overdue, labels);
    page.counter("rtpsynth_proc_handler_exceptions_total", "Exceptions of handlers", s.exceptions,
                 labels);
    page.histogram("rtpsynth_proc_lateness_seconds", "From the deadline to the begin of a call",
                   s.lateness, labels);
}

} // namespace rtpsynth::asio_server
