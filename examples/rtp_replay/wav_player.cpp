#include "wav_player.hpp"

#include <rtpsynth/g711.hpp>

#include <algorithm>
#include <array>
#include <chrono>

namespace replay {
namespace {

constexpr std::uint8_t pcmu = 0;
constexpr std::uint8_t pcma = 8;

constexpr std::uint64_t one_second = wav_writer::sample_rate;

} // namespace

void wav_player::play(const rtpsynth::rtp_packet_view& packet, rtpsynth::time_point arrival) {
    const std::uint8_t type = packet.payload_type();
    if (type != pcmu && type != pcma) return;
    fill_gap(packet.timestamp(), arrival);

    std::array<std::int16_t, 512> samples;
    auto payload = packet.payload();
    speech_ += payload.size();
    next_timestamp_ = packet.timestamp() + static_cast<std::uint32_t>(payload.size());
    while (!payload.empty()) {
        const auto part = payload.first(std::min(payload.size(), samples.size()));
        const auto decoded = std::span(samples).first(part.size());
        if (type == pcmu)
            rtpsynth::ulaw_decode(part, decoded);
        else
            rtpsynth::alaw_decode(part, decoded);
        wav_.write(decoded);
        payload = payload.subspan(part.size());
    }
}

void wav_player::erased(const rtpsynth::erasure& gap) {
    if (gap.restart)
        playing_ = false;
    else
        lost_ += gap.ts_diff;
}

void wav_player::fill_gap(std::uint32_t timestamp, rtpsynth::time_point arrival) {
    using std::chrono::duration_cast;
    using std::chrono::milliseconds;
    std::uint64_t gap = 0;
    if (playing_) {
        const auto waited = duration_cast<milliseconds>(arrival - last_arrival_).count();
        const auto ahead = static_cast<std::int32_t>(timestamp - next_timestamp_);
        const bool plausible =
            ahead <= (std::max<std::int64_t>(waited, 0) + 1000) * (wav_writer::sample_rate / 1000);
        // Negative: the sender's packets overlap, which the ear forgives.
        gap = plausible ? static_cast<std::uint64_t>(std::max(ahead, 0)) : lost_;
    }
    playing_ = true;
    last_arrival_ = arrival;
    lost_ = 0;

    const std::uint64_t bound = 10 * speech_ + 60 * one_second;
    shortened_ = shortened_ || gap > bound - silence_;
    gap = std::min(gap, bound - silence_);
    silence_ += gap;
    wav_.write_silence(gap);
}

} // namespace replay
