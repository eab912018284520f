/// \file
/// What is told of a run, as plain data.
#pragma once

#include "answers/load_log.hpp"
#include "options.hpp"
#include "traffic/load_run.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace load {

/// The quantiles that are told of durations, in milliseconds.
struct quantiles {
    double p50 = 0, p90 = 0, p99 = 0, max = 0;
};

/// RTP of another numbering, of all streams that were answered so.
struct renumbered_totals {
    std::uint64_t sources = 0;    ///< SSRCs
    std::uint64_t packets = 0;    ///< sent by those streams
    std::uint64_t received = 0;   ///< datagrams
    std::uint64_t missing = 0;    ///< packets, by their sequence numbers
    std::uint64_t unanswered = 0; ///< packets, by the time that the answers last
    std::uint64_t restarts = 0;
    std::uint64_t dropped = 0;        ///< packets of those streams, on purpose
    std::uint64_t unknown_clocks = 0; ///< streams with answers whose clock rate is not known
};

struct load_summary {
    const program_options* options = nullptr;
    const load_log* log = nullptr;

    bool interrupted = false;
    double sending_s = 0;
    double packets_per_s = 0;
    std::uint64_t sent = 0; ///< datagrams that the kernel took

    std::array<std::uint64_t, answer_kinds> streams{}; ///< by what came back of them
    std::uint64_t closed_at_times = 0; ///< echoed or renumbered streams, told port unreachable
    renumbered_totals renumbered;
    std::uint64_t received = 0;   ///< echoes and answers of another numbering, datagrams
    std::uint64_t expected = 0;   ///< packets; lost are a share of them
    std::uint64_t lost = 0;       ///< packets
    std::uint64_t duplicates = 0; ///< datagrams
    std::uint64_t reordered = 0;  ///< packets
    std::uint64_t played = 0, late = 0, concealed = 0; ///< by the playout clocks
    std::uint64_t other = 0;     ///< datagrams from the target that are neither echo nor answer
    std::uint64_t other_rtp = 0; ///< of those, RTP of another numbering
    double loss_percent = 0;
    bool held = false;    ///< every stream was answered, and not more were lost than allowed
    quantiles round_trip; ///< of echoes; all 0 if there were none
    quantiles lateness;
    std::uint64_t jitters = 0; ///< streams and answers whose jitter is known
    double mean_jitter_ms = 0; ///< RFC 3550, over all of those
    double max_jitter_ms = 0;
    double cores = 0;         ///< CPU time by time, 1: one core fully used
    double cpu_us_packet = 0; ///< per packet made: sending it, and receiving what came meanwhile
    std::uint64_t kernel_drops = 0;
    std::uint64_t send_errors = 0;
    std::uint64_t receive_errors = 0;
    std::uint64_t rejected = 0; ///< datagrams from elsewhere than the target

    std::vector<std::string> remarks; ///< what the numbers do not say

    std::uint64_t of_kind(answer_kind kind) const {
        return streams[static_cast<std::size_t>(kind)];
    }
    /// Streams that sent and were not answered with anything that can be measured.
    std::uint64_t unanswered_streams() const;
    bool echoed() const { return of_kind(answer_kind::echoed) != 0; }
    /// Whether late and concealed packets can be told: by streams that were answered and whose
    /// clock is known, if any was.
    bool timed() const { return jitters != 0 || !answered(); }
    bool answered() const { return echoed() || of_kind(answer_kind::renumbered) != 0; }
};

/// All kinds of answers, in the order in which reports list them.
inline constexpr std::array<answer_kind, answer_kinds> listed_kinds{
    answer_kind::echoed,      answer_kind::renumbered, answer_kind::unusable, answer_kind::closed,
    answer_kind::unreachable, answer_kind::elsewhere,  answer_kind::silent,   answer_kind::unsent};

/// `echoed`, `closed`, …: as JSON and text call it.
const char* name_of(answer_kind kind);

/// \p run and \p options must outlive the result.
load_summary summarise(const program_options& options, const load_run& run);

/// `1000 streams x 50 packets/s to 127.0.0.1:5004, PCMU 20 ms, 10.0 s`
std::string parameters(const load_summary& s);

/// What was done on purpose, `loss 5 %, jitter 10 ms, seed 1`; empty if nothing.
std::string impairment_text(const impairment_options& options);

/// 12345678 as `12,345,678`.
std::string grouped(std::uint64_t n);
/// `12.500 %`; what is not 0 is not shown as 0.
std::string percent(double value);
/// With so many decimals.
std::string decimal(double value, int decimals);

} // namespace load
