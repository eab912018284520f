/// \file
/// The summary for people.
#pragma once

#include "report/load_summary.hpp"

#include <cstddef>
#include <ostream>

namespace load {

struct text_style {
    bool colour = false;   ///< with ANSI colours
    std::size_t width = 0; ///< columns to which lines are broken; 0: they are not
};

/// Prints \p s.
void print_text(std::ostream& out, const load_summary& s, const text_style& style);

} // namespace load
