/// \file
/// The summary that a person reads.
#pragma once

#include "load_summary.hpp"

#include <ostream>

namespace load {

/// \p colour: with the terminal's escape sequences for it.
void print_text(std::ostream& out, const load_summary& s, bool colour);

} // namespace load
