// Telephone events, comfort noise and the rating of a call: what a packet, a tick or a rating
// costs.
//
// Yardsticks in the same run: the parsing of the packet alone, and silence in the place of noise.
#include "least_reporter.hpp"

#include <rtpsynth/audio/call_quality.hpp>
#include <rtpsynth/audio/comfort_noise.hpp>
#include <rtpsynth/audio/telephone_event_receiver.hpp>
#include <rtpsynth/audio/telephone_event_sender.hpp>
#include <rtpsynth/rtcp/builder.hpp>
#include <rtpsynth/rtcp/extended_report.hpp>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <vector>

using namespace rtpsynth;
using namespace std::chrono_literals;

namespace {

constexpr duration ptime = 20ms;
using event_datagram = std::array<std::uint8_t, 16>;

// The packets of 1,000 presses, of 8 packets each.
std::vector<event_datagram> event_packets() {
    std::vector<event_datagram> packets;
    packet_synth synth(8000, ptime, {.ssrc = 1, .timestamp = 2, .seq = 3});
    telephone_event_sender sender(8000);
    for (int press = 0; press < 1000; ++press) {
        sender.queue("5", {.on = 120ms, .off = 60ms}).value();
        while (sender.busy()) {
            event_datagram datagram;
            if (sender.write(synth, {}, 101, datagram).value() != 0)
                packets.push_back(datagram);
            else
                synth.skip(1);
        }
    }
    return packets;
}

void parse_event_packet(benchmark::State& state) {
    const auto packets = event_packets();
    std::size_t i = 0;
    for (auto _ : state) {
        const auto view = rtp_packet_view::parse(packets[i++ % packets.size()]).value();
        benchmark::DoNotOptimize(telephone_event::parse(view.payload()).value());
    }
}

void receive_event_packet(benchmark::State& state) {
    const auto packets = event_packets();
    telephone_event_receiver receiver(8000);
    std::size_t i = 0;
    time_point now{};
    for (auto _ : state) {
        const auto view = rtp_packet_view::parse(packets[i++ % packets.size()]).value();
        benchmark::DoNotOptimize(receiver.receive(view, now += ptime));
    }
}

void send_tick(benchmark::State& state) {
    packet_synth synth(8000, ptime, {.ssrc = 1, .timestamp = 2, .seq = 3});
    telephone_event_sender sender(8000);
    event_datagram out;
    const bool busy = state.range(0) != 0;
    for (auto _ : state) {
        if (busy && !sender.busy()) static_cast<void>(sender.queue("5"));
        benchmark::DoNotOptimize(sender.write(synth, {}, 101, out));
        benchmark::DoNotOptimize(out);
    }
}

void noise_tick(benchmark::State& state) {
    comfort_noise noise;
    noise.level = 50;
    noise.order = static_cast<std::uint8_t>(state.range(0));
    noise.coefficients.fill(100);
    comfort_noise_generator generator;
    generator.set(noise);
    std::array<std::int16_t, 160> pcm;
    for (auto _ : state) {
        generator.generate(pcm);
        benchmark::DoNotOptimize(pcm);
    }
}

void silence_tick(benchmark::State& state) {
    std::array<std::int16_t, 160> pcm;
    for (auto _ : state) {
        pcm.fill(0);
        benchmark::DoNotOptimize(pcm);
    }
}

void count_packet(benchmark::State& state) {
    call_quality quality;
    std::uint32_t i = 0;
    for (auto _ : state) {
        ++i % 32 == 0 ? quality.lost() : quality.received();
        benchmark::DoNotOptimize(quality);
    }
}

void rate_call(benchmark::State& state) {
    call_quality quality(*impairment_of("PCMU"));
    quality.received(1000);
    quality.lost(10);
    quality.set_delay(80ms, 60ms);
    for (auto _ : state) {
        benchmark::DoNotOptimize(quality);
        benchmark::DoNotOptimize(quality.mos());
    }
}

void write_and_read_extended_report(benchmark::State& state) {
    voip_metrics metrics;
    std::array<std::uint8_t, 64> out;
    for (auto _ : state) {
        rtcp_builder builder(out, rtcp_mode::reduced_size);
        benchmark::DoNotOptimize(metrics);
        builder.add_voip_metrics(1, {&metrics, 1}).value();
        const auto compound =
            rtcp_compound_view::parse(builder.bytes(), rtcp_mode::reduced_size).value();
        const auto report = rtcp_xr_view::parse(*compound.begin()).value();
        benchmark::DoNotOptimize((*report.begin()).as_voip_metrics().value());
    }
}

} // namespace

BENCHMARK(parse_event_packet);
BENCHMARK(receive_event_packet);
BENCHMARK(send_tick)->ArgName("busy")->Arg(0)->Arg(1);
BENCHMARK(silence_tick);
BENCHMARK(noise_tick)->ArgName("order")->Arg(0)->Arg(10);
BENCHMARK(count_packet);
BENCHMARK(rate_call);
BENCHMARK(write_and_read_extended_report);

int main(int argc, char** argv) { return run_benchmarks(argc, argv); }
