// One tick of playout: the packet of 20 ms of PCMU that arrives, and 160 samples pulled. The
// argument is the loss in per cent. Yardstick: decoding the same packet.
#include "least_reporter.hpp"

#include <rtpsynth/audio/codec_set.hpp>
#include <rtpsynth/audio/g711.hpp>
#include <rtpsynth/jitter/playout.hpp>
#include <rtpsynth/rtp/builder.hpp>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <random>
#include <vector>

using namespace rtpsynth;

namespace {

constexpr std::size_t tick = 160, ticks = 500;

// A vowel that comes and goes, with noise; the packets' payloads.
const std::vector<std::uint8_t>& speech() {
    static const std::vector<std::uint8_t> codes = [] {
        std::mt19937 random(1);
        std::vector<std::int16_t> pcm(ticks * tick);
        for (std::size_t i = 0; i < pcm.size(); ++i) {
            const double t = static_cast<double>(i) / 8000;
            double x = 0;
            for (int k = 1; k < 20; ++k) x += std::cos(6.283 * 118 * k * t) / k;
            x *= 0.55 + 0.45 * std::sin(6.283 * 3 * t);
            pcm[i] = static_cast<std::int16_t>(2500 * x + static_cast<double>(random() % 200));
        }
        std::vector<std::uint8_t> made(pcm.size());
        ulaw_encode(pcm, made);
        return made;
    }();
    return codes;
}

void playout_tick(benchmark::State& state) {
    playout p;
    p.add_decoder(0, codec_set().make_decoder("PCMU/8000"));
    std::mt19937 random(1);
    std::array<std::uint8_t, 12 + tick> packet{0x80, 0};
    std::array<std::int16_t, tick> pcm;
    time_point now{};
    std::uint32_t n = 0;
    for (auto _ : state) {
        packet[2] = static_cast<std::uint8_t>(n >> 8);
        packet[3] = static_cast<std::uint8_t>(n);
        for (unsigned i = 0; i < 4; ++i)
            packet[4 + i] = static_cast<std::uint8_t>(n * tick >> (24 - 8 * i));
        std::copy_n(speech().data() + n % ticks * tick, tick, packet.data() + 12);
        ++n;
        now += std::chrono::milliseconds(20);
        if (static_cast<int>(random() % 100) >= state.range(0))
            benchmark::DoNotOptimize(
                p.insert(packet, now + std::chrono::microseconds(random() % 10000)));
        benchmark::DoNotOptimize(p.pull(now + std::chrono::milliseconds(12), pcm));
        benchmark::ClobberMemory();
    }
}

void decode(benchmark::State& state) {
    const auto decoder = codec_set().make_decoder("PCMU/8000");
    std::array<std::int16_t, tick> pcm;
    std::size_t n = 0;
    for (auto _ : state) {
        benchmark::DoNotOptimize(
            decoder->decode(std::span(speech()).subspan(n++ % ticks * tick, tick), pcm));
        benchmark::ClobberMemory();
    }
}

} // namespace

BENCHMARK(decode);
BENCHMARK(playout_tick)->Arg(0)->Arg(1)->Arg(10);

int main(int argc, char** argv) { return run_benchmarks(argc, argv); }
