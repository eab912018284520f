#include "audio/audio_player.hpp"

#include <rtpsynth/audio/g711.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>

namespace replay {
namespace {

constexpr std::uint8_t pcmu = 0;
constexpr std::uint8_t pcma = 8;

constexpr std::uint64_t one_second = audio_player::sample_rate;

} // namespace

void audio_player::play(const rtpsynth::rtp_packet_view& packet, rtpsynth::time_point arrival) {
    const std::uint8_t type = packet.payload_type();
    if (type != pcmu && type != pcma) return;
    if (streams_ == 0 || packet.ssrc() != ssrc_) {
        ++streams_;
        ssrc_ = packet.ssrc();
        changed_ = streams_ > 1;
    }
    fill_gap(packet.timestamp(), arrival);

    std::array<std::int16_t, 512> samples;
    auto payload = packet.payload();
    speech_ += payload.size();
    last_samples_ = payload.size();
    next_timestamp_ = packet.timestamp() + static_cast<std::uint32_t>(payload.size());
    while (!payload.empty()) {
        const auto part = payload.first(std::min(payload.size(), samples.size()));
        const auto decoded = std::span(samples).first(part.size());
        if (type == pcmu)
            rtpsynth::ulaw_decode(part, decoded);
        else
            rtpsynth::alaw_decode(part, decoded);
        file_.write(decoded);
        payload = payload.subspan(part.size());
    }
}

void audio_player::erased(const rtpsynth::erasure& gap) {
    if (gap.restart)
        playing_ = false;
    else
        lost_ += gap.ts_diff;
}

std::uint64_t audio_player::gap_before(std::uint32_t timestamp,
                                       rtpsynth::time_point arrival) const {
    using std::chrono::duration_cast;
    using std::chrono::milliseconds;
    constexpr std::int64_t samples_per_ms = sample_rate / 1000;
    const std::int64_t waited =
        std::max<std::int64_t>(duration_cast<milliseconds>(arrival - last_arrival_).count(), 0);
    const auto ahead = static_cast<std::int32_t>(timestamp - next_timestamp_);
    if (changed_) {
        const std::int64_t silent =
            waited * samples_per_ms - static_cast<std::int64_t>(last_samples_);
        const bool goes_on = ahead >= 0 && std::abs(ahead - silent) < samples_per_ms * 250;
        return static_cast<std::uint64_t>(goes_on ? ahead : std::max<std::int64_t>(silent, 0));
    }
    // Negative: the sender's packets overlap; they are played one after the other.
    const std::int64_t most = (waited + 1000) * samples_per_ms;
    return ahead <= most ? static_cast<std::uint64_t>(std::max(ahead, 0))
                         : std::min(lost_, static_cast<std::uint64_t>(most));
}

void audio_player::fill_gap(std::uint32_t timestamp, rtpsynth::time_point arrival) {
    std::uint64_t gap = playing_ ? gap_before(timestamp, arrival) : 0;
    playing_ = true;
    changed_ = false;
    last_arrival_ = arrival;
    lost_ = 0;

    const std::uint64_t bound = 10 * speech_ + 60 * one_second;
    shortened_ = shortened_ || gap > bound - silence_;
    gap = std::min(gap, bound - silence_);
    silence_ += gap;
    file_.write_silence(gap);
}

} // namespace replay
