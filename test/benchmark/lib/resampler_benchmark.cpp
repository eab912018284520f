// G.722 and the resampler: nanoseconds for 20 ms of audio. The yardstick is memcpy of its samples.
#include "least_reporter.hpp"

#include <rtpsynth/audio/codec_set.hpp>
#include <rtpsynth/audio/resampler.hpp>

#include <benchmark/benchmark.h>

#include <cmath>
#include <cstring>
#include <random>
#include <vector>

using namespace rtpsynth;

namespace {

// One second of something with both bands in it: a tone that glides, and noise.
std::vector<std::int16_t> sound(std::uint32_t rate) {
    std::mt19937 random(1);
    std::vector<std::int16_t> pcm(rate);
    for (std::size_t i = 0; i < pcm.size(); ++i) {
        const double t = static_cast<double>(i) / rate;
        const double tone = 8000 * std::sin(1000 * t * (1 + 5 * t));
        pcm[i] = static_cast<std::int16_t>(tone + static_cast<double>(random() % 4000));
    }
    return pcm;
}

void encode_tick(benchmark::State& state, const char* name) {
    const auto encoder = codec_set().make_encoder(name);
    const std::size_t tick = encoder->rates().audio / 50;
    const auto pcm = sound(encoder->rates().audio);
    std::vector<std::uint8_t> payload(encoder->max_payload(tick));
    std::size_t at = 0;
    for (auto _ : state) {
        benchmark::DoNotOptimize(encoder->encode(std::span{pcm}.subspan(at, tick), payload));
        at = (at + tick) % pcm.size();
    }
}

void decode_tick(benchmark::State& state, const char* name) {
    const auto encoder = codec_set().make_encoder(name);
    const auto decoder = codec_set().make_decoder(name);
    const auto pcm = sound(encoder->rates().audio);
    std::vector<std::uint8_t> payload(encoder->max_payload(pcm.size()));
    if (!encoder->encode(pcm, payload)) state.SkipWithError("not encoded");
    const std::size_t size = payload.size() / 50;
    std::vector<std::int16_t> tick(encoder->rates().audio / 50);
    std::size_t at = 0;
    for (auto _ : state) {
        benchmark::DoNotOptimize(decoder->decode(std::span{payload}.subspan(at, size), tick));
        at = (at + size) % payload.size();
    }
}

// Arguments: input rate, output rate, quality.
void resample_tick(benchmark::State& state) {
    const auto in = static_cast<std::uint32_t>(state.range(0));
    const auto out = static_cast<std::uint32_t>(state.range(1));
    resampler converter(in, out, static_cast<resampler_quality>(state.range(2)));
    const auto pcm = sound(in);
    const std::size_t tick = in / 50;
    std::vector<std::int16_t> converted(out / 50 + 1);
    std::size_t at = 0;
    for (auto _ : state) {
        benchmark::DoNotOptimize(converter.process(std::span{pcm}.subspan(at, tick), converted));
        at = (at + tick) % pcm.size();
    }
}

void memcpy_tick(benchmark::State& state) {
    const auto pcm = sound(16000);
    std::vector<std::int16_t> out(320);
    for (auto _ : state) {
        std::memcpy(out.data(), pcm.data(), out.size() * sizeof out[0]);
        benchmark::DoNotOptimize(out.data());
        benchmark::ClobberMemory();
    }
}

void rates_and_qualities(benchmark::internal::Benchmark* b) {
    b->ArgNames({"from", "to", "quality"});
    for (const int quality : {0, 1, 2})
        b->Args({24000, 8000, quality})->Args({8000, 24000, quality})->Args({44100, 8000, quality});
}

} // namespace

BENCHMARK(memcpy_tick);
BENCHMARK_CAPTURE(encode_tick, PCMU, "PCMU/8000");
BENCHMARK_CAPTURE(decode_tick, PCMU, "PCMU/8000");
BENCHMARK_CAPTURE(encode_tick, G722, "G722/8000");
BENCHMARK_CAPTURE(decode_tick, G722, "G722/8000");
BENCHMARK_CAPTURE(encode_tick, L16, "L16/16000");
BENCHMARK_CAPTURE(decode_tick, L16, "L16/16000");
BENCHMARK(resample_tick)->Apply(rates_and_qualities);

int main(int argc, char** argv) { return run_benchmarks(argc, argv); }
