/// \file
/// Plays G.711 into an audio file, on the sender's timeline.
#pragma once

#include "audio/audio_writer.hpp"
#include "stream/rtp_stream.hpp"

#include <cstdint>
#include <string>

namespace replay {

/// Decodes packets of PCMU and PCMA and skips others. What is missing becomes silence: erasures,
/// talk pauses, telephone events.
///
/// Silence is bounded, whatever the timestamps claim. A gap may exceed the time between the
/// packets' arrivals by a second; if it is longer, the sender's timestamps have jumped, and only
/// what the jitter buffer counted as lost is filled in, within the same bound. All silence together
/// is at most ten times the speech plus a minute.
///
/// Streams may be played one after the other. If one does not continue the timestamps of the
/// previous one, arrival times give the length of the silence between them.
class audio_player : public playout_listener {
public:
    static constexpr std::uint32_t sample_rate = 8000; ///< Hz

    /// Opens \p path as audio_writer does. \throws as that
    explicit audio_player(const std::string& path) : file_(path, sample_rate, 1) {}

    /// \throws common::audio_error
    void play(const rtpsynth::rtp_packet_view& packet, rtpsynth::time_point arrival) override;
    void erased(const rtpsynth::erasure& gap) override;
    /// \throws common::audio_error
    void finish() { file_.close(); }

    std::uint64_t samples() const noexcept { return file_.samples(); }
    std::uint64_t silent_samples() const noexcept { return silence_; }
    /// Whether the bound on silence was reached: the audio is shorter than the sender's timeline.
    bool shortened() const noexcept { return shortened_; }
    /// Number of streams played.
    std::uint64_t streams() const noexcept { return streams_; }

private:
    void fill_gap(std::uint32_t timestamp, rtpsynth::time_point arrival);
    std::uint64_t gap_before(std::uint32_t timestamp, rtpsynth::time_point arrival) const;

    audio_writer file_;
    bool playing_ = false; // next_timestamp_ and last_arrival_ are valid
    bool changed_ = false; // ... but belong to the previous stream
    std::uint32_t ssrc_ = 0;
    std::uint64_t streams_ = 0;
    std::uint64_t last_samples_ = 0; // of the previous packet
    std::uint32_t next_timestamp_ = 0;
    rtpsynth::time_point last_arrival_{};
    std::uint64_t lost_ = 0; // samples of erasures since the last packet played
    std::uint64_t speech_ = 0;
    std::uint64_t silence_ = 0;
    bool shortened_ = false;
};

} // namespace replay
