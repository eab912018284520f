#include "report/remarks.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace load {
namespace {

constexpr std::size_t most_ports = 4; // port ranges in one remark

std::string count_of(std::uint64_t n, const char* thing) {
    return grouped(n) + ' ' + thing + (n == 1 ? "" : "s");
}

/// ` (ports 5004-5010, 5012 and 3 more)`
std::string list(std::vector<unsigned> ports) {
    std::sort(ports.begin(), ports.end());
    ports.erase(std::unique(ports.begin(), ports.end()), ports.end());
    std::string text;
    std::size_t ranges = 0, told = 0;
    for (std::size_t i = 0; i != ports.size() && ranges != most_ports; ++ranges) {
        std::size_t last = i;
        while (last + 1 != ports.size() && ports[last + 1] == ports[last] + 1) ++last;
        text += (text.empty() ? "" : ", ") + std::to_string(ports[i]);
        if (last != i) text += '-' + std::to_string(ports[last]);
        i = last + 1;
        told = i;
    }
    if (told != ports.size()) text += " and " + grouped(ports.size() - told) + " more";
    return std::string(" (port") + (ports.size() == 1 ? " " : "s ") + text + ')';
}

class writer {
public:
    writer(const load_summary& s, std::span<const stream_result> streams) : s_(s), all_(streams) {}

    void unanswered();
    void renumbered();
    void this_machine();
    void errors(const rtpsynth::asio_server::channel_stats& channels);
    void others();
    std::vector<std::string> take() { return std::move(texts_); }

private:
    void say(std::string text) { texts_.push_back(std::move(text)); }
    /// `closed: 5 streams, WHAT (ports …)`, if there are any.
    void say_of(answer_kind kind, const std::string& what) {
        const std::uint64_t n = s_.of_kind(kind);
        if (n == 0) return;
        say(std::string(name_of(kind)) + ": " + count_of(n, "stream") + ", " + what +
            ports_where([&](const stream_result& r) { return r.kind == kind; }));
    }
    template <class Predicate>
    std::string ports_where(Predicate holds) const {
        std::vector<unsigned> ports;
        for (const stream_result& r : all_)
            if (holds(r)) ports.push_back(r.port);
        return list(std::move(ports));
    }
    std::string error_of(answer_kind kind) const {
        const auto found = std::ranges::find(all_, kind, &stream_result::kind);
        return found != all_.end() ? found->error.message() : "";
    }

