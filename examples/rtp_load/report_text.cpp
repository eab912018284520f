#include "report_text.hpp"

#include <string_view>

namespace load {
namespace {

constexpr std::string_view bold = "\033[1m", red = "\033[31m", yellow = "\033[33m",
                           green = "\033[32m", plain = "\033[0m";

class printer {
public:
    printer(std::ostream& out, bool colour) : out_(out), colour_(colour) {}

    std::string styled(const std::string& text, std::string_view style) const {
        if (!colour_ || style.empty()) return text;
        return std::string(style) + text + std::string(plain);
    }
    void heading(const std::string& text) const { out_ << styled(text, bold) << "\n\n"; }
    /// Numbers flush right, so that they can be compared.
    void count(const char* label, std::uint64_t n, const std::string& note = {},
               std::string_view style = {}) const {
        std::string number = grouped(n);
        number.insert(0, number.size() < 12 ? 12 - number.size() : 0, ' ');
        line(label, number + (note.empty() ? "" : "  " + note), style);
    }
    void times(const char* label, const quantiles& q) const {
        line(label, "p50 " + ms(q.p50) + "   p90 " + ms(q.p90) + "   p99 " + ms(q.p99) + "   max " +
                        ms(q.max) + "  ms");
    }
    void line(const char* label, const std::string& text, std::string_view style = {}) const {
        std::string padded = label;
        padded.resize(16, ' ');
        out_ << "  " << padded << styled(text, style) << '\n';
    }
    void gap() const { out_ << '\n'; }

    static std::string ms(double value) {
        const std::string text = decimal(value, value < 10 ? 3 : value < 100 ? 2 : 1);
        return std::string(text.size() < 5 ? 5 - text.size() : 0, ' ') + text;
    }

private:
    std::ostream& out_;
    bool colour_;
};

std::string rate_text(const load_summary& s) {
    const double bits = s.packets_per_s * 8 *
                        static_cast<double>(rtpsynth::rtp_header_size + s.options->payload_size());
    return decimal(s.packets_per_s, 0) + " packets/s, " + decimal(bits / 1e6, 1) + " Mbit/s";
}

std::string verdict(const load_summary& s) {
    const std::string limit = decimal(s.options->max_loss, 3) + " % allowed";
    if (s.log->counts.packets == 0) return "FAILED: nothing was sent";
    if (s.log->counts.returned == 0) return "FAILED: nothing came back";
    if (!s.held) return "FAILED: " + decimal(s.loss_percent, 3) + " % lost, " + limit;
    return "OK: " + (s.log->counts.lost() == 0 ? "nothing" : decimal(s.loss_percent, 3) + " %") +
           " lost" + (s.options->max_loss < 100 ? ", " + limit : "");
}

} // namespace

void print_text(std::ostream& out, const load_summary& s, bool colour) {
    const printer p(out, colour);
    const traffic_counts& c = s.log->counts;
    p.heading("rtp_load: " + parameters(s) + (s.interrupted ? " (interrupted)" : ""));
    p.count("Sent", s.sent, rate_text(s));
    p.count("Received", c.received);
    p.count("Lost", c.lost(), decimal(s.loss_percent, 3) + " %", c.lost() ? red : "");
    p.count(
        "Late", c.late,
        "for a jitter buffer of " +
            decimal(std::chrono::duration<double, std::milli>(s.options->max_delay).count(), 0) +
            " ms");
    p.count("Duplicate", c.duplicates);
    p.count("Reordered", c.reordered);
    p.count("Kernel drops", s.kernel_drops, "echoes that found the receive buffer full",
            s.kernel_drops ? red : "");
    p.gap();
    if (c.returned != 0) {
        p.times("Round trip", s.round_trip);
        p.line("Jitter", "mean " + p.ms(s.mean_jitter_ms) + "  max " + p.ms(s.max_jitter_ms) +
                             "  ms (RFC 3550)");
        p.line("Played out",
               grouped(c.played) + " packets, " + grouped(c.concealed) + " concealed");
    }
    p.times("Send lateness", s.lateness);
    p.line("CPU", decimal(s.cores, 2) + " of a core, " + decimal(s.cpu_us_packet, 2) +
                      " us a packet there and back");
    p.gap();
    if (s.options->impairment.any()) {
        p.line("On purpose", grouped(c.dropped) + " dropped, " + grouped(c.overtaken) +
                                 " reordered, " + grouped(c.duplicated) + " duplicated (" +
                                 impairment_text(s.options->impairment) + ")");
        p.gap();
    }
    for (const std::string& remark : s.remarks) p.line("Note", remark, yellow);
    if (!s.remarks.empty()) p.gap();
    out << p.styled(verdict(s), s.held ? green : red) << '\n';
}

} // namespace load
