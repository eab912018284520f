// What arming, cancelling and firing cost as the number of timers grows from 1,000 to 1,000,000.
//
// Deadlines are spread at random over 20 ms. "seq" visits the timers as they lie in memory, "rnd"
// in a random order, where at 1,000,000 timers (64 MB) each one is a cache miss. Yardsticks in the
// same run: `touch` counts in one word of each timer in that order, `chase` follows a pointer
// through each (what a miss costs when nothing overlaps it), `map_…` does the same work with a
// std::multimap. Times are per operation on one timer. The table at the end gives the ratio
// 1,000,000 to 1,000.
#include <rtpsynth/base/timer_wheel.hpp>

#include <benchmark/benchmark.h>

#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <map>
#include <numeric>
#include <random>
#include <string>
#include <vector>

namespace {

using rtpsynth::duration;
using rtpsynth::time_point;
using rtpsynth::timer_wheel;
using std::chrono::milliseconds;
using queue = std::multimap<time_point, std::uint32_t>;

constexpr duration period = milliseconds{20};
constexpr std::int64_t sizes[] = {1'000, 10'000, 100'000, 1'000'000};

struct alignas(64) client : timer_wheel::timer {
    client* next_client = nullptr;
    std::uint64_t touched = 0;
};

struct random_deadline {
    std::uint64_t state = 1;
    time_point operator()() noexcept {
        state = state * 6364136223846793005U + 1442695040888963407U;
        return time_point{duration{static_cast<std::int64_t>(
            (state >> 32) * static_cast<std::uint64_t>(period.count()) >> 32)}};
    }
};

std::vector<std::uint32_t> visiting_order(std::size_t n, bool shuffled, unsigned seed = 1) {
    std::vector<std::uint32_t> order(n);
    std::iota(order.begin(), order.end(), 0U);
    if (shuffled) std::shuffle(order.begin(), order.end(), std::mt19937{seed});
    return order;
}

struct clients {
    explicit clients(const benchmark::State& state)
        : timers(static_cast<std::size_t>(state.range(0))),
          order{visiting_order(timers.size(), state.range(1) != 0)} {}

    std::vector<client> timers;
    std::vector<std::uint32_t> order;
    timer_wheel wheel{time_point{}};
    random_deadline deadline;

    void arm_all() {
        for (const auto i : order) wheel.arm(timers[i], deadline());
    }
    void cancel_all() {
        for (const auto i : order) timers[i].cancel();
    }
};

// Processor time, which other programs on the machine disturb less than the clock on the wall.
double cpu_seconds() {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

// Times `work` over all timers, and does `undo` off the clock.
template <class Work, class Undo>
void measure(benchmark::State& state, Work&& work, Undo&& undo) {
    const auto n = static_cast<std::size_t>(state.range(0));
    for (auto _ : state) {
        const double start = cpu_seconds();
        work();
        const double spent = cpu_seconds() - start;
        undo();
        state.SetIterationTime(spent / static_cast<double>(n));
    }
    state.SetLabel(state.range(1) ? "rnd" : "seq");
}

void arm(benchmark::State& state) {
    clients c{state};
    measure(
        state, [&] { c.arm_all(); }, [&] { c.cancel_all(); });
}

void cancel(benchmark::State& state) {
    clients c{state};
    // Cancelled in an order of its own, unrelated to that of arming.
    const auto order = visiting_order(c.timers.size(), state.range(1) != 0, 2);
    c.arm_all();
    measure(
        state,
        [&] {
            for (const auto i : order) c.timers[i].cancel();
        },
        [&] { c.arm_all(); });
}

// With n armed: a timer is armed and at once cancelled, as when an answer comes in time.
void arm_cancel(benchmark::State& state) {
    clients c{state};
    clients spare{state};
    c.arm_all();
    measure(
        state,
        [&] {
            for (const auto i : spare.order) {
                c.wheel.arm(spare.timers[i], c.deadline());
                spare.timers[i].cancel();
            }
        },
        [] {});
}

void rearm(benchmark::State& state) {
    clients c{state};
    c.arm_all();
    measure(
        state, [&] { c.arm_all(); }, [] {});
}

// Each timer fires every 20 ms and re-arms itself; time moves on by 0.25 ms a call. In the first
// period the timers are in random order, from then on they are armed in the order of their
// deadlines: `Jitter` keeps it random by up to 1 ms for good.
// Two others wait for an hour meanwhile.
template <bool Jitter>
void periodic(benchmark::State& state) {
    clients c{state};
    c.arm_all();
    timer_wheel::timer far[2];
    for (timer_wheel::timer& t : far) c.wheel.arm(t, time_point{} + std::chrono::hours{1});
    benchmark::DoNotOptimize(c.wheel.next_deadline());
    time_point now{};
    const auto one_period = [&] {
        for (const time_point end = now + period; now < end;) {
            now += std::chrono::microseconds{250};
            c.wheel.advance(now, c.timers.size(), [&](timer_wheel::timer& t) {
                const duration late = Jitter ? c.deadline().time_since_epoch() / 20 : duration{};
                c.wheel.arm(t, t.deadline() + period + late);
            });
            benchmark::DoNotOptimize(c.wheel.next_deadline());
        }
    };
    one_period();
    measure(state, one_period, [] {});
}

// The worst case for an unordered slot: the earliest timer is rearmed again and again, and each
// time the next deadline is asked for. All timers are 30 s ahead.
void put_off_first(benchmark::State& state) {
    clients c{state};
    const auto far = std::chrono::seconds{30};
    time_point now{};
    const duration step = period / state.range(0);
    for (const auto i : c.order) c.wheel.arm(c.timers[i], (now += step) + far);
    measure(
        state,
        [&] {
            for (const auto i : c.order) {
                c.wheel.arm(c.timers[i], (now += step) + far);
                benchmark::DoNotOptimize(c.wheel.next_deadline());
            }
        },
        [] {});
}

void touch(benchmark::State& state) {
    clients c{state};
    measure(
        state,
        [&] {
            for (const auto i : c.order) ++c.timers[i].touched;
            benchmark::ClobberMemory();
        },
        [] {});
}

void chase(benchmark::State& state) {
    clients c{state};
    for (std::size_t i = 0; i != c.order.size(); ++i) {
        c.timers[c.order[i]].next_client = &c.timers[c.order[(i + 1) % c.order.size()]];
    }
    const client* at = c.timers.data();
    measure(
        state,
        [&] {
            for (std::size_t i = 0; i != c.order.size(); ++i) at = at->next_client;
            benchmark::DoNotOptimize(at);
        },
        [] {});
}

struct map_clients {
    explicit map_clients(const benchmark::State& state)
        : where(static_cast<std::size_t>(state.range(0))),
          order{visiting_order(where.size(), state.range(1) != 0)} {}

    std::vector<queue::iterator> where;
    std::vector<std::uint32_t> order;
    queue timers;
    random_deadline deadline;

    void arm_all() {
        for (const auto i : order) where[i] = timers.emplace(deadline(), i);
    }
};

void map_arm(benchmark::State& state) {
    map_clients c{state};
    measure(
        state, [&] { c.arm_all(); }, [&] { c.timers.clear(); });
}

void map_cancel(benchmark::State& state) {
    map_clients c{state};
    const auto order = visiting_order(c.where.size(), state.range(1) != 0, 2);
    c.arm_all();
    measure(
        state,
        [&] {
            for (const auto i : order) c.timers.erase(c.where[i]);
        },
        [&] { c.arm_all(); });
}

template <bool Jitter>
void map_periodic(benchmark::State& state) {
    map_clients c{state};
    c.arm_all();
    time_point now{};
    const auto one_period = [&] {
        for (now += period; c.timers.begin()->first <= now;) {
            auto node = c.timers.extract(c.timers.begin());
            node.key() += period + (Jitter ? c.deadline().time_since_epoch() / 20 : duration{});
            c.timers.insert(std::move(node));
        }
    };
    one_period();
    measure(state, one_period, [] {});
}

// A table of the least time of each row by number of timers; until it is there, what was measured.
class table_reporter : public benchmark::BenchmarkReporter {
public:
    bool ReportContext(const Context& context) override {
        PrintBasicContext(&std::cerr, context);
        return true;
    }

    void ReportRuns(const std::vector<Run>& runs) override {
        std::cerr << runs.front().run_name.str() << std::endl;
        for (const Run& run : runs) {
            if (run.run_type != Run::RT_Iteration || run.error_occurred) continue;
            const std::string name = run.run_name.function_name + " " + run.report_label;
            const std::string args = run.run_name.args; // "1000/1"
            double& least = rows_[name].try_emplace(std::stoll(args), 1e300).first->second;
            least = std::min(least, run.GetAdjustedRealTime());
        }
    }

    void Finalize() override {
        std::printf("\n%-20s", "ns per operation");
        for (const auto n : sizes) std::printf("%11lld", static_cast<long long>(n));
        std::printf("%8s\n", "ratio");
        for (const auto& [name, times] : rows_) {
            std::printf("%-20s", name.c_str());
            for (const auto n : sizes) {
                if (const auto t = times.find(n); t != times.end()) {
                    std::printf("%11.1f", t->second);
                } else {
                    std::printf("%11s", "-");
                }
            }
            if (times.count(sizes[0]) && times.count(sizes[3])) {
                std::printf("%8.2f", times.at(sizes[3]) / times.at(sizes[0]));
            }
            std::printf("\n");
        }
    }

private:
    std::map<std::string, std::map<std::int64_t, double>> rows_;
};

// An iteration is a pass over all timers, and its time is given per timer: so their number is
// fixed.
void add(const char* name, void (*run)(benchmark::State&)) {
    for (const int shuffled : {0, 1}) {
        for (const auto n : sizes) {
            benchmark::RegisterBenchmark(name, run)
                ->Args({n, shuffled})
                ->UseManualTime()
                ->Iterations(std::max<std::int64_t>(2, 1'000'000 / n))
                ->Repetitions(3);
        }
    }
}

} // namespace

int main(int argc, char** argv) {
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
    add("arm", arm);
    add("cancel", cancel);
    add("arm_cancel", arm_cancel);
    add("rearm", rearm);
    add("periodic", periodic<false>);
    add("periodic_jitter", periodic<true>);
    add("put_off_first", put_off_first);
    add("touch", touch);
    add("chase", chase);
    add("map_arm", map_arm);
    add("map_cancel", map_cancel);
    add("map_periodic", map_periodic<false>);
    add("map_periodic_jitter", map_periodic<true>);
    table_reporter reporter;
    benchmark::RunSpecifiedBenchmarks(&reporter);
    benchmark::Shutdown();
}
