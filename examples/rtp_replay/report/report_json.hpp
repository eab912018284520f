/// \file
/// The report as JSON.
#pragma once

#include "report/report.hpp"

#include <ostream>

namespace replay {

/// Prints one object, in UTF-8. Its members are `file`, `error` (null if all is well), the counts
/// of frames (`frames`, `udp_packets` and the others of frame_counts), `unknown_link_types`,
/// `streams_left_out`, `wav` (null or an object) and `streams`, an array of objects in
/// the order of the table. The names are mostly those of report's members. Addresses and SSRCs are
/// strings; times, percentages and jitter are numbers with three decimals; jitter, clock rates and
/// ptime are null if unknown. `missing` is another name of `lost`.
void print_json(std::ostream& out, const report& r);

} // namespace replay
