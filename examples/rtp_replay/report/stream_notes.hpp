/// \file
/// What there is to say of a stream beside its row in the table.
#pragma once

#include "report/report.hpp"

#include <cstdint>
#include <ostream>
#include <set>
#include <vector>

namespace replay {

/// A line for each thing that is out of the ordinary: restarts, rejected and invalid packets, two
/// senders, encryption.
void print_stream_notes(std::ostream& out, const stream_summary& s);

/// Payload types whose clock rate is not known, in streams without jitter for want of it; telephone
/// events need none.
std::set<std::uint8_t> types_without_clock(const std::vector<stream_summary>& streams);

} // namespace replay
