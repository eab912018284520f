/// \file
/// The size of the terminal.
#pragma once

#include <cstddef>

namespace common {

/// Columns of the terminal \p descriptor; 0 if it is not a terminal or its size is unknown.
std::size_t terminal_width(int descriptor) noexcept;

} // namespace common
