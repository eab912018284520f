#include "report/report_json.hpp"

#include "common/json_lines.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace load {
namespace {

namespace json = boost::json;
using common::json_text;

json::object quantiles_of(const quantiles& q) {
    return {{"p50", q.p50}, {"p90", q.p90}, {"p99", q.p99}, {"max", q.max}};
}

json::object impairment_of(const impairment_options& o, const traffic_counts& c) {
    return {{"loss_percent", o.loss},
            {"reorder_percent", o.reorder},
            {"duplicate_percent", o.duplicate},
            {"jitter_ms", milliseconds(o.jitter)},
            {"seed", o.seed},
            {"dropped", c.dropped},
            {"reordered", c.overtaken},
            {"duplicated", c.duplicated}};
}

json::object timeline_of(const timeline& t) {
    json::array packets, lost;
    for (const timeline::slot& slot : t.slots()) {
        packets.emplace_back(slot.packets);
        lost.emplace_back(slot.lost());
    }
    return {{"interval_ms", milliseconds(t.interval())},
            {"packets", std::move(packets)},
            {"lost", std::move(lost)}};
}

json::object streams_of(const load_summary& s) {
    json::object streams;
    for (const answer_kind kind : listed_kinds) streams[name_of(kind)] = s.of_kind(kind);
    return streams;
}

json::object renumbered_of(const renumbered_totals& n) {
    return {{"ssrcs", n.sources},
            {"packets", n.packets},
            {"received", n.received},
            {"missing", n.missing},
            {"unanswered", n.unanswered},
            {"restarts", n.restarts},
            {"unknown_clocks", n.unknown_clocks}};
}

json::object other_of(const load_summary& s) {
    using rtpsynth::datagram_kind;
    const traffic_counts& c = s.log->counts;
    return {{"rtp", s.other_rtp},
            {"overdue", c.overdue},
            {"malformed_rtp", c.of_kind(datagram_kind::rtp)},
            {"rtcp", c.of_kind(datagram_kind::rtcp)},
            {"stun", c.of_kind(datagram_kind::stun)},
            {"turn_channel", c.of_kind(datagram_kind::turn_channel)},
            {"dtls", c.of_kind(datagram_kind::dtls)},
            {"zrtp", c.of_kind(datagram_kind::zrtp)},
            {"unknown", c.of_kind(datagram_kind::unknown)}};
}

json::value rtcp_of(const load_summary& s) {
    if (!s.options->rtcp) return nullptr;
    const rtcp_counts& c = s.log->rtcp;
    const peer_totals& peer = s.peer;
    const auto known = [&](json::value value) {
        return peer.streams != 0 ? std::move(value) : nullptr;
    };
    return json::object{{"sent", c.sent},
                        {"received", c.received},
                        {"reports", c.reports},
                        {"streams", peer.streams},
                        {"expected", known(peer.expected)},
                        {"lost", known(peer.lost)},
                        {"loss_percent", known(peer.loss_percent)},
                        {"mean_jitter_ms", known(peer.mean_jitter_ms)},
                        {"max_jitter_ms", known(peer.max_jitter_ms)},
                        {"round_trip_ms", c.round_trip.count() != 0
                                              ? json::value(quantiles_of(peer.round_trip))
                                              : json::value(nullptr)}};
}

json::value srtp_of(const load_summary& s) {
    if (!s.options->srtp) return nullptr;
    return json::object{{"suite", json_text(s.options->srtp->suite)},
                        {"refused", s.log->counts.srtp_refused}};
}

json::array remarks_of(const load_summary& s) {
    json::array remarks;
    for (const std::string& remark : s.remarks) remarks.push_back(json_text(remark));
    return remarks;
}

/// \p value if \p known, otherwise null.
json::value null_unless(bool known, json::value value) { return known ? value : nullptr; }

} // namespace

void print_json(std::ostream& out, const load_summary& s) {
    const program_options& o = *s.options;
    const traffic_counts& c = s.log->counts;
    common::json_lines report(out);
    report.member("target", json_text(to_string(o.target)));
    report.member("streams", o.streams);
    report.member("streams_by_answer", streams_of(s));
    report.member("closed_at_times", s.closed_at_times);
    report.member("codec", o.codec_name());
    report.member("ptime_ms", o.ptime);
    report.member("audio", null_unless(!o.wav.empty(), json_text(o.wav)));
    report.member("max_delay_ms", milliseconds(o.max_delay));
    report.member("duration_s", s.sending_s);
    report.member("interrupted", s.interrupted);
    report.member("packets", c.packets);
    report.member("packets_per_s", s.packets_per_s);
    report.member("sent", s.sent);
    report.member("received", s.received);
    report.member("expected", s.expected);
    report.member("lost", s.lost);
    report.member("loss_percent", s.loss_percent);
    report.member("late", null_unless(s.timed(), s.late));
    report.member("late_here", c.late_here);
    report.member("duplicates", s.duplicates);
    report.member("reordered", s.reordered);
    report.member("altered", c.altered);
    report.member("played", null_unless(s.timed(), s.played));
    report.member("concealed", null_unless(s.timed(), s.concealed));
    report.member("mos", null_unless(s.answered() && s.timed(), s.mos));
    report.member("kernel_drops", s.kernel_drops);
    report.member("refused", c.refused);
    report.member("send_errors", s.send_errors);
    report.member("receive_errors", s.receive_errors);
    report.member("rejected", s.rejected);
    report.member("other", s.other);
    report.member("other_kinds", other_of(s));
    report.member("renumbered", null_unless(s.of_kind(answer_kind::renumbered) != 0,
                                            renumbered_of(s.renumbered)));
    report.member("round_trip_ms", null_unless(s.echoed(), quantiles_of(s.round_trip)));
    report.member("mean_jitter_ms", null_unless(s.jitters != 0, s.mean_jitter_ms));
    report.member("max_jitter_ms", null_unless(s.jitters != 0, s.max_jitter_ms));
    report.member("rtcp", rtcp_of(s));
    report.member("srtp", srtp_of(s));
    report.member("send_lateness_ms", quantiles_of(s.lateness));
    report.member("behind_schedule", c.behind);
    report.member("cpu_cores", s.cores);
    report.member("cpu_us_per_packet", s.cpu_us_packet);
    report.member("impairment", impairment_of(o.impairment, c));
    report.member("timeline", timeline_of(s.log->over_time));
    report.member("max_loss_percent", o.max_loss);
    report.member("held", s.held);
    report.member("remarks", remarks_of(s));
}

} // namespace load
