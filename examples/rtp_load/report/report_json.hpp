/// \file
/// The summary as JSON.
#pragma once

#include "report/load_summary.hpp"

#include <ostream>

namespace load {

void print_json(std::ostream& out, const load_summary& s);

} // namespace load
