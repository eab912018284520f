/// \file
/// Concealment of lost packets for codecs that have none of their own.
#pragma once

#include <rtpsynth/audio/detail/extrapolator.hpp>
#include <rtpsynth/base/compiler.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace rtpsynth {

/// \addtogroup audio
/// \{

/// Fills the gaps of one stream of speech. It continues the audio before a gap: a linear predictor
/// of its last 20 ms is excited by the last pitch period of what that predictor could not predict.
/// The continuation falls to half within the first 20 ms and to silence at 60 ms. After a gap the
/// audio is faded in over the continuation, within 5 to 10 ms.
///
/// Where the audio after the gap is known already, as it often is in a jitter buffer, the gap is
/// filled from both sides.
///
/// All of a stream's audio goes through the object, in order, in pieces of any length, which make
/// no difference to the result:
///
///     packet_loss_concealer concealer(8000);
///     if (decoded) concealer.receive(pcm); // may change the beginning of pcm
///     else concealer.conceal(pcm);
///
/// The result is the same on every platform with IEEE 754 arithmetic in float and double.
/// Nothing is added to the delay, and nothing is allocated after construction: 1.3 KB at 8 kHz.
///
/// Threads: distinct objects are independent; one must not be used by two threads at once.
class RTPSYNTH_API packet_loss_concealer {
public:
    static constexpr std::uint32_t min_rate = 8000;  ///< Hz
    static constexpr std::uint32_t max_rate = 96000; ///< Hz

    /// \param rate samples a second, min_rate..max_rate
    /// \throws std::invalid_argument if \p rate is out of range; std::bad_alloc
    explicit packet_loss_concealer(std::uint32_t rate);

    /// Takes the next piece of audio. After a gap its beginning is changed: faded in over the
    /// continuation of the gap.
    void receive(std::span<std::int16_t> pcm) noexcept;

    /// Fills \p pcm, a gap or a part of one, with the continuation of the audio before it.
    void conceal(std::span<std::int16_t> pcm) noexcept;

    /// Fills \p pcm, a gap or the last part of one, between the audio before it and \p next, which
    /// comes right after it. 20 ms of that or more are best. Give \p next to receive() afterwards;
    /// it is joined already and will not be changed, unless \p pcm is shorter than 5 ms: then the
    /// end of the gap is too short for that, and receive() fades in.
    void conceal(std::span<std::int16_t> pcm, std::span<const std::int16_t> next) noexcept;

    /// The audio that is received next does not continue what was received before, though nothing
    /// is missing: it is faded in as after a gap.
    void interrupt() noexcept;

    /// Forgets all audio: what precedes the next piece is silence.
    void reset() noexcept;

    std::uint32_t rate() const noexcept { return rate_; }

    /// Whether conceal() has come to its silence: the gap is 60 ms long.
    bool is_silent() const noexcept { return gap_ >= std::size_t{rate_} * 60 / 1000; }

private:
    void remember(std::span<const std::int16_t> pcm) noexcept;
    void begin_fade() noexcept;
    void fill(std::span<std::int16_t> pcm) noexcept;

    std::uint32_t rate_;
    std::vector<std::int16_t> past_;
    std::vector<float> excitation_;
    detail::extrapolator continuation_;
    std::size_t gap_ = 0;       // samples concealed since audio was received
    std::size_t fade_ = 0;      // samples over which the audio after the gap is faded in
    std::size_t fade_left_ = 0; // of those, the ones to come
};

/// \}

} // namespace rtpsynth
