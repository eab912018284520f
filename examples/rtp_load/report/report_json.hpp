/// \file
/// The summary as JSON.
#pragma once

#include "report/load_summary.hpp"

#include <ostream>

namespace load {

/// Prints one object; its members are those of `rtp_load --json`.
void print_json(std::ostream& out, const load_summary& s);

} // namespace load
