// Jitter buffer: packets per second through both faces, parse included, against what the released
// rtpsynth 1.3 package's C code does on such a machine (2 cores, Debian 12).
#include "least_reporter.hpp"

#include <rtpjbuf.h>
#include <rtpsynth/jitter/buffer.hpp>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <random>
#include <variant>
#include <vector>

namespace {

using packet = std::array<std::uint8_t, 172>;

// An endless stream of 65536-packet cycles: in order, or shuffled within consecutive windows.
class stream {
public:
    explicit stream(std::uint16_t window) : order_(65536 / window * window) {
        std::mt19937 random(1);
        for (std::size_t i = 0; i < order_.size(); ++i) order_[i] = static_cast<std::uint32_t>(i);
        for (std::size_t i = 0; i < order_.size(); i += window)
            std::shuffle(order_.begin() + static_cast<std::ptrdiff_t>(i),
                         order_.begin() + static_cast<std::ptrdiff_t>(i + window), random);
        for (packet& p : packets_) {
            p.fill(0);
            p[0] = 0x80;
            p[1] = 0; // PCMU
            std::memcpy(&p[8], "SSRC", 4);
        }
    }

    // The next packet to arrive. It is written into a small ring of datagrams, as a socket would.
    const packet& next() noexcept {
        const std::uint32_t n = base_ + order_[at_];
        if (++at_ == order_.size()) {
            at_ = 0;
            base_ += static_cast<std::uint32_t>(order_.size());
        }
        packet& p = packets_[slot_++ % packets_.size()];
        const std::uint16_t seq = __builtin_bswap16(static_cast<std::uint16_t>(n));
        const std::uint32_t ts = __builtin_bswap32(n * 160);
        std::memcpy(&p[2], &seq, 2);
        std::memcpy(&p[4], &ts, 4);
        return p;
    }

private:
    std::vector<std::uint32_t> order_;
    std::size_t at_ = 0;
    std::uint32_t base_ = 0;
    std::size_t slot_ = 0;
    std::vector<packet> packets_ = std::vector<packet>(64);
};

void set_counters(benchmark::State& state, double released_mpps, std::uint64_t out) {
    if (out + 2000 < static_cast<std::uint64_t>(state.iterations()))
        state.SkipWithError("packets were lost");
    state.counters["Mpkt/s"] = benchmark::Counter(static_cast<double>(state.iterations()) / 1e6,
                                                  benchmark::Counter::kIsRate);
    state.counters["x_released"] =
        benchmark::Counter(static_cast<double>(state.iterations()) / (released_mpps * 1e6),
                           benchmark::Counter::kIsRate);
}

// The processor's clock rate at this moment, which other virtual machines may halve: dependent
// additions take a cycle each.
void yardstick_cycle(benchmark::State& state) {
    std::uint64_t n = 0;
    for (auto _ : state) {
        ++n;
        asm volatile("" : "+r"(n)); // neither merged nor kept in memory
    }
}

// The other yardstick: making the stream's packets and parsing them, which both faces pay too.
void yardstick_parse(benchmark::State& state) {
    stream s(static_cast<std::uint16_t>(state.range(0)));
    for (auto _ : state) {
        rtpsynth::rtp_packet_view view;
        const packet& p = s.next();
        benchmark::DoNotOptimize(view.assign(p.data(), p.size()));
        benchmark::DoNotOptimize(view);
    }
}

void c_face(benchmark::State& state, double released_mpps) {
    stream s(static_cast<std::uint16_t>(state.range(0)));
    void* const jb = rtpjbuf_ctor(static_cast<unsigned>(state.range(1)));
    std::uint64_t out = 0;
    for (auto _ : state) {
        const packet& p = s.next();
        rjb_udp_in_r r = rtpjbuf_udp_in(jb, p.data(), p.size());
        for (rtp_frame *f = r.ready, *next; f != nullptr; f = next) {
            next = f->next;
            ++out;
            rtpjbuf_frame_dtor(f);
        }
        if (r.drop != nullptr) state.SkipWithError("a packet was dropped");
    }
    set_counters(state, released_mpps, out);
    rtpjbuf_dtor(jb);
}

struct counting_sink {
    using frame = rtpsynth::jitter_buffer<std::monostate>::frame;
    std::uint64_t out = 0;
    std::uint64_t dropped = 0;
    void operator()(frame&& f) noexcept {
        ++out;
        benchmark::DoNotOptimize(f.lseq);
        benchmark::DoNotOptimize(f.packet.payload().data());
    }
    void operator()(const rtpsynth::erasure&) noexcept { ++dropped; }
    void operator()(rtpsynth::drop_reason, frame&&) noexcept { ++dropped; }
};

void cpp_face(benchmark::State& state, double released_mpps) {
    stream s(static_cast<std::uint16_t>(state.range(0)));
    rtpsynth::jitter_buffer<std::monostate> jb({.capacity = static_cast<unsigned>(state.range(1))});
    counting_sink sink;
    for (auto _ : state) {
        const packet& p = s.next();
        benchmark::DoNotOptimize(jb.insert(p, {}, {}, sink));
    }
    if (sink.dropped != 0) state.SkipWithError("a packet was dropped");
    set_counters(state, released_mpps, sink.out);
}

// Every packet is far ahead of the one before it, so that each skips the widest possible gap.
void cpp_face_gaps(benchmark::State& state) {
    rtpsynth::jitter_buffer<std::monostate> jb(
        {.capacity = static_cast<unsigned>(state.range(0)), .max_dropout = 32767});
    counting_sink sink;
    packet p{};
    p[0] = 0x80;
    std::uint16_t seq = 0;
    for (auto _ : state) {
        seq = static_cast<std::uint16_t>(seq + state.range(1));
        p[2] = static_cast<std::uint8_t>(seq >> 8);
        p[3] = static_cast<std::uint8_t>(seq);
        benchmark::DoNotOptimize(jb.insert(p, {}, {}, sink));
    }
}

BENCHMARK(yardstick_cycle);
BENCHMARK(yardstick_parse)->ArgName("window")->Arg(1)->Arg(1000);
#define FACES(face)                                                                                \
    BENCHMARK_CAPTURE(face, in_order, 64.0)->ArgNames({"window", "capacity"})->Args({1, 20});      \
    BENCHMARK_CAPTURE(face, shuffled, 15.0)->ArgNames({"window", "capacity"})->Args({10, 20});     \
    BENCHMARK_CAPTURE(face, shuffled, 9.7)->ArgNames({"window", "capacity"})->Args({100, 200});    \
    BENCHMARK_CAPTURE(face, shuffled, 1.1)->ArgNames({"window", "capacity"})->Args({1000, 2000})
FACES(c_face);
FACES(cpp_face);
BENCHMARK(cpp_face_gaps)
    ->ArgNames({"capacity", "gap"})
    ->Args({1, 3000})
    ->Args({20, 3000})
    ->Args({2, 16000});

} // namespace

int main(int argc, char** argv) { return run_benchmarks(argc, argv); }
