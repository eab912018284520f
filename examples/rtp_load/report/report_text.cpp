#include "report/report_text.hpp"

#include <algorithm>
#include <string_view>

namespace load {
namespace {

constexpr std::string_view bold = "\033[1m", red = "\033[31m", yellow = "\033[33m",
                           green = "\033[32m", plain = "\033[0m";
constexpr std::size_t label_width = 18; // indentation and label
constexpr std::size_t narrowest = 20;   // narrower terminals wrap lines themselves

class printer {
public:
    printer(std::ostream& out, const text_style& style) : out_(out), style_(style) {}

    /// Prints \p text after \p before, which is \p indent columns wide. Wraps lines at spaces and
    /// indents them as far.
    void print(const std::string& before, std::size_t indent, std::string_view text,
               std::string_view style) const {
        if (style_.width < narrowest) indent = 0;
        const bool broken = style_.width >= narrowest;
        const std::size_t room = style_.width - std::min(indent, style_.width / 2);
        indent = std::min(indent, style_.width / 2);
        std::string_view margin = before;
        const std::string blank(indent, ' ');
        do {
            std::size_t size = text.size();
            if (broken && size > room) {
                const std::size_t space = text.rfind(' ', room);
                size = space != text.npos && space != 0 ? space : room;
            }
            std::string_view line = text.substr(0, size);
            line.remove_suffix(line.size() - (line.find_last_not_of(' ') + 1));
            out_ << margin << styled(line, style) << '\n';
            text.remove_prefix(size);
            text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
            margin = blank;
        } while (!text.empty());
    }
    void heading(const std::string& text) const {
        print("", 0, text, bold);
        gap();
    }
    void verdict(const std::string& text, std::string_view style) const {
        print("", 0, text, style);
    }
    /// Numbers are right-aligned.
    void count(const char* label, std::uint64_t n, const std::string& note = {},
               std::string_view style = {}) const {
        std::string number = grouped(n);
        number.insert(0, number.size() < 12 ? 12 - number.size() : 0, ' ');
        line(label, number + (note.empty() ? "" : "  " + note), style);
    }
    void times(const char* label, const quantiles& q, const std::string& note = {}) const {
        line(label, "p50 " + ms(q.p50) + "   p90 " + ms(q.p90) + "   p99 " + ms(q.p99) + "   max " +
                        ms(q.max) + "  ms" + note);
    }
    void line(const char* label, const std::string& text, std::string_view style = {}) const {
        std::string padded = std::string("  ") + label;
        padded.resize(label_width, ' ');
        print(padded, label_width, text, style);
    }
    void gap() const { out_ << '\n'; }

    static std::string ms(double value) {
        const std::string text = decimal(value, value < 10 ? 3 : value < 100 ? 2 : 1);
        return std::string(text.size() < 5 ? 5 - text.size() : 0, ' ') + text;
    }

private:
    std::string styled(std::string_view text, std::string_view style) const {
        if (!style_.colour || style.empty()) return std::string(text);
        return std::string(style) + std::string(text) + std::string(plain);
    }

