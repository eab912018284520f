#include <boost/test/unit_test.hpp>

#include "../effort.hpp"

#include <rtpsynth/base/duration_histogram.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <random>
#include <utility>
#include <vector>

namespace {

using namespace rtpsynth;
using ns = std::int64_t;

constexpr ns greatest = std::numeric_limits<ns>::max();

duration_histogram of(const std::vector<ns>& values) {
    duration_histogram h;
    for (const ns v : values) h.record(duration{v});
    return h;
}

// The bounds of a value's bucket as documented, not as the class computes them: one value below 32,
// and above it a sixteenth of the power of two that is not above the value.
std::pair<ns, ns> bucket_of(ns value) {
    ns power = 16;
    while (value / power >= 2) power *= 2;
    const ns width = power / 16;
    const ns low = value / width * width;
    return {low, low + (width - 1)};
}

struct bucket {
    ns low, high;
    std::uint64_t count;
};

std::vector<bucket> buckets(const duration_histogram& h) {
    std::vector<bucket> all;
    h.for_each_bucket([&](duration low, duration high, std::uint64_t count) {
        all.push_back({low.count(), high.count(), count});
    });
    return all;
}

std::vector<ns> edge_values() {
    std::vector<ns> values{0, 1, 2, greatest - 1, greatest};
    for (int bit = 0; bit != 63; ++bit)
        for (ns sixteenth = 0; sixteenth != 16; ++sixteenth) {
            const ns power = ns{1} << bit;
            const ns value = power + (power / 16) * sixteenth;
            for (const ns v : {value - 1, value, value == greatest ? value : value + 1})
                values.push_back(v);
        }
    std::mt19937_64 random{1};
    for (int i = 0; i != effort(20'000); ++i) // of every magnitude
        values.push_back(static_cast<ns>(random() >> 1) >> (random() % 63));
    return values;
}

// Of 1 µs to 1 s, with the long tail that latencies have.
std::vector<ns> latencies(std::size_t n, unsigned seed) {
    std::mt19937 random{seed};
    std::lognormal_distribution<double> tail{11, 1.5};
    std::vector<ns> values(n);
    for (ns& v : values) v = static_cast<ns>(tail(random));
    return values;
}

// The least value that a fraction q or more of all do not exceed.
ns true_quantile(std::vector<ns> sorted, double q) {
    std::sort(sorted.begin(), sorted.end());
    std::size_t i = 0;
    while (static_cast<double>(i + 1) < q * static_cast<double>(sorted.size())) ++i;
    return sorted[i];
}

void check_quantiles(const duration_histogram& h, const std::vector<ns>& values) {
    for (const double q :
         {0.0, 0.001, 0.01, 0.1, 0.25, 1.0 / 3, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999, 1.0}) {
        const ns wanted = true_quantile(values, q), got = h.quantile(q).count();
        BOOST_TEST(got >= wanted, "q " << q << " of " << values.size());
        BOOST_TEST(static_cast<double>(got - wanted) <= 0.0625 * static_cast<double>(wanted),
                   "q " << q << ": " << got << " for " << wanted);
    }
}

BOOST_AUTO_TEST_CASE(an_empty_histogram_is_zero) {
    const duration_histogram h;
    BOOST_TEST(h.count() == 0U);
    for (const duration d :
         {h.min(), h.max(), h.mean(), h.quantile(0), h.quantile(0.5), h.quantile(1)})
        BOOST_TEST(d.count() == 0);
    BOOST_TEST(buckets(h).empty());
}

BOOST_AUTO_TEST_CASE(a_value_is_in_its_bucket) {
    for (const ns value : edge_values()) {
        const auto all = buckets(of({value}));
        const auto [low, high] = bucket_of(value);
        BOOST_REQUIRE(all.size() == 1U);
        BOOST_TEST_INFO("value " << value);
        BOOST_REQUIRE(all[0].low == low);
        BOOST_TEST_INFO("value " << value);
        BOOST_REQUIRE(all[0].high == high);
        BOOST_REQUIRE(all[0].count == 1U);
    }
}

BOOST_AUTO_TEST_CASE(all_quantiles_of_one_value_are_that_value) {
    for (const ns value : edge_values()) {
        const auto h = of({value});
        for (const double q : {0.0, 0.5, 1.0}) BOOST_REQUIRE(h.quantile(q).count() == value);
        BOOST_REQUIRE(h.min().count() == value);
        BOOST_REQUIRE(h.max().count() == value);
    }
}

BOOST_AUTO_TEST_CASE(buckets_are_in_order_and_count_all) {
    const auto values = edge_values();
    const auto h = of(values);
    BOOST_TEST(h.count() == values.size());
    std::uint64_t total = 0;
    ns before = -1;
    for (const auto& b : buckets(h)) {
        BOOST_REQUIRE(b.low > before);
        BOOST_REQUIRE(b.high >= b.low);
        const auto inside = std::count_if(values.begin(), values.end(),
                                          [&](ns v) { return v >= b.low && v <= b.high; });
        BOOST_REQUIRE(b.count == static_cast<std::uint64_t>(inside));
        total += b.count;
        before = b.high;
    }
    BOOST_TEST(total == values.size());
    BOOST_TEST(before == greatest);
}

BOOST_AUTO_TEST_CASE(quantiles_are_right_to_a_sixteenth) {
    for (const unsigned n : {1U, 2U, 3U, 10U, 99U, 100U, 101U, 1000U, 20'000U}) {
        const auto values = latencies(n, n);
        check_quantiles(of(values), values);
    }
    check_quantiles(of(edge_values()), edge_values());
}

BOOST_AUTO_TEST_CASE(below_32_ns_quantiles_are_exact) {
    std::vector<ns> values(32);
    std::iota(values.begin(), values.end(), 0);
    const auto h = of(values);
    for (int i = 1; i <= 32; ++i) BOOST_TEST(h.quantile(i / 32.0).count() == i - 1);
    BOOST_TEST(h.quantile(0).count() == 0);
}

BOOST_AUTO_TEST_CASE(quantiles_are_clamped_to_0_to_1) {
    const auto h = of({3, 5, 7});
    BOOST_TEST(h.quantile(-1).count() == 3);
    BOOST_TEST(h.quantile(-std::numeric_limits<double>::infinity()).count() == 3);
    BOOST_TEST(h.quantile(2).count() == 7);
    BOOST_TEST(h.quantile(std::numeric_limits<double>::infinity()).count() == 7);
}

BOOST_AUTO_TEST_CASE(min_max_and_mean) {
    const auto values = latencies(1000, 9);
    const auto h = of(values);
    BOOST_TEST(h.min().count() == *std::min_element(values.begin(), values.end()));
    BOOST_TEST(h.max().count() == *std::max_element(values.begin(), values.end()));
    const ns sum = std::accumulate(values.begin(), values.end(), ns{0});
    BOOST_TEST(h.mean().count() == sum / 1000);
    BOOST_TEST(of({1, 2, 3, 5}).mean().count() == 2); // rounded down
}

BOOST_AUTO_TEST_CASE(negative_is_zero) {
    const auto h = of({-1, -1'000'000, std::numeric_limits<ns>::min(), 0, 10});
    BOOST_TEST(h.count() == 5U);
    BOOST_TEST(h.min().count() == 0);
    BOOST_TEST(h.max().count() == 10);
    BOOST_TEST(h.mean().count() == 2);
    BOOST_TEST(h.quantile(0.8).count() == 0);
    BOOST_TEST(h.quantile(0.81).count() == 10);
    BOOST_TEST(buckets(h).size() == 2U);
}

BOOST_AUTO_TEST_CASE(the_greatest_durations_do_not_overflow) {
    const auto h = of({greatest, greatest, greatest - 1});
    BOOST_TEST(h.max().count() == greatest);
    BOOST_TEST(h.quantile(0.5).count() == greatest);
    BOOST_TEST(h.mean().count() >= greatest - 1);
}

BOOST_AUTO_TEST_CASE(merging_equals_recording_together) {
    auto a = latencies(5000, 1);
    const auto b = latencies(300, 2);
    auto merged = of(a);
    merged.merge(of(b));
    a.insert(a.end(), b.begin(), b.end());
    const auto together = of(a);
    BOOST_TEST(merged.count() == together.count());
    BOOST_TEST(merged.min().count() == together.min().count());
    BOOST_TEST(merged.max().count() == together.max().count());
    BOOST_TEST(merged.mean().count() == together.mean().count());
    for (double q = 0; q <= 1; q += 0.01)
        BOOST_TEST(merged.quantile(q).count() == together.quantile(q).count());
    check_quantiles(merged, a);
}

BOOST_AUTO_TEST_CASE(merging_an_empty_histogram_changes_nothing) {
    auto h = of({5, 6});
    h.merge({});
    BOOST_TEST(h.count() == 2U);
    BOOST_TEST(h.min().count() == 5);
    BOOST_TEST(h.max().count() == 6);
    duration_histogram empty;
    empty.merge({});
    BOOST_TEST(empty.min().count() == 0);
    empty.merge(h);
    BOOST_TEST(empty.min().count() == 5);
    BOOST_TEST(empty.quantile(1).count() == 6);
}

} // namespace
