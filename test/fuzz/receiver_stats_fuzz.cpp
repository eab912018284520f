// Packets of any numbers, timestamps, times and formats through receiver_stats: every packet is
// accounted for, and no counter contradicts another.

#include <rtpsynth/rtcp/receiver_stats.hpp>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <span>

namespace {

using namespace rtpsynth;

void require(bool condition) {
    if (!condition) std::abort();
}

/// The fields of one packet: small steps from the one before, or anywhere.
struct packet_source {
    std::span<const std::uint8_t> bytes;
    std::uint16_t seq = 0;
    std::uint32_t timestamp = 0;
    time_point arrival{};
    payload_format format{8000, payload_kind::media};

    std::uint8_t take() {
        if (bytes.empty()) return 0;
        const std::uint8_t byte = bytes.front();
        bytes = bytes.subspan(1);
        return byte;
    }
    std::uint32_t take32() {
        const std::uint32_t high = take();
        return high << 24 | std::uint32_t{take()} << 8;
    }

    void next() {
        const std::uint8_t choice = take();
        seq = static_cast<std::uint16_t>(seq + (choice & 1 ? 1 : take() - 128));
        timestamp += choice & 2 ? 160 : take() * 160U - 128U * 160U;
        arrival += std::chrono::milliseconds(choice & 4 ? 20 : take());
        if (choice & 8) seq = static_cast<std::uint16_t>(take() << 8 | take());
        if (choice & 16) timestamp = take32();
        if (choice & 32) arrival += std::chrono::seconds(take() * 16);
        if (choice & 64) {
            constexpr std::uint32_t rates[] = {0, 1, 8000, 48000, 90000, ~0U, 8000, 8000};
            const std::uint8_t kind = take();
            format = {rates[kind & 7], static_cast<payload_kind>(kind >> 3 & 3)};
        }
    }
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    packet_source source{{data, size}};
    const std::uint8_t limits = source.take();
    const receiver_stats_options options{.min_sequential = limits & 3U,
                                         .max_dropout = limits & 4 ? 3000U : 20U,
                                         .max_misorder = limits & 8 ? 100U : 1024U};
    receiver_stats stats(8000, options);
    std::uint64_t packets = 0;
    while (!source.bytes.empty()) {
        source.next();
        const std::uint64_t restarts = stats.restarts();
        const std::uint64_t highest = stats.extended_highest_seq();
        const auto outcome =
            stats.update(source.seq, source.timestamp, source.arrival, source.format);
        ++packets;
        require(stats.received() + stats.rejected() == packets);
        require((stats.restarts() > restarts) == (outcome == receiver_stats::outcome::restarted));
        require(stats.restarts() > restarts || stats.extended_highest_seq() >= highest);
        require(stats.duplicates() + stats.reordered() <= stats.received());
        require(stats.missing() <= stats.expected());
        require(stats.collisions() <= packets);
        require(std::isfinite(stats.jitter()) && stats.jitter() >= 0);
        require(stats.mean_jitter_ms() <= stats.max_jitter_ms() * 1.000001);
        if (packets % 16 == 0) stats.make_report(1, source.arrival);
    }
    return 0;
}
