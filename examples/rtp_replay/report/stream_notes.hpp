/// \file
/// Remarks on a stream below its row in the table.
#pragma once

#include "report/report.hpp"

#include <cstdint>
#include <ostream>
#include <set>
#include <vector>

namespace replay {

/// Prints a line with quality, longest pause between packets, clock drift and digits, as far as
/// they are known.
void print_measures(std::ostream& out, const stream_summary& s);

/// Prints a line for each irregularity: restarts, rejected and invalid packets, two senders,
/// encryption.
void print_stream_notes(std::ostream& out, const stream_summary& s);

/// Payload types of unknown clock rate, whose jitter is therefore unknown; telephone events need
/// none.
std::set<std::uint8_t> types_without_clock(const std::vector<stream_summary>& streams);

} // namespace replay
