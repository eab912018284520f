/// \file
/// The summary as a picture.
#pragma once

#include "report/load_summary.hpp"

#include <ostream>

namespace load {

/// An SVG of two panels: the distribution of the round trips, on a logarithmic axis, and the loss
/// and rate over time.
void print_svg(std::ostream& out, const load_summary& s);

} // namespace load
