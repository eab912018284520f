#include <rtpsynth/rtcp/detail/reception_pace.hpp>

#include <algorithm>
#include <cmath>

namespace rtpsynth::detail {
namespace {

constexpr double timestamp_cycle = 4294967296.0;
constexpr double sequence_cycle = 65536;
// Two weeks of a source of 3500 packets a second. Longer outages are not recognised. Otherwise the
// numbers of a source whose timestamps hardly advance would grow without bound.
constexpr double longest_outage = 4294967296.0; // packets

} // namespace

bool went_on_together(const packet_instant& before, const packet_instant& after) noexcept {
    if (before.clock_rate == 0 || before.clock_rate != after.clock_rate) return false;
    const double rate = before.clock_rate;
    const double seconds = static_cast<double>(elapsed_ns(before.arrival, after.arrival)) / 1e9;
    const double tolerance = (0.25 + 0.05 * std::abs(seconds)) * rate;
    const double difference = std::remainder(
        static_cast<double>(after.timestamp - before.timestamp) - seconds * rate, timestamp_cycle);
    return tolerance < timestamp_cycle / 2 && std::abs(difference) <= tolerance;
}

std::int64_t reception_pace::distance(std::uint16_t ahead, const packet_instant& at,
                                      double factor) const noexcept {
    if (media_ <= 0 || newest_seq_ <= first_seq_ || !went_on_together(newest_, at)) return 0;
    const double units_per_packet =
        static_cast<double>(media_) / static_cast<double>(newest_seq_ - first_seq_);
    const double units =
        static_cast<double>(elapsed_ns(newest_.arrival, at.arrival)) / 1e9 * at.clock_rate;
    const double packets = units / units_per_packet;
    const double cycles = std::round((packets - ahead) / sequence_cycle);
    const double nearest = ahead + sequence_cycle * std::max(cycles, 0.0);
    if (packets <= 0 || nearest > longest_outage || nearest > factor * packets ||
        packets > factor * nearest)
        return 0;
    return static_cast<std::int64_t>(nearest);
}

} // namespace rtpsynth::detail
