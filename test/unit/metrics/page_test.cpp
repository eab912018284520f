#include <rtpsynth/metrics/page.hpp>

#include "exposition.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

using namespace rtpsynth;
using namespace std::chrono_literals;
using exposition::read;

BOOST_AUTO_TEST_CASE(a_page_to_the_byte) {
    metrics_page page;
    BOOST_TEST(page.text() == "");
    page.counter("calls_total", "Calls", 1, {{"leg", "a"}});
    page.gauge("load", "Load\\now\nand \"then\"", 0.25);
    page.counter("calls_total", "not said again", 18446744073709551615U, {{"leg", "b"}});
    BOOST_TEST(page.text() == "# HELP calls_total Calls\n"
                              "# TYPE calls_total counter\n"
                              "calls_total{leg=\"a\"} 1\n"
                              "calls_total{leg=\"b\"} 18446744073709551615\n"
                              "# HELP load Load\\\\now\\nand \"then\"\n"
                              "# TYPE load gauge\n"
                              "load 0.25\n");
}

BOOST_AUTO_TEST_CASE(numbers_are_written_exactly) {
    constexpr double inf = std::numeric_limits<double>::infinity();
    for (const double value : {0.0, -1.5, 0.1, 1e-300, 1e300, 1.0 / 3, inf, -inf, 5e-324}) {
        metrics_page page;
        page.gauge("g", "", value);
        BOOST_TEST(read(page.text()).at("g").samples.begin()->second == value);
    }
    metrics_page page;
    page.gauge("g", "", std::nan(""));
    page.gauge("g", "", inf, {{"l", "i"}});
    page.gauge("g", "", -inf, {{"l", "m"}});
    BOOST_TEST(page.text() ==
               "# HELP g \n# TYPE g gauge\ng NaN\ng{l=\"i\"} +Inf\ng{l=\"m\"} -Inf\n");
}

BOOST_AUTO_TEST_CASE(names_and_types_are_checked) {
    metrics_page page;
    for (const auto* wrong : {"", "1a", "a-b", "a b", "\xc3\xa9"})
        BOOST_CHECK_THROW(page.gauge(wrong, "", 0), std::invalid_argument);
    page.gauge("a:b_1", "", 0);
    BOOST_CHECK_EXCEPTION(page.counter("a:b_1", "", 0), std::invalid_argument, [](auto& e) {
        return std::string_view{e.what()} == "metric 'a:b_1' is a gauge";
    });
    BOOST_CHECK_THROW(page.histogram("a:b_1", "", {}), std::invalid_argument);
    BOOST_TEST(page.text() == "# HELP a:b_1 \n# TYPE a:b_1 gauge\na:b_1 0\n");
}

BOOST_AUTO_TEST_CASE(any_value_of_a_label_can_be_read_again) {
    std::mt19937 random{1};
    metrics_page page;
    std::set<std::string> written;
    for (int i = 0; i != 300; ++i) {
        std::string value(random() % 12, 0);
        for (char& c : value) c = "a\\\n\"n{},= #\t\r"[random() % 13];
        if (written.insert(value).second) page.gauge("g", "", 1, {{"x", value}, {"y", value}});
    }
    const auto samples = read(page.text()).at("g").samples;
    BOOST_TEST(samples.size() == written.size());
    for (const auto& [key, number] : samples) {
        BOOST_TEST(written.count(key.second.at("x")) == 1U);
        BOOST_TEST(key.second.at("x") == key.second.at("y"));
    }
}

BOOST_AUTO_TEST_CASE(buckets_of_a_histogram_are_cumulative_and_exact) {
    duration_histogram h;
    std::mt19937_64 random{1};
    std::vector<duration> values{0ns,    1023ns,        1024ns,        2047ns,
                                 2048ns, 68719476735ns, 68719476736ns, duration::max()};
    for (int i = 0; i != 10000; ++i) values.emplace_back(random() >> (1 + random() % 63));
    double sum = 0;
    for (const duration d : values) {
        h.record(d);
        sum += std::chrono::duration<double>(d).count();
    }
    metrics_page page;
    page.histogram("wait_seconds", "Wait", h, {{"leg", "a"}});
    page.histogram("wait_seconds", "Wait", {});
    const auto family = read(page.text()).at("wait_seconds");
    BOOST_TEST(family.type == "histogram");
    BOOST_TEST(family.samples.size() == 2 * 30U);
    double limit = 1023e-9, last = 0;
    for (int bits = 10; bits <= 36; ++bits) {
        const duration most{(std::int64_t{1} << bits) - 1};
        const auto expected =
            std::count_if(values.begin(), values.end(), [&](duration d) { return d <= most; });
        bool found = false;
        for (const auto& [key, number] : family.samples) {
            if (key.first != "wait_seconds_bucket" || !key.second.count("leg")) continue;
            limit = exposition::number(key.second.at("le"));
            if (limit != std::chrono::duration<double>(most).count()) continue;
            found = true;
            BOOST_TEST(number == static_cast<double>(expected));
            BOOST_TEST(number >= last);
            last = number;
        }
        BOOST_TEST(found);
    }
    const auto at = [&](const std::string& name, exposition::labels l) {
        return family.samples.at({"wait_seconds" + name, l});
    };
    BOOST_TEST(at("_bucket", {{"leg", "a"}, {"le", "+Inf"}}) == 10008);
    BOOST_TEST(at("_count", {{"leg", "a"}}) == 10008);
    BOOST_TEST(at("_sum", {{"leg", "a"}}) == sum, boost::test_tools::tolerance(1e-9));
    BOOST_TEST(at("_bucket", {{"le", "+Inf"}}) == 0);
    BOOST_TEST(at("_sum", {}) == 0);
}

BOOST_AUTO_TEST_CASE(a_copy_is_a_page_of_its_own) {
    metrics_page page;
    page.gauge("g", "", 1, {{"l", "a"}});
    const std::string before = page.text();
    {
        metrics_page copy = page;
        copy.gauge("g", "", 2, {{"l", "b"}});
        copy.gauge("h", "", 3);
        BOOST_TEST(copy.text() == before + "g{l=\"b\"} 2\n# HELP h \n# TYPE h gauge\nh 3\n");
        BOOST_TEST(page.text() == before);
        page = copy;
    }
    page.gauge("h", "", 4, {{"l", "c"}});
    BOOST_TEST(page.text() == before + "g{l=\"b\"} 2\n# HELP h \n# TYPE h gauge\nh 3\n"
                                       "h{l=\"c\"} 4\n");
}
