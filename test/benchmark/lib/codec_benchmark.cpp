// G.711 and the resampler, in samples of linear PCM put in or taken out per second (for the
// resampler: input samples), each at one packet (160) and at 20 s (160,000) of telephone audio.
//
// Yardsticks in the same run: the scalar definition, and memcpy of the same samples. The counter
// vs_released divides by what the released rtpsynth package did at 160 samples. Those reference
// figures were taken on ANOTHER machine of this class: μ-law encode 1.07, decode 0.40, resample
// 8 -> 16 kHz 0.11 Gsamples/s. It has no figures for A-law, which is held against those of μ-law.
#include "least_reporter.hpp"

#include <rtpsynth/audio/g711.hpp>
#include <rtpsynth/audio/resample.hpp>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <vector>

using namespace rtpsynth;

namespace {

constexpr double released_encode = 1.07e9;
constexpr double released_decode = 0.40e9;
constexpr double released_resample = 0.11e9;
constexpr double no_reference = 0;

std::vector<std::int16_t> noise(std::size_t n) {
    std::mt19937 random(1);
    std::vector<std::int16_t> pcm(n);
    for (std::int16_t& x : pcm) x = static_cast<std::int16_t>(random());
    return pcm;
}

std::vector<std::uint8_t> noisy_codes(std::size_t n) {
    std::vector<std::uint8_t> codes(n);
    alaw_encode(noise(n), codes);
    return codes;
}

void report(benchmark::State& state, double released) {
    const auto samples =
        static_cast<double>(state.iterations()) * static_cast<double>(state.range(0));
    state.counters["Gsamples/s"] = benchmark::Counter(samples / 1e9, benchmark::Counter::kIsRate);
    if (released > 0 && state.range(0) == 160)
        state.counters["vs_released"] =
            benchmark::Counter(samples / released, benchmark::Counter::kIsRate);
}

template <class Encode>
void encode(benchmark::State& state, Encode convert, double released) {
    const auto pcm = noise(static_cast<std::size_t>(state.range(0)));
    std::vector<std::uint8_t> codes(pcm.size());
    for (auto _ : state) {
        convert(pcm, codes);
        benchmark::DoNotOptimize(codes.data());
        benchmark::ClobberMemory();
    }
    report(state, released);
}

template <class Decode>
void decode(benchmark::State& state, Decode convert, double released) {
    const auto codes = noisy_codes(static_cast<std::size_t>(state.range(0)));
    std::vector<std::int16_t> pcm(codes.size());
    for (auto _ : state) {
        convert(codes, pcm);
        benchmark::DoNotOptimize(pcm.data());
        benchmark::ClobberMemory();
    }
    report(state, released);
}

using pcm_in = std::span<const std::int16_t>;
using pcm_out = std::span<std::int16_t>;
using codes_in = std::span<const std::uint8_t>;
using codes_out = std::span<std::uint8_t>;

void ulaw_encode_block(benchmark::State& state) {
    encode(
        state, [](pcm_in in, codes_out out) { ulaw_encode(in, out); }, released_encode);
}
void ulaw_decode_block(benchmark::State& state) {
    decode(
        state, [](codes_in in, pcm_out out) { ulaw_decode(in, out); }, released_decode);
}
void alaw_encode_block(benchmark::State& state) {
    encode(
        state, [](pcm_in in, codes_out out) { alaw_encode(in, out); }, released_encode);
}
void alaw_decode_block(benchmark::State& state) {
    decode(
        state, [](codes_in in, pcm_out out) { alaw_decode(in, out); }, released_decode);
}

void ulaw_encode_scalar(benchmark::State& state) {
    const auto one_by_one = [](pcm_in in, codes_out out) {
        for (std::size_t i = 0; i < in.size(); ++i) out[i] = ulaw_encode(in[i]);
    };
    encode(state, one_by_one, no_reference);
}
void ulaw_decode_scalar(benchmark::State& state) {
    const auto one_by_one = [](codes_in in, pcm_out out) {
        for (std::size_t i = 0; i < in.size(); ++i) out[i] = ulaw_decode(in[i]);
    };
    decode(state, one_by_one, no_reference);
}
void alaw_encode_scalar(benchmark::State& state) {
    const auto one_by_one = [](pcm_in in, codes_out out) {
        for (std::size_t i = 0; i < in.size(); ++i) out[i] = alaw_encode(in[i]);
    };
    encode(state, one_by_one, no_reference);
}
void alaw_decode_scalar(benchmark::State& state) {
    const auto one_by_one = [](codes_in in, pcm_out out) {
        for (std::size_t i = 0; i < in.size(); ++i) out[i] = alaw_decode(in[i]);
    };
    decode(state, one_by_one, no_reference);
}

// The definition in resample.hpp, one sample at a time.
void resample_scalar(pcm_in in, double in_rate, double out_rate, pcm_out out) {
    for (std::size_t i = 0; i < out.size(); ++i) {
        const double position = static_cast<double>(i) * in_rate / out_rate;
        const auto j = static_cast<std::size_t>(position);
        const double a = in[std::min(j, in.size() - 1)];
        const double b = in[std::min(j + 1, in.size() - 1)];
        const double value = a + (b - a) * (position - static_cast<double>(j));
        out[i] = static_cast<std::int16_t>(std::nearbyint(value));
    }
}

// Arguments: input samples, input rate, output rate.
void resample_block(benchmark::State& state) {
    const auto in = noise(static_cast<std::size_t>(state.range(0)));
    const auto in_rate = static_cast<std::uint32_t>(state.range(1));
    const auto out_rate = static_cast<std::uint32_t>(state.range(2));
    std::vector<std::int16_t> out(resampled_size(in.size(), in_rate, out_rate));
    for (auto _ : state) {
        benchmark::DoNotOptimize(resample_linear(in, in_rate, out_rate, out));
        benchmark::ClobberMemory();
    }
    report(state, out_rate == 2 * in_rate ? released_resample : no_reference);
}

void resample_scalar_block(benchmark::State& state) {
    const auto in = noise(static_cast<std::size_t>(state.range(0)));
    const auto in_rate = static_cast<std::uint32_t>(state.range(1));
    const auto out_rate = static_cast<std::uint32_t>(state.range(2));
    std::vector<std::int16_t> out(resampled_size(in.size(), in_rate, out_rate));
    for (auto _ : state) {
        resample_scalar(in, in_rate, out_rate, out);
        benchmark::DoNotOptimize(out.data());
        benchmark::ClobberMemory();
    }
    report(state, no_reference);
}

void memcpy_pcm(benchmark::State& state) {
    const auto in = noise(static_cast<std::size_t>(state.range(0)));
    std::vector<std::int16_t> out(in.size());
    for (auto _ : state) {
        std::memcpy(out.data(), in.data(), in.size() * sizeof in[0]);
        benchmark::DoNotOptimize(out.data());
        benchmark::ClobberMemory();
    }
    report(state, no_reference);
}

void sizes(benchmark::internal::Benchmark* b) { b->Arg(160)->Arg(160'000); }

void sizes_and_rates(benchmark::internal::Benchmark* b) {
    b->ArgNames({"", "from", "to"});
    for (const int n : {160, 160'000}) {
        b->Args({n, 8000, 16000})->Args({n, 16000, 8000})->Args({n, 8000, 48000});
        b->Args({n, 48000, 8000})->Args({n, 44100, 48000});
    }
}

} // namespace

BENCHMARK(memcpy_pcm)->Apply(sizes);
BENCHMARK(ulaw_encode_block)->Apply(sizes);
BENCHMARK(ulaw_encode_scalar)->Apply(sizes);
BENCHMARK(ulaw_decode_block)->Apply(sizes);
BENCHMARK(ulaw_decode_scalar)->Apply(sizes);
BENCHMARK(alaw_encode_block)->Apply(sizes);
BENCHMARK(alaw_encode_scalar)->Apply(sizes);
BENCHMARK(alaw_decode_block)->Apply(sizes);
BENCHMARK(alaw_decode_scalar)->Apply(sizes);
BENCHMARK(resample_block)->Apply(sizes_and_rates);
BENCHMARK(resample_scalar_block)->Apply(sizes_and_rates);

int main(int argc, char** argv) { return run_benchmarks(argc, argv); }
