/// \file
/// A number on a command line.
#pragma once

#include <charconv>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>

namespace common {

/// Parses all of \p text as a number in [\p least, \p most].
/// \throws std::invalid_argument: "TEXT is not a valid WHAT"; \p what includes the range
template <class Number = std::uint32_t>
Number number_argument(std::string_view text, std::type_identity_t<Number> least,
                       std::type_identity_t<Number> most, std::string_view what, int base = 10) {
    Number value = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value, base);
    if (error != std::errc{} || stop != end || value < least || value > most)
        throw std::invalid_argument("'" + std::string(text) + "' is not a valid " +
                                    std::string(what));
    return value;
}

/// The same for a number with decimals.
inline double decimal_argument(std::string_view text, double least, double most,
                               std::string_view what) {
    double value = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value, std::chars_format::fixed);
    if (error != std::errc{} || stop != end || !(value >= least && value <= most))
        throw std::invalid_argument("'" + std::string(text) + "' is not a valid " +
                                    std::string(what));
    return value;
}

} // namespace common