    std::ostream& out_;
    text_style style_;
};

std::string rate_text(const load_summary& s) {
    const double bits = s.packets_per_s * 8 *
                        static_cast<double>(rtpsynth::rtp_header_size + s.options->payload_size());
    return decimal(s.packets_per_s, 0) + " packets/s, " + decimal(bits / 1e6, 1) + " Mbit/s";
}

/// `5 echoed, 3 closed, 2 silent`
std::string kinds_text(const load_summary& s) {
    std::string text;
    for (const answer_kind kind : listed_kinds)
        if (s.of_kind(kind) != 0)
            text += (text.empty() ? "" : ", ") + grouped(s.of_kind(kind)) + ' ' + name_of(kind);
    return text;
}

std::string verdict(const load_summary& s) {
    const std::uint64_t unanswered = s.unanswered_streams();
    const std::string limit = percent(s.options->max_loss) + " allowed";
    const std::string lost = percent(s.loss_percent) + " lost";
    if (s.log->counts.packets == 0) return "FAILED: nothing was sent";
    const std::string nothing = s.of_kind(answer_kind::unusable) != 0
                                    ? "nothing that can be measured came back"
                                    : "nothing came back";
    if (!s.answered())
        return "FAILED: " + nothing +
               (s.of_kind(answer_kind::closed) == unanswered ? ": the port is closed"
                : s.of_kind(answer_kind::elsewhere) != 0     ? " from the target"
                                                             : "");
    if (unanswered != 0)
        return "FAILED: " + nothing + " from " + grouped(unanswered) + " of " +
               grouped(s.options->streams) + " streams; " + lost;
    if (!s.held) return "FAILED: " + lost + ", " + limit;
    std::string ok = s.lost != 0 ? "OK: " + lost + ", " + limit : "OK: nothing lost";
    if (s.lost == 0 && s.log->counts.dropped != 0) ok += " but what was dropped on purpose";
    if (s.log->counts.altered != 0) ok += ", " + grouped(s.log->counts.altered) + " altered";
    if (s.of_kind(answer_kind::renumbered) != 0) ok += ", as far as the answers' numbers show";
    return ok;
}

void print_counts(const printer& p, const load_summary& s) {
    const bool all_echoed = s.of_kind(answer_kind::echoed) == s.options->streams;
    p.count("Streams", s.options->streams, kinds_text(s), all_echoed ? "" : yellow);
    p.count("Sent", s.sent, rate_text(s));
    p.count("Received", s.received);
    p.count("Lost", s.lost, percent(s.loss_percent), s.lost ? red : "");
    const std::string delay =
        "for a playout delay of " + decimal(milliseconds(s.options->max_delay), 0) + " ms";
    if (s.timed())
        p.count("Late", s.late, delay, s.late ? yellow : "");
    else
        p.line("Late", "         n/a  the clock rate is not known");
    p.count("Duplicate", s.duplicates);
    p.count("Reordered", s.reordered);
    p.count("Kernel drops", s.kernel_drops, "datagrams that found the receive buffer full",
            s.kernel_drops ? red : "");
    p.gap();
}

void print_times(const printer& p, const load_summary& s) {
    const bool renumbered = s.of_kind(answer_kind::renumbered) != 0;
    if (s.echoed())
        p.times("Round trip", s.round_trip, renumbered ? ", of the echoed streams" : std::string());
    else if (renumbered)
        p.line("Round trip", "n/a");
    if (s.jitters != 0)
        p.line("Jitter", "mean " + p.ms(s.mean_jitter_ms) + "  max " + p.ms(s.max_jitter_ms) +
                             "  ms (RFC 3550)");
    else if (renumbered)
        p.line("Jitter", "n/a: the clock rate is not known");
    if (s.answered() && s.timed()) {
        p.line("Played",
               grouped(s.played) + " packets in time, " + grouped(s.concealed) + " concealed");
        p.line("MOS", decimal(s.mos, 2) + " (E-model: R " + decimal(s.r, 1) + ")");
    }
    p.times("Send lateness", s.lateness);
    p.line("CPU", decimal(s.cores, 2) + " of a core, " + decimal(s.cpu_us_packet, 2) +
                      " us a packet" + (s.held ? " there and back" : ""));
    p.gap();
}

// With --rtcp.
void print_peer(const printer& p, const load_summary& s) {
    const peer_totals& peer = s.peer;
    const rtcp_counts& rtcp = s.log->rtcp;
    p.count("Peer reports", rtcp.reports,
            "on " + grouped(peer.streams) + " of " + grouped(s.options->streams) +
                " streams (RTCP)",
            peer.streams == 0 ? yellow : "");
    if (peer.streams != 0) {
        p.count("Peer lost", static_cast<std::uint64_t>(std::max<std::int64_t>(peer.lost, 0)),
                percent(peer.loss_percent), peer.lost > 0 ? red : "");
        if (rtcp.round_trip.count() != 0) p.times("Peer round trip", peer.round_trip);
        p.line("Peer jitter",
               "mean " + p.ms(peer.mean_jitter_ms) + "  max " + p.ms(peer.max_jitter_ms) + "  ms");
    }
    p.gap();
}

} // namespace

void print_text(std::ostream& out, const load_summary& s, const text_style& style) {
    const printer p(out, style);
    const traffic_counts& c = s.log->counts;
    p.heading("rtp_load: " + parameters(s) + (s.interrupted ? " (interrupted)" : ""));
    print_counts(p, s);
    print_times(p, s);
    if (s.options->rtcp) print_peer(p, s);
    if (s.options->impairment.any()) {
        p.line("On purpose", grouped(c.dropped) + " dropped, " + grouped(c.overtaken) +
                                 " reordered, " + grouped(c.duplicated) + " duplicated (" +
                                 impairment_text(s.options->impairment) + ")");
        p.gap();
    }
    for (const std::string& remark : s.remarks) p.line("Note", remark, yellow);
    if (!s.remarks.empty()) p.gap();
    p.verdict(verdict(s), s.held ? green : red);
}

} // namespace load
