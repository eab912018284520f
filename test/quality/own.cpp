// rtpsynth::playout.
#include "playout.hpp"

#include <rtpsynth/audio/codec_set.hpp>
#include <rtpsynth/jitter/playout.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

namespace quality {
namespace {

using rtpsynth::duration;
using rtpsynth::result;
using rtpsynth::time_point;

constexpr std::size_t tag = 2; // bytes

// PCMU behind the packet's sequence number, which it notes: so one sees from outside what is
// played.
class tagged_decoder : public rtpsynth::audio_decoder {
public:
    explicit tagged_decoder(std::vector<std::uint16_t>& decoded)
        : audio_decoder({8000, 8000}),
          decoder_(rtpsynth::codec_set().make_decoder("PCMU/8000")),
          decoded_(decoded) {}
    result<std::size_t> samples(std::span<const std::uint8_t> payload) const noexcept override {
        if (payload.size() <= tag) return rtpsynth::errc::bad_payload;
        return decoder_->samples(payload.subspan(tag));
    }
    result<std::size_t> decode(std::span<const std::uint8_t> payload,
                               std::span<std::int16_t> pcm) noexcept override {
        if (payload.size() <= tag) return rtpsynth::errc::bad_payload;
        decoded_.push_back(static_cast<std::uint16_t>(payload[0] << 8 | payload[1]));
        return decoder_->decode(payload.subspan(tag), pcm);
    }
    void reset() noexcept override { decoder_->reset(); }

private:
    std::unique_ptr<rtpsynth::audio_decoder> decoder_;
    std::vector<std::uint16_t>& decoded_;
};

class own : public buffer {
public:
    explicit own(const rtpsynth::playout_options& options) : playout_(options) {
        playout_.add_decoder(payload_type, std::make_unique<tagged_decoder>(decoded_));
        arrivals_.resize(65536);
    }
    void insert(const rtpsynth::rtp_packet_view& packet, std::int64_t arrival) override {
        const auto datagram = packet.datagram();
        const auto payload = packet.payload();
        std::vector<std::uint8_t> tagged(datagram.begin(),
                                         datagram.end() - std::ptrdiff_t(payload.size()));
        tagged.push_back(static_cast<std::uint8_t>(packet.seq() >> 8));
        tagged.push_back(static_cast<std::uint8_t>(packet.seq()));
        tagged.insert(tagged.end(), payload.begin(), payload.end());
        (void)playout_.insert(tagged, at(arrival)).value();
        arrivals_[packet.seq()] = arrival;
    }
    void pull(std::int64_t now, std::span<std::int16_t> pcm) override {
        decoded_.clear();
        playout_.pull(at(now), pcm);
        if (decoded_.empty()) return;
        // The statistics say when the last one will be heard, the ones before it not later.
        const auto delay =
            std::chrono::duration_cast<std::chrono::microseconds>(playout_.stats().delay).count();
        for (const std::uint16_t seq : decoded_) {
            const bool is_last = seq == decoded_.back();
            heard.push_back({seq, is_last ? arrivals_[seq] + delay : now});
        }
    }

private:
    static time_point at(std::int64_t us) { return time_point(std::chrono::microseconds(us)); }

    rtpsynth::playout playout_;
    std::vector<std::uint16_t> decoded_;
    std::vector<std::int64_t> arrivals_;
};

duration ms(double x) { return std::chrono::microseconds(static_cast<std::int64_t>(x * 1000)); }

} // namespace

// From 0: the least delay. Below: late_target, in per cent.
std::unique_ptr<buffer> make_own_adaptive(double setting) {
    rtpsynth::playout_options o;
    if (setting < 0)
        o.late_target = -setting / 100;
    else
        o.min_delay = ms(setting);
    o.initial_delay = std::max(o.initial_delay, o.min_delay);
    return std::make_unique<own>(o);
}

std::unique_ptr<buffer> make_own_fixed(double setting) {
    rtpsynth::playout_options o;
    o.initial_delay = o.min_delay = o.max_delay = ms(setting);
    return std::make_unique<own>(o);
}

} // namespace quality
