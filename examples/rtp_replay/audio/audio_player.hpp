/// \file
/// Plays G.711 into an audio file, on the sender's timeline.
#pragma once

#include "audio/audio_writer.hpp"
#include "stream/rtp_stream.hpp"

#include <cstdint>
#include <string>

namespace replay {

/// Packets of PCMU and PCMA are decoded, others passed over. What is missing becomes silence:
/// erasures, talk pauses, telephone events.
///
/// Silence is bounded, whatever the timestamps claim. A gap must be plausible by the packets'
/// arrival, give or take a second; if it is not, the sender's timestamps have jumped, and only what
/// the jitter buffer counted as lost is filled in, within the same bound. All silence together is
/// at most ten times the speech and a minute.
///
/// Streams may be played one after the other. Where one does not go on with the timestamps of the
/// one before, the arrivals tell how long the silence between them was.
class audio_player : public playout_listener {
public:
    /// Throws common::audio_error.
    explicit audio_player(const std::string& path) : file_(path) {}

    /// Throws common::audio_error.
    void play(const rtpsynth::rtp_packet_view& packet, rtpsynth::time_point arrival) override;
    void erased(const rtpsynth::erasure& gap) override;
    /// Throws common::audio_error.
    void finish() { file_.close(); }

    std::uint64_t samples() const noexcept { return file_.samples(); }
    std::uint64_t silent_samples() const noexcept { return silence_; }
    /// The bound on silence was reached: the timeline is shorter than the sender's.
    bool shortened() const noexcept { return shortened_; }
    /// How many streams were heard.
    std::uint64_t streams() const noexcept { return streams_; }

private:
    void fill_gap(std::uint32_t timestamp, rtpsynth::time_point arrival);
    std::uint64_t gap_before(std::uint32_t timestamp, rtpsynth::time_point arrival) const;

    audio_writer file_;
    bool playing_ = false; // next_timestamp_ and last_arrival_ mean something
    bool changed_ = false; // ... but are of the stream before
    std::uint32_t ssrc_ = 0;
    std::uint64_t streams_ = 0;
    std::uint64_t last_samples_ = 0; // of the packet before
    std::uint32_t next_timestamp_ = 0;
    rtpsynth::time_point last_arrival_{};
    std::uint64_t lost_ = 0; // samples that erasures account for since the last packet played
    std::uint64_t speech_ = 0;
    std::uint64_t silence_ = 0;
    bool shortened_ = false;
};

} // namespace replay
