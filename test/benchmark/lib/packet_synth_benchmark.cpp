// Packets of 160 bytes of payload, as 20 ms of G.711 make them. Every figure is taken in turns with
// its yardsticks, a block of each at a time, and is the minimum over the blocks: a busy machine
// slows both.
//
// - ns, yardstick_ns: per packet.
// - ratio: ns / yardstick_ns.
// - x_released: times as fast as the C code of the released package rtpsynth 1.3, which does 30.7
//   million next_pkt and free a second on such a machine (2 cores, Debian 12).
#include "least_reporter.hpp"

#include <rtpsynth.h>
#include <rtpsynth/rtp/packet_synth.hpp>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <limits>
#include <vector>

namespace {

using namespace rtpsynth;

constexpr packet_format g711{.payload_size = 160, .payload_type = 0};
constexpr std::size_t packet_size = g711.packet_size();
constexpr int plen = 160;
constexpr double released_ns = 1e3 / 30.7;

// The least time of one of n calls that make a block.
class stopwatch {
public:
    template <class Block>
    void time(std::size_t n, Block&& block) {
        const auto start = std::chrono::steady_clock::now();
        block();
        const std::chrono::duration<double, std::nano> taken =
            std::chrono::steady_clock::now() - start;
        best_ = std::min(best_, taken.count() / static_cast<double>(n));
        last_ = taken.count() / 1e9;
    }
    double ns() const { return best_; }
    double last_seconds() const { return last_; }

private:
    double best_ = std::numeric_limits<double>::infinity();
    double last_ = 0;
};

void report(benchmark::State& state, double ns, double yardstick_ns) {
    state.counters["ns"] = ns;
    state.counters["yardstick_ns"] = yardstick_ns;
    state.counters["ratio"] = ns / yardstick_ns;
    state.counters["x_released"] = released_ns / ns;
}

// Never across two pages, as a block of the heap may lie by chance: a store across two costs ten
// times another.
template <std::size_t Size>
struct alignas(256) storage {
    std::uint8_t bytes[Size] = {};
};

// A size the compiler does not know, as a program's is.
std::size_t unknown(std::size_t size) {
    benchmark::DoNotOptimize(size);
    return size;
}

// One call a packet, against memset, malloc + free and clock_gettime, one each.
template <class Call>
void single(benchmark::State& state, Call&& call) {
    constexpr std::size_t block = 2000;
    const std::size_t size = unknown(packet_size);
    storage<packet_size> buffer;
    stopwatch ours, set, memory, clock;
    for (auto _ : state) {
        ours.time(block, [&] {
            for (std::size_t i = 0; i != block; ++i) call();
        });
        set.time(block, [&] {
            for (std::size_t i = 0; i != block; ++i) {
                std::memset(buffer.bytes, 0, size);
                benchmark::ClobberMemory();
            }
        });
        memory.time(block, [&] {
            for (std::size_t i = 0; i != block; ++i) {
                void* p = std::malloc(size);
                benchmark::DoNotOptimize(p);
                std::free(p);
            }
        });
        clock.time(block, [&] {
            for (std::size_t i = 0; i != block; ++i) {
                timespec now;
                clock_gettime(CLOCK_MONOTONIC, &now);
                benchmark::DoNotOptimize(now);
            }
        });
        state.SetIterationTime(ours.last_seconds());
    }
    report(state, ours.ns(), set.ns() + memory.ns() + clock.ns());
    state.counters["memset_ns"] = set.ns();
    state.counters["malloc_free_ns"] = memory.ns();
    state.counters["clock_ns"] = clock.ns();
}

void c_next_pkt(benchmark::State& state) {
    void* const synth = rsynth_ctor(8000, 20);
    single(state, [synth] {
        void* packet = rsynth_next_pkt(synth, plen, 0);
        benchmark::DoNotOptimize(packet);
        rsynth_pkt_free(packet);
    });
    rsynth_dtor(synth);
}

void c_next_pkt_pa(benchmark::State& state) {
    void* const synth = rsynth_ctor(8000, 20);
    storage<packet_size> buffer;
    char* const to = reinterpret_cast<char*>(buffer.bytes);
    const int pa = static_cast<int>(state.range(0));
    single(state, [&] {
        benchmark::DoNotOptimize(rsynth_next_pkt_pa(synth, plen, 0, to, packet_size, pa));
        benchmark::ClobberMemory();
    });
    rsynth_dtor(synth);
}

void cpp_write(benchmark::State& state) {
    packet_synth synth{8000, std::chrono::milliseconds{20}, {}};
    storage<packet_size> out;
    const storage<g711.payload_size> media;
    const std::span payload{media.bytes, state.range(0) != 0 ? g711.payload_size : 0};
    const time_point now{};
    single(state, [&] {
        benchmark::DoNotOptimize(synth.write(now, g711, out.bytes, payload).has_value());
        benchmark::ClobberMemory();
    });
}

void cpp_stamp(benchmark::State& state) {
    packet_synth synth{8000, std::chrono::milliseconds{20}, {}};
    storage<packet_size> out;
    const time_point now{};
    single(state, [&] {
        benchmark::DoNotOptimize(synth.stamp(now, g711, out.bytes).has_value());
        benchmark::ClobberMemory();
    });
}

// A batch of packets without gaps, against one memcpy of them all.
template <class Call>
void batch(benchmark::State& state, Call&& call) {
    const auto n = static_cast<std::size_t>(state.range(0));
    const std::size_t rounds = 16384 / n;
    const std::size_t size = unknown(n * packet_size);
    std::vector<storage<256>> out_blocks(size / 256 + 1), from_blocks(size / 256 + 1);
    const std::span out{out_blocks.data()->bytes, size};
    const std::uint8_t* const from = from_blocks.data()->bytes;
    stopwatch ours, copy;
    for (auto _ : state) {
        ours.time(rounds * n, [&] {
            for (std::size_t i = 0; i != rounds; ++i) {
                call(n, out);
                benchmark::ClobberMemory();
            }
        });
        copy.time(rounds * n, [&] {
            for (std::size_t i = 0; i != rounds; ++i) {
                std::memcpy(out.data(), from, size);
                benchmark::ClobberMemory();
            }
        });
        state.SetIterationTime(ours.last_seconds());
    }
    report(state, ours.ns(), copy.ns());
}

void batch_c_kept_or_zeroed(benchmark::State& state) {
    void* const synth = rsynth_ctor(8000, 20);
    const int keep = static_cast<int>(state.range(1));
    batch(state, [&](std::size_t n, std::span<std::uint8_t> out) {
        benchmark::DoNotOptimize(rsynth_next_pkts(synth, static_cast<unsigned>(n), plen, 0,
                                                  reinterpret_cast<char*>(out.data()), out.size(),
                                                  packet_size, keep));
    });
    rsynth_dtor(synth);
}

void batch_cpp_kept(benchmark::State& state) {
    packet_synth synth{8000, std::chrono::milliseconds{20}, {}};
    batch(state, [&](std::size_t n, std::span<std::uint8_t> out) {
        benchmark::DoNotOptimize(
            synth.stamp_batch(time_point{}, g711, n, packet_size, out).has_value());
    });
}

void batch_cpp_copied(benchmark::State& state) {
    packet_synth synth{8000, std::chrono::milliseconds{20}, {}};
    const std::vector<std::uint8_t> media(static_cast<std::size_t>(state.range(0)) *
                                          g711.payload_size);
    batch(state, [&](std::size_t n, std::span<std::uint8_t> out) {
        benchmark::DoNotOptimize(
            synth.write_batch(time_point{}, g711, n, packet_size, out, media).has_value());
    });
}

BENCHMARK(c_next_pkt)->UseManualTime();
BENCHMARK(c_next_pkt_pa)->ArgName("pa")->Arg(0)->Arg(1)->UseManualTime();
BENCHMARK(cpp_write)->ArgName("copied")->Arg(0)->Arg(1)->UseManualTime();
BENCHMARK(cpp_stamp)->UseManualTime();
BENCHMARK(batch_c_kept_or_zeroed)
    ->ArgNames({"n", "keep"})
    ->ArgsProduct({{64, 1024}, {1, 0}})
    ->UseManualTime();
BENCHMARK(batch_cpp_kept)->ArgName("n")->Arg(64)->Arg(1024)->UseManualTime();
BENCHMARK(batch_cpp_copied)->ArgName("n")->Arg(64)->Arg(1024)->UseManualTime();

} // namespace

int main(int argc, char** argv) { return run_benchmarks(argc, argv); }
