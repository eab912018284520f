#include "common/json_lines.hpp"

#include <boost/json/serialize.hpp>
#include <boost/locale/utf.hpp>

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace common {
namespace {

constexpr int decimals = 3;

void print(std::ostream& out, double value) {
    if (!std::isfinite(value)) {
        out << "null";
        return;
    }
    std::array<char, std::numeric_limits<double>::max_exponent10 + 8> text; // sign, point, decimals
    const char* const end = std::to_chars(text.data(), text.data() + text.size(), value,
                                          std::chars_format::fixed, decimals)
                                .ptr;
    out.write(text.data(), end - text.data());
}

/// On one line. Boost.JSON itself writes numbers as 8.29E-1 and no space between members.
void print(std::ostream& out, const boost::json::value& value) {
    const char* separator = "";
    if (const auto* const object = value.if_object()) {
        out << '{';
        for (const auto& [key, member] : *object) {
            out << separator << boost::json::serialize(key) << ": ";
            print(out, member);
            separator = ", ";
        }
        out << '}';
    } else if (const auto* const array = value.if_array()) {
        out << '[';
        for (const auto& element : *array) {
            out << separator;
            print(out, element);
            separator = ", ";
        }
        out << ']';
    } else if (const double* const number = value.if_double()) {
        print(out, *number);
    } else {
        out << boost::json::serialize(value);
    }
}

} // namespace

boost::json::value json_text(std::string_view text) {
    boost::json::string valid;
    for (const char *at = text.data(), *const end = at + text.size(); at != end;) {
        const char* const start = at;
        const auto character = boost::locale::utf::utf_traits<char>::decode(at, end);
        if (boost::locale::utf::is_valid_codepoint(character)) {
            valid.append(start, at);
        } else {
            valid.append("\xef\xbf\xbd");
            at = start + 1;
        }
    }
    return valid;
}

json_lines::json_lines(std::ostream& out, std::size_t indent, char open, const char* close)
    : out_(out), indent_(indent), close_(close) {
    out_ << open;
}

json_lines::~json_lines() {
    if (!empty_) out_ << '\n' << std::string(indent_, ' ');
    out_ << close_;
}

void json_lines::begin_line() {
    out_ << (empty_ ? "\n" : ",\n") << std::string(indent_ + 2, ' ');
    empty_ = false;
}

void json_lines::begin_member(std::string_view key) {
    begin_line();
    out_ << boost::json::serialize(boost::json::string_view(key)) << ": ";
}

void json_lines::member(std::string_view key, const boost::json::value& value) {
    begin_member(key);
    print(out_, value);
}

json_lines json_lines::array(std::string_view key) {
    begin_member(key);
    return {out_, indent_ + 2, '[', "]"};
}

json_lines json_lines::object() {
    begin_line();
    return {out_, indent_ + 2, '{', "}"};
}

} // namespace common
