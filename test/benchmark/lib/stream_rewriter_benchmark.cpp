// Packets of 160 bytes of payload through stream_rewriter, in the order in which a relay of so many
// streams gets them: one of each stream, again and again. Every figure is taken in turns with its
// yardsticks, and is the minimum over the blocks.
//
// - ns: per packet.
// - copy_ns: memcpy of the packet.
// - plain_ns: what forwarding without rewriting costs beside the copy: the header is checked, and
//   the SSRC written.
#include "least_reporter.hpp"

#include <rtpsynth/rtp/stream_rewriter.hpp>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <limits>
#include <memory>
#include <vector>

namespace {

using namespace rtpsynth;

using packet = std::array<std::uint8_t, 172>;

class stopwatch {
public:
    template <class Block>
    void time(std::size_t n, Block&& block) {
        const auto start = std::chrono::steady_clock::now();
        block();
        const std::chrono::duration<double, std::nano> taken =
            std::chrono::steady_clock::now() - start;
        best_ = std::min(best_, taken.count() / static_cast<double>(n));
    }
    double ns() const { return best_; }

private:
    double best_ = std::numeric_limits<double>::infinity();
};

struct stream {
    explicit stream(std::uint32_t ssrc_)
        : rewriter(8000, {.ssrc = ssrc_ + 1'000'000}), ssrc(ssrc_) {
        in[0] = 0x80;
    }
    // As if it had just been received.
    void receive() {
        detail::store_be16(&in[2], seq++);
        detail::store_be32(&in[4], timestamp += 160);
        detail::store_be32(&in[8], ssrc);
    }

    stream_rewriter rewriter;
    packet in{};
    packet out{};
    std::uint32_t ssrc;
    std::uint32_t timestamp = 0;
    std::uint16_t seq = 0;
};

// The sources change every `segment` packets; 0: never.
void rewrite(benchmark::State& state) {
    const auto count = static_cast<std::size_t>(state.range(0));
    const auto segment = static_cast<std::uint64_t>(state.range(1));
    std::vector<std::unique_ptr<stream>> streams;
    for (std::size_t i = 0; i < count; ++i)
        streams.push_back(std::make_unique<stream>(static_cast<std::uint32_t>(i)));
    const std::size_t rounds = std::max<std::size_t>(4000 / count, 1);
    time_point now{std::chrono::hours(1)};
    std::uint64_t packets = 0, switched = 0;
    stopwatch all, received, copied, plain;
    for (auto _ : state) {
        all.time(rounds * count, [&] {
            for (std::size_t i = 0; i < rounds; ++i, now += std::chrono::milliseconds(20)) {
                if (segment != 0 && ++packets % segment == 0) ++switched;
                for (const auto& s : streams) {
                    s->ssrc += static_cast<std::uint32_t>(switched * 100'000);
                    s->receive();
                    benchmark::DoNotOptimize(s->rewriter.rewrite(s->in, now));
                }
                switched = 0;
            }
        });
        received.time(rounds * count, [&] {
            for (std::size_t i = 0; i < rounds; ++i)
                for (const auto& s : streams) {
                    s->receive();
                    benchmark::ClobberMemory();
                }
        });
        copied.time(rounds * count, [&] {
            for (std::size_t i = 0; i < rounds; ++i)
                for (const auto& s : streams) {
                    std::memcpy(s->out.data(), s->in.data(), s->in.size());
                    benchmark::ClobberMemory();
                }
        });
        plain.time(rounds * count, [&] {
            for (std::size_t i = 0; i < rounds; ++i)
                for (const auto& s : streams) {
                    rtp_packet_view view;
                    if (view.assign(s->in.data(), s->in.size()) == errc{})
                        detail::store_be32(&s->in[8], view.ssrc());
                    benchmark::ClobberMemory();
                }
        });
    }
    state.counters["ns"] = all.ns() - received.ns();
    state.counters["copy_ns"] = copied.ns();
    state.counters["plain_ns"] = plain.ns();
}

BENCHMARK(rewrite)
    ->ArgNames({"streams", "segment"})
    ->ArgsProduct({{1, 1000, 5000}, {0}})
    ->Args({1, 1});

} // namespace

int main(int argc, char** argv) { return run_benchmarks(argc, argv); }
