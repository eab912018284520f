/// \file
/// What is told of a run, as plain data.
#pragma once

#include "load_log.hpp"
#include "load_run.hpp"
#include "options.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace load {

/// The quantiles that are told of durations, in milliseconds.
struct quantiles {
    double p50 = 0, p90 = 0, p99 = 0, max = 0;
};

struct load_summary {
    const program_options* options = nullptr;
    const load_log* log = nullptr;

    bool interrupted = false;
    double sending_s = 0;
    double packets_per_s = 0;
    std::uint64_t sent = 0; ///< datagrams that the kernel took
    double loss_percent = 0;
    bool held = false;    ///< some came back, and not more were lost than allowed
    quantiles round_trip; ///< all 0 if nothing came back
    quantiles lateness;
    double mean_jitter_ms = 0; ///< RFC 3550, over all streams that received something
    double max_jitter_ms = 0;
    double cores = 0;         ///< CPU time by time, 1: one core fully used
    double cpu_us_packet = 0; ///< per packet made: sending it, and receiving its echo
    std::uint64_t kernel_drops = 0;
    std::uint64_t send_errors = 0;
    std::uint64_t receive_errors = 0;
    std::uint64_t rejected = 0; ///< datagrams from elsewhere than the target

    std::vector<std::string> remarks; ///< what makes the numbers doubtful
};

/// \p run and \p options must outlive the result.
load_summary summarise(const program_options& options, const load_run& run);

/// `1000 streams x 50 packets/s to 127.0.0.1:5004, PCMU 20 ms, 10.0 s`
std::string parameters(const load_summary& s);

/// What was done on purpose, `loss 5 %, jitter 10 ms, seed 1`; empty if nothing.
std::string impairment_text(const impairment_options& options);

/// 12345678 as `12,345,678`.
std::string grouped(std::uint64_t n);
/// With so many decimals.
std::string decimal(double value, int decimals);

} // namespace load
