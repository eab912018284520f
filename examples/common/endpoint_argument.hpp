/// \file
/// A host and its ports on a command line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace common {

/// Whether port 0, one of the system's choice, is one.
enum class port_zero { refused, allowed };

/// `HOST:PORT` or `HOST:FIRST-LAST`. An IPv6 address stands in brackets, here without them:
/// `[::1]:5004`, `[fe80::1%eth0]:5004`.
struct endpoint_argument {
    std::string host; ///< an address or a name, not resolved; never empty
    std::uint16_t first_port = 0;
    std::uint16_t last_port = 0; ///< included; not below first_port

    std::size_t ports() const noexcept { return std::size_t{last_port} - first_port + 1; }
};

/// \throws std::invalid_argument saying what is wrong with \p text, which it cites
endpoint_argument parse_endpoint(std::string_view text, port_zero zero = port_zero::refused);

/// As it is given: `HOST:PORT`, `[ADDRESS]:FIRST-LAST`, …
std::string to_string(const endpoint_argument& argument);

} // namespace common
