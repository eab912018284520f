// WebRTC's NetEq, from Debian's libtgowt-dev. It gives 10 ms a call: a tick is two calls, the
// second 10 ms after the first, so that its clock goes as in a telephone.
#include "playout.hpp"

#include <api/audio/audio_frame.h>
#include <api/audio_codecs/builtin_audio_decoder_factory.h>
#include <api/rtp_headers.h>
#include <modules/audio_coding/neteq/default_neteq_factory.h>
#include <rtc_base/logging.h>
#include <system_wrappers/include/clock.h>

#include <algorithm>
#include <stdexcept>

namespace quality {
namespace {

class neteq : public buffer {
public:
    explicit neteq(int least_delay_ms) : clock_(0) {
        rtc::LogMessage::LogToDebug(rtc::LS_NONE);
        webrtc::NetEq::Config config;
        config.sample_rate_hz = 8000;
        config.min_delay_ms = least_delay_ms;
        neteq_ = webrtc::DefaultNetEqFactory().CreateNetEq(
            config, webrtc::CreateBuiltinAudioDecoderFactory(), &clock_);
        if (!neteq_->RegisterPayloadType(payload_type, webrtc::SdpAudioFormat("PCMU", 8000, 1)))
            throw std::runtime_error("NetEq does not take PCMU");
    }
    void insert(const rtpsynth::rtp_packet_view& packet, std::int64_t arrival) override {
        advance(arrival);
        webrtc::RTPHeader header;
        header.markerBit = packet.marker();
        header.payloadType = packet.payload_type();
        header.sequenceNumber = packet.seq();
        header.timestamp = packet.timestamp();
        header.ssrc = packet.ssrc();
        neteq_->InsertPacket(header, {packet.payload().data(), packet.payload().size()});
        has_begun_ = true;
        arrived_[packet.seq()] = true;
    }
    void pull(std::int64_t now, std::span<std::int16_t> pcm) override {
        advance(now);
        webrtc::AudioFrame frame;
        bool muted = false;
        if (neteq_->GetAudio(&frame, &muted) != webrtc::NetEq::kOK ||
            frame.samples_per_channel_ != pcm.size())
            throw std::runtime_error("NetEq gives no audio");
        std::copy_n(frame.data(), pcm.size(), pcm.begin());
        // Of the last sample that was given, or concealed.
        const auto position = neteq_->GetPlayoutTimestamp();
        if (!has_begun_ || !position) return;
        for (; next_ * packet_samples <= *position && *position < (1U << 31); ++next_)
            if (arrived_[next_ % 65536]) heard.push_back({static_cast<std::uint16_t>(next_), now});
    }

private:
    void advance(std::int64_t us) {
        clock_.AdvanceTimeMicroseconds(std::max<std::int64_t>(us - clock_.TimeInMicroseconds(), 0));
    }

    webrtc::SimulatedClock clock_;
    std::unique_ptr<webrtc::NetEq> neteq_;
    std::vector<bool> arrived_ = std::vector<bool>(65536);
    std::uint32_t next_ = 0;
    bool has_begun_ = false;
};

} // namespace

std::unique_ptr<buffer> make_neteq(double setting) {
    return std::make_unique<neteq>(static_cast<int>(setting));
}

} // namespace quality
