/// \file
/// The report as a table.
#pragma once

#include "report/report.hpp"

#include <ostream>

namespace replay {

/// \p colour uses ANSI escapes.
void print_table(std::ostream& out, const report& r, bool colour);

} // namespace replay
