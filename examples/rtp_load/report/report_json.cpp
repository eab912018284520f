#include "report/report_json.hpp"

#include "common/json_text.hpp"

namespace load {
namespace {

using common::json::block;
using common::json::boolean;
using common::json::number;
using common::json::quoted;

double milliseconds(rtpsynth::duration d) {
    return std::chrono::duration<double, std::milli>(d).count();
}

std::string json_quantiles(const quantiles& q) {
    return "{\"p50\": " + number(q.p50) + ", \"p90\": " + number(q.p90) +
           ", \"p99\": " + number(q.p99) + ", \"max\": " + number(q.max) + '}';
}

std::string json_impairment(const impairment_options& o, const traffic_counts& c) {
    return "{\"loss_percent\": " + number(o.loss) + ", \"reorder_percent\": " + number(o.reorder) +
           ", \"duplicate_percent\": " + number(o.duplicate) +
           ", \"jitter_ms\": " + number(milliseconds(o.jitter)) +
           ", \"seed\": " + std::to_string(o.seed) + ", \"dropped\": " + std::to_string(c.dropped) +
           ", \"reordered\": " + std::to_string(c.overtaken) +
           ", \"duplicated\": " + std::to_string(c.duplicated) + '}';
}

template <class Value>
std::string json_array(const std::vector<timeline::slot>& slots, Value value) {
    std::string text;
    for (const timeline::slot& slot : slots)
        text += (text.empty() ? "[" : ", ") + std::to_string(value(slot));
    return (text.empty() ? "[" : text) + ']';
}

std::string json_timeline(const timeline& t) {
    return "{\"interval_ms\": " + number(milliseconds(t.interval())) + ", \"packets\": " +
           json_array(t.slots(), [](const auto& slot) { return slot.packets; }) +
           ", \"lost\": " + json_array(t.slots(), [](const auto& slot) { return slot.lost(); }) +
           '}';
}

std::string json_streams(const load_summary& s) {
    std::string text;
    for (const answer_kind kind :
         {answer_kind::echoed, answer_kind::renumbered, answer_kind::unusable, answer_kind::closed,
          answer_kind::unreachable, answer_kind::elsewhere, answer_kind::silent,
          answer_kind::unsent})
        text += (text.empty() ? "{" : ", ") + quoted(name_of(kind)) + ": " +
                std::to_string(s.of_kind(kind));
    return text + '}';
}

std::string json_renumbered(const renumbered_totals& n) {
    const auto field = [](const char* name, std::uint64_t value) {
        return quoted(name) + ": " + std::to_string(value);
    };
    return '{' + field("ssrcs", n.sources) + ", " + field("packets", n.packets) + ", " +
           field("received", n.received) + ", " + field("missing", n.missing) + ", " +
           field("unanswered", n.unanswered) + ", " + field("restarts", n.restarts) + ", " +
           field("unknown_clocks", n.unknown_clocks) + '}';
}

std::string json_other(const load_summary& s) {
    using rtpsynth::datagram_kind;
    const traffic_counts& c = s.log->counts;
    const auto field = [](const char* name, std::uint64_t value) {
        return quoted(name) + ": " + std::to_string(value);
    };
    return '{' + field("rtp", s.other_rtp) + ", " + field("overdue", c.overdue) + ", " +
           field("malformed_rtp", c.of_kind(datagram_kind::rtp)) + ", " +
           field("rtcp", c.of_kind(datagram_kind::rtcp)) + ", " +
           field("stun", c.of_kind(datagram_kind::stun)) + ", " +
           field("turn_channel", c.of_kind(datagram_kind::turn_channel)) + ", " +
           field("dtls", c.of_kind(datagram_kind::dtls)) + ", " +
           field("zrtp", c.of_kind(datagram_kind::zrtp)) + ", " +
           field("unknown", c.of_kind(datagram_kind::unknown)) + '}';
}

std::string json_remarks(const std::vector<std::string>& remarks) {
    std::string text;
    for (const std::string& remark : remarks) text += (text.empty() ? "[" : ", ") + quoted(remark);
    return (text.empty() ? "[" : text) + ']';
}

} // namespace

void print_json(std::ostream& out, const load_summary& s) {
    const program_options& o = *s.options;
    const traffic_counts& c = s.log->counts;
    const auto timed = [&](std::uint64_t n) { return s.timed() ? std::to_string(n) : "null"; };
    out << '{';
    block b(out, 2);
    b.member("target", quoted(to_string(o.target)));
    b.member("streams", o.streams);
    b.member("streams_by_answer", json_streams(s));
    b.member("closed_at_times", s.closed_at_times);
    b.member("codec", quoted(o.codec_name()));
    b.member("ptime_ms", static_cast<std::uint64_t>(o.ptime));
    b.member("audio", o.wav.empty() ? "null" : quoted(o.wav));
    b.member("max_delay_ms", number(milliseconds(o.max_delay)));
    b.member("duration_s", number(s.sending_s));
    b.member("interrupted", boolean(s.interrupted));
    b.member("packets", c.packets);
    b.member("packets_per_s", number(s.packets_per_s));
    b.member("sent", s.sent);
    b.member("received", s.received);
    b.member("expected", s.expected);
    b.member("lost", s.lost);
    b.member("loss_percent", number(s.loss_percent));
    b.member("late", timed(s.late));
    b.member("late_here", c.late_here);
    b.member("duplicates", s.duplicates);
    b.member("reordered", s.reordered);
    b.member("altered", c.altered);
    b.member("played", timed(s.played));
    b.member("concealed", timed(s.concealed));
    b.member("kernel_drops", s.kernel_drops);
    b.member("refused", c.refused);
    b.member("send_errors", s.send_errors);
    b.member("receive_errors", s.receive_errors);
    b.member("rejected", s.rejected);
    b.member("other", s.other);
    b.member("other_kinds", json_other(s));
    b.member("renumbered",
             s.of_kind(answer_kind::renumbered) != 0 ? json_renumbered(s.renumbered) : "null");
    b.member("round_trip_ms", s.echoed() ? json_quantiles(s.round_trip) : "null");
    b.member("mean_jitter_ms", s.jitters != 0 ? number(s.mean_jitter_ms) : "null");
    b.member("max_jitter_ms", s.jitters != 0 ? number(s.max_jitter_ms) : "null");
    b.member("send_lateness_ms", json_quantiles(s.lateness));
    b.member("behind_schedule", c.behind);
    b.member("cpu_cores", number(s.cores));
    b.member("cpu_us_per_packet", number(s.cpu_us_packet));
    b.member("impairment", json_impairment(o.impairment, c));
    b.member("timeline", json_timeline(s.log->over_time));
    b.member("max_loss_percent", number(o.max_loss));
    b.member("held", boolean(s.held));
    b.member("remarks", json_remarks(s.remarks));
    out << "\n}\n";
}

} // namespace load
