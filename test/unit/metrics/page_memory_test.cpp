#include <boost/test/unit_test.hpp>

#include <rtpsynth/metrics/page.hpp>
#include <rtpsynth/metrics/stream_metrics.hpp>

#include "../heap.hpp"
#include "exposition.hpp"

#include <cstddef>
#include <functional>
#include <new>
#include <string>

// A page of metrics without memory.

namespace {

constexpr std::size_t all = static_cast<std::size_t>(-1);

std::size_t granted = all; ///< allocations to come
std::size_t to_refuse = 0; ///< those after them
std::size_t refused = 0;

bool is_granted() noexcept {
    if (granted == all) return true;
    if (granted != 0) return --granted, true;
    if (to_refuse == 0) return true;
    --to_refuse;
    ++refused;
    return false;
}

} // namespace

void* operator new(std::size_t size) {
    void* const p = is_granted() ? heap::take(size == 0 ? 1 : size, 0) : nullptr;
    if (p == nullptr) throw std::bad_alloc();
    return p;
}
void operator delete(void* p) noexcept { heap::give(p, 0); }
void operator delete(void* p, std::size_t) noexcept { heap::give(p, 0); }

namespace {

using namespace rtpsynth;

/// False if \p action failed for want of memory.
bool done_with(std::size_t grant, std::size_t refuse, const std::function<void()>& action) {
    refused = 0;
    to_refuse = refuse;
    granted = grant;
    try {
        action();
        granted = all;
        return true;
    } catch (const std::bad_alloc&) {
        granted = all;
        return false;
    }
}

/// Calls \p check(done) after \p add to a copy of \p page, once for each allocation of \p add that
/// can be refused, alone and with all after it.
void refuse_each(const metrics_page& page, const std::function<void(metrics_page&)>& add,
                 const std::function<void(metrics_page&, bool)>& check) {
    for (const std::size_t count : {std::size_t{1}, all}) {
        std::size_t n = 0;
        for (;; ++n) {
            metrics_page copy = page;
            const bool done = done_with(n, count, [&] { add(copy); });
            BOOST_TEST_CONTEXT("allocation " << n << ", refused " << refused) check(copy, done);
            if (refused == 0) break;
        }
        BOOST_TEST(n > 0U);
    }
}

void added_whole_or_not_at_all(const metrics_page& page,
                               const std::function<void(metrics_page&)>& add) {
    const std::string before = page.text();
    metrics_page more = page;
    add(more);
    const std::string after = more.text();
    BOOST_TEST(before != after);
    std::size_t failures = 0;
    refuse_each(page, add, [&](metrics_page& copy, bool done) {
        failures += !done;
        BOOST_TEST(copy.text() == (done ? after : before));
        if (!done) add(copy);
        BOOST_TEST(copy.text() == after);
    });
    BOOST_TEST(failures > 0U);
}

metrics_page some_page() {
    metrics_page page;
    page.gauge("a_gauge_of_some_length", "Help", 1, {{"leg", "a"}});
    page.counter("calls_total", "Help", 1, {{"leg", "a"}});
    duration_histogram h;
    h.record(duration{1'000'000});
    page.histogram("wait_seconds", "Help", h, {{"leg", "a"}});
    return page;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_new_family) {
    const metric_labels labels{{"leg", "a label that is not short"}};
    duration_histogram h;
    h.record(duration{1'000'000});
    for (const metrics_page& page : {metrics_page{}, some_page()}) {
        added_whole_or_not_at_all(page, [&](metrics_page& p) { p.gauge("g", "", 0.1); });
        added_whole_or_not_at_all(page, [&](metrics_page& p) {
            p.gauge("another_gauge_with_a_long_name", "What it is, in some words", 0.1, labels);
        });
        added_whole_or_not_at_all(page, [&](metrics_page& p) {
            p.counter("another_counter_with_a_long_name_total", "What it is", 12345, labels);
        });
        added_whole_or_not_at_all(page, [&](metrics_page& p) {
            p.histogram("another_wait_with_a_long_name_seconds", "What it is", h, labels);
        });
    }
}

BOOST_AUTO_TEST_CASE(another_sample_of_a_family) {
    const metric_labels labels{{"leg", "a label that is not short"}};
    duration_histogram h;
    h.record(duration{1'000'000});
    const metrics_page page = some_page();
    added_whole_or_not_at_all(
        page, [&](metrics_page& p) { p.gauge("a_gauge_of_some_length", "", 0.1, labels); });
    added_whole_or_not_at_all(page,
                              [&](metrics_page& p) { p.counter("calls_total", "", 2, labels); });
    added_whole_or_not_at_all(page,
                              [&](metrics_page& p) { p.histogram("wait_seconds", "", h, labels); });
}

BOOST_AUTO_TEST_CASE(many_families) {
    metrics_page page;
    for (int i = 0; i != 100; ++i) {
        const std::string name = "a_metric_with_a_long_name_" + std::to_string(i);
        added_whole_or_not_at_all(page, [&](metrics_page& p) { p.gauge(name, "", i); });
        page.gauge(name, "", i);
    }
}

// What of the statistics was added can be read; it is all of it if memory sufficed.
BOOST_AUTO_TEST_CASE(a_page_of_statistics_that_was_broken_off_can_be_read) {
    const metrics_page page = some_page();
    metrics_page whole = page;
    add_metrics(whole, playout_stats{}, {{"leg", "a"}});
    const std::string before = page.text(), text = whole.text();
    std::size_t parts = 0;
    refuse_each(
        page,
        [](metrics_page& p) {
            add_metrics(p, playout_stats{}, {{"leg", "a"}});
        },
        [&](metrics_page& copy, bool done) {
            const std::string some = copy.text();
            BOOST_CHECK_NO_THROW(exposition::read(some));
            BOOST_TEST(text.starts_with(some));
            BOOST_TEST((some == text) == done);
            parts += some != before && some != text;
        });
    BOOST_TEST(parts > 10U);
}

BOOST_AUTO_TEST_CASE(a_page_that_cannot_be_written_stays) {
    const metrics_page page = some_page();
    const std::string before = page.text();
    std::string text;
    BOOST_TEST(!done_with(0, 1, [&] { text = page.text(); }));
    BOOST_TEST(page.text() == before);
}
