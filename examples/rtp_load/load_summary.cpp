#include "load_summary.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace load {
namespace {

double milliseconds(rtpsynth::duration d) {
    return std::chrono::duration<double, std::milli>(d).count();
}
double seconds(rtpsynth::duration d) { return std::chrono::duration<double>(d).count(); }

double ratio(double a, double b) { return b > 0 ? a / b : 0; }

quantiles quantiles_of(const rtpsynth::duration_histogram& h) {
    return {milliseconds(h.quantile(0.5)), milliseconds(h.quantile(0.9)),
            milliseconds(h.quantile(0.99)), milliseconds(h.max())};
}

void add_jitter(load_summary& s, const load_run& run) {
    double sum = 0;
    std::size_t streams = 0;
    for (const auto& stream : run.streams()) {
        const rtpsynth::receiver_stats& reception = stream->reception();
        if (reception.received() == 0) continue;
        ++streams;
        sum += reception.mean_jitter_ms();
        s.max_jitter_ms = std::max(s.max_jitter_ms, reception.max_jitter_ms());
    }
    s.mean_jitter_ms = ratio(sum, static_cast<double>(streams));
}

/// What says that this machine, not the network or the server, was the limit; and what else is odd.
void add_remarks(load_summary& s, const rtpsynth::asio_server::channel_stats& channels) {
    const auto say = [&](const std::string& text) { s.remarks.push_back(text); };
    if (s.lateness.p99 > s.options->ptime / 2.0)
        say("this machine is the limit: the latest 1 % of the packets were sent " +
            decimal(s.lateness.p99, 1) + " ms or more behind schedule");
    if (s.kernel_drops != 0)
        say("this machine is the limit: its kernel dropped " + grouped(s.kernel_drops) +
            " echoes since they were not read in time");
    if (s.log->counts.refused != 0)
        say(grouped(s.log->counts.refused) + " packets were not sent, since the queue was full");
    if (s.send_errors != 0)
        say(grouped(s.send_errors) +
            " datagrams were refused by the kernel: " + channels.last_send_error.message());
    if (s.receive_errors != 0)
        say(grouped(s.receive_errors) +
            " errors when receiving: " + channels.last_receive_error.message());
    if (s.rejected != 0)
        say(grouped(s.rejected) + " datagrams came from elsewhere than the target");
    if (s.log->counts.other != 0)
        say(grouped(s.log->counts.other) + " datagrams were no echo of what was sent");
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
    s.loss_percent =
        100 * ratio(static_cast<double>(counts.lost()), static_cast<double>(counts.packets));
    s.held = counts.returned != 0 && s.loss_percent <= options.max_loss;
    s.round_trip = quantiles_of(s.log->round_trip);
    s.lateness = quantiles_of(s.log->lateness);
    add_jitter(s, run);
    s.cores = ratio(seconds(run.costs().cpu), s.sending_s);
    s.cpu_us_packet = ratio(1e6 * seconds(run.costs().cpu), static_cast<double>(counts.made));
    s.kernel_drops = channels.overflow;
    s.send_errors = channels.send_errors;
    s.receive_errors = channels.receive_errors;
    s.rejected = channels.rejected;
    add_remarks(s, channels);
    return s;
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

std::string grouped(std::uint64_t n) {
    std::string text = std::to_string(n);
    for (std::size_t i = text.size(); i > 3; i -= 3) text.insert(i - 3, ",");
    return text;
}

std::string decimal(double value, int decimals) {
    char text[64];
    std::snprintf(text, sizeof text, "%.*f", decimals, value);
    return text;
}

} // namespace load
