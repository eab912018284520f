// One tick of voice_sender: 20 ms of audio pushed, and sent as a packet. Yardsticks in the same
// run: encoding the tick alone; resampling and encoding it.
#include "least_reporter.hpp"

#include <rtpsynth/audio/codec_set.hpp>
#include <rtpsynth/audio/resampler.hpp>
#include <rtpsynth/audio/voice_sender.hpp>

#include <benchmark/benchmark.h>

#include <cmath>
#include <string>
#include <vector>

using namespace rtpsynth;
using namespace std::chrono_literals;

namespace {

struct setting {
    const char* codec;
    std::uint32_t rate; // of the audio that is pushed
};

std::vector<std::int16_t> tone(std::size_t n) {
    std::vector<std::int16_t> made(n);
    for (std::size_t i = 0; i < n; ++i)
        made[i] =
            static_cast<std::int16_t>(std::lrint(9000 * std::sin(0.05 * static_cast<double>(i))));
    return made;
}

void encode(benchmark::State& state, setting s) {
    const auto encoder = codec_set().make_encoder(s.codec);
    const std::size_t samples = encoder->rates().audio / 50;
    const auto pcm = tone(samples);
    std::vector<std::uint8_t> payload(encoder->max_payload(samples));
    for (auto _ : state) benchmark::DoNotOptimize(encoder->encode(pcm, payload));
}

void resample_and_encode(benchmark::State& state, setting s) {
    const auto encoder = codec_set().make_encoder(s.codec);
    const std::size_t samples = encoder->rates().audio / 50;
    resampler converter(s.rate, encoder->rates().audio);
    const auto pcm = tone(s.rate / 50);
    std::vector<std::int16_t> converted(samples + 1);
    std::vector<std::uint8_t> payload(encoder->max_payload(samples));
    for (auto _ : state) {
        const std::size_t n = converter.process(pcm, converted).value();
        benchmark::DoNotOptimize(encoder->encode(std::span(converted).first(n), payload));
    }
}

void send(benchmark::State& state, setting s, bool is_talking) {
    voice_sender sender({codec_set().make_encoder(s.codec)}, {.ssrc = 1}, {},
                        {.input_rate = s.rate});
    const auto pcm = tone(s.rate / 50);
    std::vector<std::uint8_t> out(sender.max_packet());
    for (auto _ : state) {
        if (is_talking) benchmark::DoNotOptimize(sender.push(pcm, 1));
        benchmark::DoNotOptimize(sender.next(sender.due(), out));
    }
}

} // namespace

int main(int argc, char** argv) {
    for (const setting s : {setting{"PCMU/8000", 8000}, setting{"PCMU/8000", 24000},
                            setting{"G722/8000", 24000}, setting{"L16/48000", 24000}}) {
        const std::string name = std::string("/") + s.codec + "/from:" + std::to_string(s.rate);
        benchmark::RegisterBenchmark(("encode" + name).c_str(), encode, s);
        if (s.rate != 8000)
            benchmark::RegisterBenchmark(("resample_and_encode" + name).c_str(),
                                         resample_and_encode, s);
        benchmark::RegisterBenchmark(("send" + name).c_str(), send, s, true);
        benchmark::RegisterBenchmark(("send_silence" + name).c_str(), send, s, false);
    }
    return run_benchmarks(argc, argv);
}
