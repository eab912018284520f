// Ticks of 20 ms through packet_loss_concealer: one received; one received and one lost; one
// received and one lost with the next one known. The argument is the sample rate. The audio is a
// vowel's pulses, with noise.
#include "least_reporter.hpp"

#include <rtpsynth/audio/packet_loss_concealer.hpp>

#include <benchmark/benchmark.h>

#include <cmath>
#include <cstring>
#include <random>
#include <vector>

using namespace rtpsynth;

namespace {

std::vector<std::int16_t> voice(std::size_t n, double rate) {
    std::mt19937 random(1);
    std::vector<std::int16_t> pcm(n);
    for (std::size_t i = 0; i < n; ++i) {
        const double t = static_cast<double>(i) / rate;
        double x = 0;
        for (int k = 1; k < 20; ++k) x += std::cos(6.283 * 118 * k * t) / k;
        pcm[i] = static_cast<std::int16_t>(3000 * x + static_cast<double>(random() % 200));
    }
    return pcm;
}

enum class tick { copied, received, lost, bridged };

void run(benchmark::State& state, tick what) {
    const auto rate = static_cast<std::uint32_t>(state.range(0));
    const std::size_t n = rate / 50;
    const auto pcm = voice(4 * n, rate);
    packet_loss_concealer concealer(rate);
    std::vector<std::int16_t> out(pcm.begin(), pcm.begin() + static_cast<std::ptrdiff_t>(3 * n));
    concealer.receive(out);
    const std::span<const std::int16_t> next(pcm.data() + 3 * n, n);
    std::vector<std::int16_t> gap(n);
    for (auto _ : state) {
        std::memcpy(gap.data(), next.data(), n * sizeof gap[0]);
        if (what != tick::copied) concealer.receive(gap);
        if (what == tick::lost) concealer.conceal(gap);
        if (what == tick::bridged) concealer.conceal(gap, next);
        benchmark::DoNotOptimize(gap.data());
        benchmark::ClobberMemory();
    }
}

void copied(benchmark::State& state) { run(state, tick::copied); }
void received(benchmark::State& state) { run(state, tick::received); }
void received_and_lost(benchmark::State& state) { run(state, tick::lost); }
void received_and_bridged(benchmark::State& state) { run(state, tick::bridged); }

void rates(benchmark::internal::Benchmark* b) { b->Arg(8000)->Arg(16000)->Arg(48000); }

} // namespace

BENCHMARK(copied)->Apply(rates);
BENCHMARK(received)->Apply(rates);
BENCHMARK(received_and_lost)->Apply(rates);
BENCHMARK(received_and_bridged)->Apply(rates);

int main(int argc, char** argv) { return run_benchmarks(argc, argv); }