    const load_summary& s_;
    std::span<const stream_result> all_;
    std::vector<std::string> texts_;
};

void writer::unanswered() {
    say_of(answer_kind::closed, "connection refused: ICMP port unreachable");
    say_of(answer_kind::unreachable, error_of(answer_kind::unreachable));
    say_of(answer_kind::silent, std::ranges::all_of(all_, &stream_result::icmp_reported)
                                    ? "nothing came back and no ICMP error either"
                                    : "nothing came back; ICMP errors are not reported here");
    say_of(answer_kind::elsewhere, "answered only from another address or port than the target's");
    say_of(answer_kind::unusable, "answered with nothing that can be measured");
    if (s_.closed_at_times != 0)
        say("connection refused at times: " + count_of(s_.closed_at_times, "stream") +
            " that answered at others" + ports_where(was_closed_at_times));
}

void writer::renumbered() {
    if (s_.of_kind(answer_kind::renumbered) == 0) return;
    const renumbered_totals& n = s_.renumbered;
    say_of(answer_kind::renumbered,
           "answered with another SSRC, sequence number or timestamp, as by a B2BUA or SBC");
    say("the answers' loss, jitter and lateness are measured by their own numbers; round trips are "
        "unknown");
    if (n.unanswered != 0)
        say("the answers last " +
            decimal(static_cast<double>(n.unanswered) * s_.options->ptime / 1000, 1) +
            " s less than what was sent: " + count_of(n.unanswered, "packet") + " lost");
    if (n.restarts != 0)
        say("the answers' numbers restarted " + count_of(n.restarts, "time") +
            ", which hides losses in between");
    if (n.sources > s_.of_kind(answer_kind::renumbered))
        say("the answers came from " + grouped(n.sources) + " SSRCs");
    if (n.unknown_clocks != 0)
        say(count_of(n.unknown_clocks, "stream") + " answered with a payload type whose clock " +
            "rate is not known: their jitter and lateness are unknown");
    if (n.dropped != 0 && n.missing != 0)
        say("gaps in the answers' numbers are not counted as lost up to the number of packets "
            "dropped on purpose");
}

void writer::this_machine() {
    const traffic_counts& c = s_.log->counts;
    // If nothing was answered, lateness is not the reason.
    if (s_.answered() && 100 * c.behind > c.made)
        say("this machine was late: " + grouped(c.behind) + " of " + grouped(c.made) +
            " packets left more than " + decimal(s_.options->ptime / 2.0, 1) +
            " ms behind schedule");
    if (s_.kernel_drops != 0)
        say("this machine is the limit: its kernel dropped " +
            count_of(s_.kernel_drops, "datagram") + " that were not read in time");
    if (c.late_here != 0)
        say(grouped(c.late_here) + " of " + grouped(s_.late) +
            " late packets are late because they left here late, " +
            (s_.options->impairment.any() ? "on purpose or not" : "not because of the network"));
    if (c.refused != 0) say(count_of(c.refused, "packet") + " not sent, since the queue was full");
}

void writer::errors(const rtpsynth::asio_server::channel_stats& channels) {
    if (s_.send_errors != 0)
        say("the kernel refused to send " + count_of(s_.send_errors, "datagram") + ": " +
            channels.last_send_error.message());
    std::uint64_t errors = 0;
    boost::system::error_code latest;
    for (const stream_result& r : all_) { // other errors are reported by the streams' kinds
        const bool told = r.kind == answer_kind::closed || r.kind == answer_kind::unreachable ||
                          r.error == boost::asio::error::connection_refused;
        if (told || r.errors == 0) continue;
        errors += r.errors;
        latest = r.error;
    }
    if (errors != 0)
        say(count_of(errors, "error") + " reported by the system or ICMP: " + latest.message());
}

void writer::others() {
    using rtpsynth::datagram_kind;
    const traffic_counts& c = s_.log->counts;
    if (s_.rejected != 0)
        say(count_of(s_.rejected, "datagram") + " came from elsewhere than the target");
    std::string parts;
    const auto part = [&](std::uint64_t n, const char* what) {
        if (n != 0) parts += (parts.empty() ? "" : ", ") + grouped(n) + ' ' + what;
    };
    part(s_.other_rtp, s_.echoed() ? "RTP under other numbers" : "stray RTP");
    part(c.overdue, "RTP after too long a time");
    part(c.of_kind(datagram_kind::rtp), "malformed RTP");
    part(c.of_kind(datagram_kind::rtcp), "RTCP");
    part(c.of_kind(datagram_kind::stun), "STUN");
    part(c.of_kind(datagram_kind::turn_channel), "TURN");
    part(c.of_kind(datagram_kind::dtls), "DTLS");
    part(c.of_kind(datagram_kind::zrtp), "ZRTP");
    part(c.of_kind(datagram_kind::unknown), "of no known kind");
    if (s_.other != 0)
        say(count_of(s_.other, "datagram") +
            (s_.other == 1 ? " was not an echo" : " were not echoes") +
            " of what was sent: " + parts);
    if (c.srtp_refused != 0)
        say(count_of(c.srtp_refused, "datagram") + " refused: not SRTP of this key, or duplicates");
    if (s_.options->rtcp && s_.log->rtcp.reports == 0)
        say("the peer has not reported in RTCP on what it received");
    if (c.altered != 0)
        say(count_of(c.altered, "packet") +
            " came back with another payload or payload type than was sent");
}

} // namespace

std::vector<std::string> remarks(const load_summary& s, std::span<const stream_result> streams,
                                 const rtpsynth::asio_server::channel_stats& channels) {
    writer w(s, streams);
    w.unanswered();
    w.renumbered();
    w.this_machine();
    w.errors(channels);
    w.others();
    return w.take();
}

} // namespace load
