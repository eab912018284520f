/// \file
/// The summary as text.
#pragma once

#include "report/load_summary.hpp"

#include <cstddef>
#include <ostream>

namespace load {

struct text_style {
    bool colour = false;   ///< with ANSI colours
    std::size_t width = 0; ///< columns at which lines are wrapped; 0: no wrapping
};

/// Prints \p s.
void print_text(std::ostream& out, const load_summary& s, const text_style& style);

} // namespace load
