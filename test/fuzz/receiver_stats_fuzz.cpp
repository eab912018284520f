// Packets of any numbers, timestamps, times and formats through receiver_stats: every packet is
// accounted for, and no counter contradicts another.
#include "reader.hpp"

#include <rtpsynth/rtcp/receiver_stats.hpp>

#include <cmath>
#include <cstdint>

namespace {

using namespace rtpsynth;
using fuzz::check, fuzz::reader;

/// The fields of one packet: small steps from the one before, or anywhere.
struct packet_source {
    reader in;
    std::uint16_t seq = 0;
    std::uint32_t timestamp = 0;
    time_point arrival{};
    payload_format format{8000, payload_kind::media};

    void next() {
        const unsigned choice = in.byte();
        seq = static_cast<std::uint16_t>(seq + (choice & 1 ? 1 : in.byte() - 128));
        timestamp += choice & 2 ? 160 : (in.byte() - 128) * 160;
        arrival += std::chrono::milliseconds(choice & 4 ? 20 : in.byte());
        if (choice & 8) seq = static_cast<std::uint16_t>(in.number(2));
        if (choice & 16) timestamp = static_cast<std::uint32_t>(in.number(4));
        if (choice & 32) arrival += std::chrono::seconds(in.byte() * 16);
        if (choice & 64) {
            constexpr std::uint32_t rates[] = {0, 1, 8000, 48000, 90000, ~0U, 8000, 8000};
            const unsigned kind = in.byte();
            format = {rates[kind & 7], static_cast<payload_kind>(kind >> 3 & 3)};
        }
    }
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    packet_source source{{data, size}};
    const unsigned limits = source.in.byte();
    const receiver_stats_options options{.min_sequential = limits & 3U,
                                         .max_dropout = limits & 4 ? 3000U : 20U,
                                         .max_misorder = limits & 8 ? 100U : 1024U};
    receiver_stats stats(8000, options);
    std::uint64_t packets = 0;
    while (!source.in.empty()) {
        source.next();
        const std::uint64_t restarts = stats.restarts();
        const std::uint64_t highest = stats.extended_highest_seq();
        const auto outcome =
            stats.update(source.seq, source.timestamp, source.arrival, source.format);
        ++packets;
        check(stats.received() + stats.rejected() == packets);
        check((stats.restarts() > restarts) == (outcome == receiver_stats::outcome::restarted));
        check(stats.restarts() > restarts || stats.extended_highest_seq() >= highest);
        check(stats.duplicates() + stats.reordered() <= stats.received());
        check(stats.missing() <= stats.expected());
        check(stats.collisions() <= packets);
        check(std::isfinite(stats.jitter()) && stats.jitter() >= 0);
        check(stats.mean_jitter_ms() <= stats.max_jitter_ms() * 1.000001);
        if (packets % 16 == 0) stats.make_report(1, source.arrival);
    }
    return 0;
}
