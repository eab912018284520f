/// \file
/// Writing a report as JSON (RFC 8259): Boost.JSON's values, a member a line.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <optional>
#include <ostream>
#include <string>
#include <string_view>

namespace common {

/// A string. A byte that is not UTF-8, which a file name may have, becomes U+FFFD.
boost::json::value json_text(std::string_view text);

/// null where there is no value.
template <class Value>
boost::json::value json_or_null(const std::optional<Value>& value) {
    return value ? boost::json::value(*value) : nullptr;
}

/// Writes an object or an array to a stream as its members or elements are given, one a line, so
/// that a long report needs no memory. What is given as a value stays on its line. Floating-point
/// numbers are written with three decimals; infinities and NaN, which JSON has not, become null.
class json_lines {
public:
    /// The outermost object; a line feed follows it.
    explicit json_lines(std::ostream& out) : json_lines(out, 0, '{', "}\n") {}
    /// Closes the object or array. Those that were opened in it are to be closed before.
    ~json_lines();
    json_lines(const json_lines&) = delete;
    json_lines& operator=(const json_lines&) = delete;

    /// A member of an object, which must have had none of this key.
    void member(std::string_view key, const boost::json::value& value);
    /// A member that is an array, a line for each of its elements.
    json_lines array(std::string_view key);
    /// An element of an array that is an object, a line for each of its members.
    json_lines object();

private:
    json_lines(std::ostream& out, std::size_t indent, char open, const char* close);
    void begin_line();
    void begin_member(std::string_view key);

    std::ostream& out_;
    std::size_t indent_; // of the line where it was opened
    const char* close_;
    bool empty_ = true;
};

} // namespace common
