/// \file
/// Writing JSON (RFC 8259).
#pragma once

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>

namespace common::json {

/// A string. A byte that is no UTF-8, which a file name may have, becomes the replacement
/// character.
std::string quoted(std::string_view text);
/// With three decimals; null if it is no finite number.
std::string number(double value);
std::string number(const std::optional<double>& value);
std::string boolean(bool value);

/// Members of an object or elements of an array, one a line, with the commas between them.
class block {
public:
    block(std::ostream& out, int depth)
        : out_(out), indent_(static_cast<std::size_t>(depth), ' ') {}

    void element(const std::string& value);
    void member(const char* key, const std::string& value);
    void member(const char* key, std::uint64_t value);

private:
    std::ostream& out_;
    std::string indent_;
    bool first_ = true;
};

} // namespace common::json
