/// \file
/// Plays streams into an audio file as their receiver heard them.
#pragma once

#include "audio/audio_writer.hpp"
#include "stream/rtp_stream.hpp"

#include <rtpsynth/base/clock.hpp>
#include <rtpsynth/jitter/playout.hpp>

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace replay {

/// Each channel of the file is a playout, into which packets go at their times of arrival. A tick
/// of 20 ms is pulled from all of them at a time: what was late is not heard, what is missing is
/// concealed, and the file lasts as long as the call.
///
/// Silence is bounded: ticks without speech in any channel are at most ten times the others plus a
/// minute. After that a pause between packets is left out.
///
/// A clock of the capture that goes back, as in files that were joined, does not: the packets that
/// follow are played after those before.
class heard_audio {
public:
    /// Opens \p path as audio_writer does. \throws as that
    heard_audio(const std::string& path, std::uint32_t rate, unsigned channels);
    ~heard_audio();

    /// What a channel's packets are passed to, one stream after the other.
    playout_listener& channel(unsigned index);

    /// Plays what waits, and closes the file. \throws common::audio_error
    void finish();

    std::uint64_t streams() const noexcept { return streams_; }
    double duration_s() const noexcept;
    double concealed_s() const noexcept; ///< ticks with some concealment in a channel
    double silence_s() const noexcept;   ///< ticks in which all channels are silent
    bool shortened() const noexcept { return shortened_; }

private:
    class ear;

    rtpsynth::time_point advance(rtpsynth::time_point arrival);
    void pull();
    bool is_playing() const noexcept;

    std::vector<std::unique_ptr<ear>> ears_;
    audio_writer file_;
    std::uint32_t rate_;
    rtpsynth::time_point next_;   // when the next tick is due: the first, with the first packet
    rtpsynth::duration offset_{}; // added to the capture's time
    std::vector<std::int16_t> tick_, frames_;
    std::uint64_t streams_ = 0;
    std::uint64_t ticks_ = 0, silent_ = 0, concealed_ = 0;
    std::uint64_t idle_ = 0; // without speech: silence or comfort noise
    bool shortened_ = false;
};

} // namespace replay
