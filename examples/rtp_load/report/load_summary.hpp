/// \file
/// The results of a run, as plain data.
#pragma once

#include "answers/load_log.hpp"
#include "options.hpp"
#include "traffic/load_run.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace load {

/// The reported quantiles of durations, in milliseconds.
struct quantiles {
    double p50 = 0, p90 = 0, p99 = 0, max = 0;
};

/// Totals of all renumbered streams.
struct renumbered_totals {
    std::uint64_t sources = 0;    ///< SSRCs
    std::uint64_t packets = 0;    ///< sent by those streams
    std::uint64_t received = 0;   ///< datagrams
    std::uint64_t missing = 0;    ///< packets: gaps in sequence numbers
    std::uint64_t unanswered = 0; ///< packets: the time by which answers are too short
    std::uint64_t restarts = 0;
    std::uint64_t dropped = 0;        ///< packets of those streams dropped on purpose
    std::uint64_t unknown_clocks = 0; ///< streams with answers of an unknown clock rate
};

/// The peer's RTCP reports, with --rtcp.
struct peer_totals {
    std::uint64_t streams = 0; ///< on which it has reported
    std::int64_t expected = 0; ///< packets, by its last report on each stream
    std::int64_t lost = 0;     ///< of those; negative if there were more duplicates
    double loss_percent = 0;   ///< at least 0
    double mean_jitter_ms = 0; ///< over streams, of the last reports
    double max_jitter_ms = 0;  ///< of all reports
    quantiles round_trip;      ///< all 0 if there are none
};

struct load_summary {
    const program_options* options = nullptr;
    const load_log* log = nullptr;

    bool interrupted = false;
    double sending_s = 0;
    double packets_per_s = 0;
    std::uint64_t sent = 0; ///< datagrams accepted by the kernel

    std::array<std::uint64_t, answer_kinds> streams{}; ///< by answer_kind
    std::uint64_t closed_at_times =
        0; ///< echoed or renumbered streams that also got port unreachable
    renumbered_totals renumbered;
    std::uint64_t received = 0;                        ///< datagrams: echoes and renumbered answers
    std::uint64_t expected = 0;                        ///< packets of which lost is a part
    std::uint64_t lost = 0;                            ///< packets
    std::uint64_t duplicates = 0;                      ///< datagrams
    std::uint64_t reordered = 0;                       ///< packets
    std::uint64_t played = 0, late = 0, concealed = 0; ///< by the playout clock
    double r = 0, mos = 0;       ///< E-model of what was played, if timed() and answered()
    std::uint64_t other = 0;     ///< datagrams from the target that are neither
    std::uint64_t other_rtp = 0; ///< of those, RTP
    double loss_percent = 0;
    bool held = false;    ///< every stream was answered and loss was within the limit
    quantiles round_trip; ///< of echoes; all 0 if there are none
    quantiles lateness;
    peer_totals peer;
    std::uint64_t jitters = 0; ///< streams and answers with a known jitter
    double mean_jitter_ms = 0; ///< RFC 3550, mean over those
    double max_jitter_ms = 0;
    double cores = 0;         ///< CPU time by wall time; 1: one core fully used
    double cpu_us_packet = 0; ///< per packet made, including what was received meanwhile
    std::uint64_t kernel_drops = 0;
    std::uint64_t send_errors = 0;
    std::uint64_t receive_errors = 0;
    std::uint64_t rejected = 0; ///< datagrams not from the target

    std::vector<std::string> remarks; ///< remarks beside the numbers

    std::uint64_t of_kind(answer_kind kind) const {
        return streams[static_cast<std::size_t>(kind)];
    }
    /// Streams that sent but got no answer that can be measured.
    std::uint64_t unanswered_streams() const;
    bool echoed() const { return of_kind(answer_kind::echoed) != 0; }
    /// Whether late and concealed packets are known: some answered stream has a known clock rate,
    /// or no stream was answered.
    bool timed() const { return jitters != 0 || !answered(); }
    bool answered() const { return echoed() || of_kind(answer_kind::renumbered) != 0; }
};

/// All kinds of answers, in the order in which reports list them.
inline constexpr std::array<answer_kind, answer_kinds> listed_kinds{
    answer_kind::echoed,      answer_kind::renumbered, answer_kind::unusable, answer_kind::closed,
    answer_kind::unreachable, answer_kind::elsewhere,  answer_kind::silent,   answer_kind::unsent};

/// `echoed`, `closed`, …: its name in JSON and text.
const char* name_of(answer_kind kind);

/// \p run and \p options must outlive the result.
load_summary summarise(const program_options& options, const load_run& run);

/// `1000 streams x 50 packets/s to 127.0.0.1:5004, PCMU 20 ms, 10.0 s`
std::string parameters(const load_summary& s);

/// The impairments, `loss 5 %, jitter 10 ms, seed 1`; empty if there are none.
std::string impairment_text(const impairment_options& options);

double milliseconds(rtpsynth::duration d);

/// 12345678 as `12,345,678`.
std::string grouped(std::uint64_t n);
/// `12.500 %`; a value that is not 0 is not shown as 0.
std::string percent(double value);
/// With \p decimals digits after the point.
std::string decimal(double value, int decimals);

} // namespace load
