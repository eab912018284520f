#include <rtpsynth/metrics/labels.hpp>

#include <boost/test/unit_test.hpp>

#include <stdexcept>
#include <string>

using rtpsynth::metric_labels;
using namespace std::string_literals;

namespace {

std::string written(std::string_view value) { return metric_labels{{"l", value}}.text(); }

} // namespace

BOOST_AUTO_TEST_CASE(labels_are_written_in_order) {
    BOOST_TEST(metric_labels{}.text() == "");
    const metric_labels one{{"call", "4711"}};
    BOOST_TEST(one.text() == "call=\"4711\"");
    const metric_labels two{{"call", "4711"}, {"leg", ""}};
    BOOST_TEST(two.text() == "call=\"4711\",leg=\"\"");
    BOOST_TEST(one.with("leg", "").text() == two.text());
    BOOST_TEST(one.text() == "call=\"4711\"");
}

BOOST_AUTO_TEST_CASE(values_are_escaped) {
    BOOST_TEST(written("a\\b\"c\nd") == "l=\"a\\\\b\\\"c\\nd\"");
    BOOST_TEST(written("{,=}# \t\r") == "l=\"{,=}# \t\r\"");
    BOOST_TEST(written("\0"s) == "l=\"\0\""s);
}

BOOST_AUTO_TEST_CASE(what_is_not_utf8_is_replaced) {
    for (const auto* good : {"\xc3\xa9", "\xe2\x82\xac", "\xed\x9f\xbf", "\xee\x80\x80",
                             "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "\xe0\xa0\x80", "\xc2\x80"})
        BOOST_TEST(written(good) == "l=\"" + std::string{good} + '"');
    const auto replaced = [](std::string_view bad, int times) {
        std::string expected = "l=\"";
        for (int i = 0; i != times; ++i) expected += "\xef\xbf\xbd";
        BOOST_TEST(written(bad) == expected + '"');
    };
    replaced("\x80", 1);
    replaced("\xff", 1);
    replaced("\xc3", 1);             // cut off
    replaced("\xe2\x82", 2);         // cut off
    replaced("\xc0\x80", 2);         // overlong
    replaced("\xe0\x9f\xbf", 3);     // overlong
    replaced("\xf0\x8f\xbf\xbf", 4); // overlong
    replaced("\xed\xa0\x80", 3);     // a surrogate
    replaced("\xf4\x90\x80\x80", 4); // beyond U+10FFFF
    replaced("\xf5\x80\x80\x80", 4);
    BOOST_TEST(written("\xe2\x82\"x") == "l=\"\xef\xbf\xbd\xef\xbf\xbd\\\"x\"");
}

BOOST_AUTO_TEST_CASE(names_are_checked) {
    for (const auto* wrong : {"", "1a", "a-b", "a:b", "__a", "le", "a b", "\xc3\xa9"})
        BOOST_CHECK_EXCEPTION((metric_labels{{wrong, "x"}}), std::invalid_argument, [&](auto& e) {
            return e.what() == "'" + std::string{wrong} + "' is no name of a label";
        });
    for (const auto* right : {"a", "_a", "A1_", "lee"})
        BOOST_TEST((metric_labels{{right, "x"}}).text() == right + "=\"x\""s);
}

BOOST_AUTO_TEST_CASE(a_name_is_there_once) {
    const auto twice = [](auto& e) { return e.what() == "the label 'a' is there already"s; };
    BOOST_CHECK_EXCEPTION((metric_labels{{"a", "x"}, {"a", "y"}}), std::invalid_argument, twice);
    BOOST_CHECK_EXCEPTION((metric_labels{{"b", "x"}, {"a", "x"}}.with("a", "")),
                          std::invalid_argument, twice);
    // Neither the end of another name nor the text of a value.
    BOOST_TEST((metric_labels{{"aa", "x"}, {"a", "y"}}).text() == "aa=\"x\",a=\"y\"");
    BOOST_TEST((metric_labels{{"b", "\",a=\""}, {"a", "y"}}).text() == R"(b="\",a=\"",a="y")");
}
