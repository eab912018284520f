/// \file
/// What is known of the terminal, if there is one.
#pragma once

#include <cstddef>

namespace common {

/// Columns of the terminal that \p descriptor is; 0 if it is none or does not say.
std::size_t terminal_width(int descriptor) noexcept;

} // namespace common
