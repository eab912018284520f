#include "report/load_summary.hpp"

#include "report/remarks.hpp"

#include <rtpsynth/audio/emodel.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <numeric>

namespace load {
namespace {

double seconds(rtpsynth::duration d) { return std::chrono::duration<double>(d).count(); }

double ratio(double a, double b) { return b > 0 ? a / b : 0; }

quantiles quantiles_of(const rtpsynth::duration_histogram& h) {
    return {milliseconds(h.quantile(0.5)), milliseconds(h.quantile(0.9)),
            milliseconds(h.quantile(0.99)), milliseconds(h.max())};
}

void add(load_summary& s, const stream_result& r, const rtpsynth::receiver_stats& echoes) {
    ++s.streams[static_cast<std::size_t>(r.kind)];
    s.expected += r.expected;
    s.lost += r.lost;
    s.played += r.played;
    s.late += r.late;
    s.concealed += r.concealed;
    s.closed_at_times += was_closed_at_times(r);
    if (r.peer.reports != 0) {
        ++s.peer.streams;
        s.peer.expected += r.peer.expected;
        s.peer.lost += r.peer.lost;
        s.peer.mean_jitter_ms += r.peer.jitter_ms; // a sum until the end
        s.peer.max_jitter_ms = std::max(s.peer.max_jitter_ms, r.peer.max_jitter_ms);
    }
    if (r.kind == answer_kind::echoed) {
        ++s.jitters;
        s.mean_jitter_ms += echoes.mean_jitter_ms(); // a sum until the end
        s.max_jitter_ms = std::max(s.max_jitter_ms, echoes.max_jitter_ms());
    }
    const answer_totals& a = r.answers;
    if (r.kind != answer_kind::renumbered) {
        s.other_rtp += a.received + a.strays;
        return;
    }
    s.other_rtp += a.strays;
    s.received += a.received;
    s.duplicates += a.duplicates;
    s.reordered += a.reordered;
    renumbered_totals& n = s.renumbered;
    n.sources += a.sources;
    n.packets += r.packets;
    n.received += a.received;
    n.missing += a.missing;
    n.unanswered += r.unanswered;
    n.restarts += a.restarts;
    n.dropped += r.dropped;
    n.unknown_clocks += a.timed != a.sources;
    s.jitters += a.timed;
    s.mean_jitter_ms += a.mean_jitter_ms * static_cast<double>(a.timed);
    s.max_jitter_ms = std::max(s.max_jitter_ms, a.max_jitter_ms);
}

/// Marks all silent streams to a port as closed if ICMP reported it closed to one of them: routers
/// limit the rate of ICMP errors.
std::vector<stream_result> results_of(const load_run& run) {
    std::vector<stream_result> results;
    std::vector<std::uint16_t> closed;
    for (const auto& stream : run.streams()) {
        results.push_back(stream->result());
        if (results.back().kind == answer_kind::closed) closed.push_back(results.back().port);
    }
    std::ranges::sort(closed);
    for (stream_result& r : results)
        if (r.kind == answer_kind::silent && std::ranges::binary_search(closed, r.port))
            r.kind = answer_kind::closed;
    return results;
}

/// Rates who hears the answers: concealed packets, taken as random losses, and the delay of packet
/// and playout, to which echoes add the round trip.
void rate(load_summary& s) {
    rtpsynth::emodel_parameters e;
    if (const auto codec = rtpsynth::impairment_of(s.options->codec_name())) {
        e.ie = codec->ie;
        e.bpl = codec->bpl;
    }
    e.ppl =
        100 * ratio(static_cast<double>(s.concealed), static_cast<double>(s.played + s.concealed));
    e.ta = milliseconds(s.options->max_delay) + s.options->ptime + s.round_trip.p50;
    e.t = e.ta;
    e.tr = 2 * e.ta;
    s.r = rtpsynth::r_factor(e);
    s.mos = rtpsynth::mos_of(s.r);
}

} // namespace

load_summary summarise(const program_options& options, const load_run& run) {
    load_summary s;
    s.options = &options;
    s.log = &run.log();
    const traffic_counts& counts = s.log->counts;
    const auto& channels = run.costs().channels;
    s.interrupted = run.costs().interrupted;
    s.sending_s = seconds(run.costs().sending);
    s.packets_per_s = ratio(static_cast<double>(counts.packets), s.sending_s);
    s.sent = counts.sent - std::min(counts.sent, channels.send_errors);
    s.received = counts.received;
    s.duplicates = counts.duplicates;
    s.reordered = counts.reordered;
    const std::vector<stream_result> results = results_of(run);
    for (std::size_t i = 0; i != results.size(); ++i)
        add(s, results[i], run.streams()[i]->reception());
    s.mean_jitter_ms = ratio(s.mean_jitter_ms, static_cast<double>(s.jitters));
    s.other =
        std::accumulate(counts.no_rtp.begin(), counts.no_rtp.end(), s.other_rtp) + counts.overdue;
    s.loss_percent = 100 * ratio(static_cast<double>(s.lost), static_cast<double>(s.expected));
    s.held = s.answered() && s.unanswered_streams() == 0 && s.loss_percent <= options.max_loss;
    s.round_trip = quantiles_of(s.log->round_trip);
    rate(s);
    s.peer.mean_jitter_ms = ratio(s.peer.mean_jitter_ms, static_cast<double>(s.peer.streams));
    s.peer.loss_percent = 100 * std::max(0.0, ratio(static_cast<double>(s.peer.lost),
                                                    static_cast<double>(s.peer.expected)));
    s.peer.round_trip = quantiles_of(s.log->rtcp.round_trip);
    s.lateness = quantiles_of(s.log->lateness);
    s.cores = ratio(seconds(run.costs().cpu), s.sending_s);
    s.cpu_us_packet = ratio(1e6 * seconds(run.costs().cpu), static_cast<double>(counts.made));
    s.kernel_drops = channels.overflow;
    s.send_errors = channels.send_errors;
    s.receive_errors = channels.receive_errors;
    s.rejected = channels.rejected;
    s.remarks = remarks(s, results, channels);
    return s;
}

std::uint64_t load_summary::unanswered_streams() const {
    return options->streams - of_kind(answer_kind::echoed) - of_kind(answer_kind::renumbered) -
           of_kind(answer_kind::unsent);
}

const char* name_of(answer_kind kind) {
    constexpr std::array<const char*, answer_kinds> names{"unsent",    "echoed", "renumbered",
                                                          "unusable",  "closed", "unreachable",
                                                          "elsewhere", "silent"};
    return names[static_cast<std::size_t>(kind)];
}

std::string parameters(const load_summary& s) {
    const program_options& o = *s.options;
    return grouped(o.streams) + (o.streams == 1 ? " stream" : " streams") + " x " +
           decimal(1000.0 / o.ptime, 1000 % o.ptime == 0 ? 0 : 1) + " packets/s to " +
           to_string(o.target) + ", " + o.codec_name() + ' ' + std::to_string(o.ptime) + " ms, " +
           decimal(s.sending_s, 1) + " s";
}

std::string impairment_text(const impairment_options& options) {
    std::string text;
    const auto add = [&](const char* name, double value, const char* unit) {
        if (value <= 0) return;
        char part[64];
        std::snprintf(part, sizeof part, "%s %g %s, ", name, value, unit);
        text += part;
    };
    add("loss", options.loss, "%");
    add("reorder", options.reorder, "%");
    add("duplicate", options.duplicate, "%");
    add("jitter", milliseconds(options.jitter), "ms");
    return text.empty() ? text : text + "seed " + std::to_string(options.seed);
}

double milliseconds(rtpsynth::duration d) {
    return std::chrono::duration<double, std::milli>(d).count();
}

std::string grouped(std::uint64_t n) {
    std::string text = std::to_string(n);
    for (std::size_t i = text.size(); i > 3; i -= 3) text.insert(i - 3, ",");
    return text;
}

std::string percent(double value) {
    return value > 0 && value < 0.0005 ? "< 0.001 %" : decimal(value, 3) + " %";
}

std::string decimal(double value, int decimals) {
    char text[64];
    std::snprintf(text, sizeof text, "%.*f", decimals, value);
    return text;
}

} // namespace load
