/// \file
/// A host and its ports on a command line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace common {

/// Whether port 0, which lets the system choose, is accepted.
enum class port_zero { refused, allowed };

/// `HOST:PORT` or `HOST:FIRST-LAST`. On the command line an IPv6 address is written in brackets:
/// `[::1]:5004`, `[fe80::1%eth0]:5004`.
struct endpoint_argument {
    std::string host; ///< address or name, not resolved, without brackets; never empty
    std::uint16_t first_port = 0;
    std::uint16_t last_port = 0; ///< inclusive; at least first_port

    std::size_t ports() const noexcept { return std::size_t{last_port} - first_port + 1; }
};

/// \throws std::invalid_argument with a message that quotes \p text
endpoint_argument parse_endpoint(std::string_view text, port_zero zero = port_zero::refused);

/// In the form of the command line: `HOST:PORT`, `[ADDRESS]:FIRST-LAST`, …
std::string to_string(const endpoint_argument& argument);

} // namespace common
