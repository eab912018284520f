// Reports as JSON: the layout, and what a report may hold that JSON does not have.

#include "common/json_lines.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <limits>
#include <sstream>
#include <string>

namespace {

namespace json = boost::json;
using common::json_lines;
using common::json_text;

std::string printed(const json::value& value) {
    std::ostringstream out;
    { json_lines(out).member("v", value); }
    BOOST_TEST(json::parse(out.str()).is_object()); // whatever it is, it is JSON
    const std::string text = out.str();
    BOOST_TEST_REQUIRE(text.starts_with("{\n  \"v\": "));
    BOOST_TEST_REQUIRE(text.ends_with("\n}\n"));
    return text.substr(9, text.size() - 12);
}

} // namespace

BOOST_AUTO_TEST_CASE(a_member_and_an_element_have_a_line_each) {
    std::ostringstream out;
    {
        json_lines report(out);
        report.member("file", json_text("a"));
        {
            json_lines streams = report.array("streams");
            for (const int n : {1, 2}) {
                json_lines stream = streams.object();
                stream.member("n", n);
                stream.member("kinds", json::array{1, json::object{{"x", nullptr}, {"y", true}}});
            }
        }
        report.array("none");
    }
    BOOST_TEST(out.str() == R"({
  "file": "a",
  "streams": [
    {
      "n": 1,
      "kinds": [1, {"x": null, "y": true}]
    },
    {
      "n": 2,
      "kinds": [1, {"x": null, "y": true}]
    }
  ],
  "none": []
}
)");
}

BOOST_AUTO_TEST_CASE(numbers_are_readable) {
    BOOST_TEST(printed(0.829) == "0.829");
    BOOST_TEST(printed(0.0) == "0.000");
    BOOST_TEST(printed(-1234567.00049) == "-1234567.000");
    BOOST_TEST(printed(0.00051) == "0.001");
    BOOST_TEST(printed(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615");
    BOOST_TEST(printed(-std::numeric_limits<double>::max()).size() == 1 + 309 + 4);
    BOOST_TEST(printed(std::numeric_limits<double>::infinity()) == "null");
    BOOST_TEST(printed(std::numeric_limits<double>::quiet_NaN()) == "null");
    BOOST_TEST(printed(common::json_or_null(std::optional<double>())) == "null");
    BOOST_TEST(printed(common::json_or_null(std::optional(1.5))) == "1.500");
}

BOOST_AUTO_TEST_CASE(text_is_utf8_whatever_the_bytes_are) {
    const std::string replaced = "\xef\xbf\xbd";
    const auto check = [&](const std::string& bytes, const std::string& text) {
        BOOST_TEST(json_text(bytes).as_string() == text);
        BOOST_TEST(json::parse(printed(json_text(bytes))).as_string() == text);
    };
    check("", "");
    check("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
    check("a\"\\\n\x01", "a\"\\\n\x01");
    check("\xff"
          "a",
          replaced + "a");
    check("\xe2\x82"
          "b",
          replaced + replaced + "b");                                     // what follows is kept
    check("\xc3", replaced);                                              // incomplete
    check("\xc0\xaf", replaced + replaced);                               // overlong
    check("\xed\xa0\x80", replaced + replaced + replaced);                // a surrogate
    check("\xf4\x90\x80\x80", replaced + replaced + replaced + replaced); // beyond U+10FFFF
}
