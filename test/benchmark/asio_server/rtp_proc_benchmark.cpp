// How late rtp_proc calls, what that costs, and what an overload leaves of it. A plain program that
// prints tables; its argument is how many seconds each measurement takes (default 3).
//
// Schedule: 20,000 channels at 20 ms, phases at random. Lateness is from a call's deadline to the
// time the handler was told; drift is how far the last deadline of any channel is from its first
// plus as many periods as it had calls; CPU is the whole process.
//
// Overload: how many handlers of 50 µs one thread can call in a second is measured first; then
// channels that ask for twice that run beside 10 healthy ones, which ask for a call every 20 ms and
// do nothing in it. What is left of the healthy ones' calls is counted, and how long commands take:
// from create_channel to the first call, and from post to the handler.
#include <rtpsynth/asio_server/proc/rtp_proc.hpp>
#include <rtpsynth/base/duration_histogram.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <time.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <random>
#include <thread>
#include <vector>

namespace {

using namespace rtpsynth;
using namespace rtpsynth::asio_server;
using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;
using channels = std::vector<std::shared_ptr<rtp_proc_channel>>;

constexpr duration period = 20ms;
constexpr duration work = 50us;

double to_seconds(duration d) { return std::chrono::duration<double>(d).count(); }
double to_ms(duration d) { return to_seconds(d) * 1e3; }

double cpu_seconds() {
    timespec t{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

// What handlers write and main reads once they are closed and the rtp_proc is shut down.
struct schedule {
    time_point first{};
    time_point last{};
    std::int64_t periods = 0;
};

// A context of the application's with its thread; ends when destroyed.
struct application {
    boost::asio::io_context context{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{
        context.get_executor()};
    std::thread thread{[this] { context.run(); }};
    ~application() {
        work.reset();
        thread.join();
    }
};

void measure_schedule(const char* name, rtp_proc& proc, std::size_t n, duration length) {
    std::mt19937 random{1};
    std::uniform_int_distribution<duration::rep> phase{0, period.count() - 1};
    std::vector<schedule> schedules(n);
    duration_histogram lateness;
    std::atomic<bool> counting{false};
    channels all;
    const auto start = clock_type::now() + 200ms;
    for (auto& s : schedules) {
        s.first = s.last = start + duration{phase(random)};
        all.push_back(proc.create_channel([&s, &lateness, &counting](time_point now, time_point t) {
            if (t == time_point{}) return s.first;
            if (counting.load(std::memory_order_relaxed)) lateness.record(now - t);
            s.last = t + period;
            ++s.periods;
            return s.last;
        }));
    }
    std::this_thread::sleep_until(start + 300ms);
    counting = true;
    const double cpu = cpu_seconds();
    const auto begin = clock_type::now();
    std::this_thread::sleep_for(length);
    const double used = cpu_seconds() - cpu;
    const double took = to_seconds(clock_type::now() - begin);
    counting = false;
    proc.shutdown();
    duration drift{};
    for (const auto& s : schedules)
        drift = std::max(drift, std::chrono::abs(s.last - s.first - s.periods * period));
    std::printf("  %-22s %8zu %10.0f %8.3f %8.3f %8.3f %7.1f %9lld\n", name, n,
                static_cast<double>(lateness.count()) / took, to_ms(lateness.quantile(0.5)),
                to_ms(lateness.quantile(0.99)), to_ms(lateness.max()), used / took * 100,
                static_cast<long long>(drift.count()));
}

void spin() {
    for (const auto end = clock_type::now() + work; clock_type::now() < end;) {
    }
}

using demand = std::optional<time_point> (*)(time_point now, time_point deadline);

// The calls a second that channels which are always overdue get.
double possible_load() {
    rtp_proc proc;
    channels all;
    for (int i = 0; i != 100; ++i)
        all.push_back(proc.create_channel([](time_point now, time_point) {
            spin();
            return now;
        }));
    std::this_thread::sleep_for(100ms);
    const auto before = proc.stats().calls;
    const auto begin = clock_type::now();
    std::this_thread::sleep_for(1s);
    const auto calls = proc.stats().calls - before;
    return static_cast<double>(calls) / to_seconds(clock_type::now() - begin);
}

void measure_overload(const char* name, std::size_t n, demand next, duration length) {
    constexpr std::size_t healthy = 10;
    rtp_proc proc;
    duration_histogram created, posted;
    std::atomic<std::uint64_t> kept{0}, others{0};
    std::atomic<bool> counting{false};
    channels all;
    for (std::size_t i = 0; i != n + healthy; ++i) {
        if (i % (n / healthy + 1) == 0 && i / (n / healthy + 1) < healthy) {
            all.push_back(proc.create_channel([&](time_point now, time_point deadline) {
                if (counting) ++kept;
                return (deadline == time_point{} ? now : deadline) + period;
            }));
        } else {
            all.push_back(proc.create_channel([&, next](time_point now, time_point deadline) {
                if (counting) ++others;
                spin();
                return next(now, deadline);
            }));
        }
    }
    std::this_thread::sleep_for(1s);
    const auto begin = clock_type::now();
    counting = true;
    while (clock_type::now() - begin < length) {
        std::promise<void> called, ran;
        const auto t = clock_type::now();
        const auto one = proc.create_channel([&](time_point now, time_point) {
            created.record(now - t);
            called.set_value();
            return std::optional<time_point>{};
        });
        called.get_future().wait();
        const auto p = clock_type::now();
        boost::asio::post(proc.get_executor(), [&] {
            posted.record(clock_type::now() - p);
            ran.set_value();
        });
        ran.get_future().wait();
        std::this_thread::sleep_for(10ms);
    }
    counting = false;
    const double took = to_seconds(clock_type::now() - begin);
    const double asked = took / to_seconds(period) * healthy;
    std::printf("  %-22s %8zu %10.0f %8.1f %8.3f %8.3f %8.3f %8.3f\n", name, n,
                static_cast<double>(others.load()) / took,
                100 * static_cast<double>(kept.load()) / asked, to_ms(created.quantile(0.99)),
                to_ms(created.max()), to_ms(posted.quantile(0.99)), to_ms(posted.max()));
}

} // namespace

int main(int argc, char** argv) {
    const double seconds = argc > 1 ? std::atof(argv[1]) : 3;
    if (!(seconds > 0 && seconds < 1e6)) {
        std::fprintf(stderr, "usage: rtp_proc_benchmark [SECONDS]\n");
        return 2;
    }
    const auto length =
        std::chrono::duration_cast<duration>(std::chrono::duration<double>{seconds});

    std::printf(
        "schedule                 channels    calls/s   lateness, ms              CPU     "
        "drift\n"
        "                                                p50      p99      max       %%        "
        "ns\n");
    {
        rtp_proc proc;
        measure_schedule("own thread", proc, 100, length);
    }
    for (const std::size_t n : {1'000U, 20'000U}) {
        rtp_proc proc;
        measure_schedule("own thread", proc, n, length);
    }
    {
        application app;
        rtp_proc proc{app.context.get_executor()};
        measure_schedule("application's context", proc, 20'000, length);
    }

    const double possible = possible_load();
    const auto twice = static_cast<std::size_t>(2 * possible * to_seconds(period));
    std::printf(
        "\npossible load: %.0f calls/s of %lld µs\n\n"
        "twice that               channels    calls/s  healthy   create, ms         post, "
        "ms\n"
        "                                      got   kept, %%      p99      max      p99      "
        "max\n",
        possible, static_cast<long long>(work / 1us));
    measure_overload(
        "deadline + 20 ms", twice,
        [](time_point, time_point t) {
            return std::optional{(t == time_point{} ? clock_type::now() : t) + period};
        },
        length);
    measure_overload(
        "now + 20 ms", twice,
        [](time_point now, time_point) { return std::optional{now + period}; }, length);
    measure_overload(
        "now", twice, [](time_point now, time_point) { return std::optional{now}; }, length);
}
