/// \file
/// The summary as an SVG picture.
#pragma once

#include "report/load_summary.hpp"

#include <ostream>

namespace load {

/// Draws two panels: the distribution of round trips on a logarithmic axis, and loss and rate over
/// time.
void print_svg(std::ostream& out, const load_summary& s);

} // namespace load
