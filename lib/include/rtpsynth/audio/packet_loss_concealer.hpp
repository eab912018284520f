/// \file
/// Packet loss concealment for codecs without their own.
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

/// Fills the gaps in one stream of speech. It continues the audio before a gap by linear
/// prediction: a predictor of its last 20 ms is excited by the last pitch period of the prediction
/// residual. The continuation falls to half within the first 20 ms and to silence at 60 ms. After a
/// gap the audio is cross-faded with the continuation for 5 to 10 ms.
///
/// If the audio after the gap is already known, as is often the case in a jitter buffer, the gap is
/// filled from both sides.
///
/// Pass all audio of a stream through the object, in order. The length of the pieces does not
/// affect the result:
///
///     packet_loss_concealer concealer(8000);
///     if (decoded) concealer.receive(pcm); // may change the beginning of pcm
///     else concealer.conceal(pcm);
///
/// The result is the same on every platform with IEEE 754 arithmetic in float and double. The
/// concealer adds no delay, and allocates nothing after construction: 1.3 KB at 8 kHz.
///
/// Threads: distinct objects are independent; one must not be used by two threads at once.
class RTPSYNTH_API packet_loss_concealer {
public:
    static constexpr std::uint32_t min_rate = 8000;  ///< Hz
    static constexpr std::uint32_t max_rate = 96000; ///< Hz

    /// \param rate samples a second, min_rate..max_rate
    /// \throws std::invalid_argument if \p rate is out of range; std::bad_alloc
    explicit packet_loss_concealer(std::uint32_t rate);

    /// Takes the next piece of audio. After a gap its beginning is changed: it is cross-faded with
    /// the continuation.
    void receive(std::span<std::int16_t> pcm) noexcept;

    /// Fills \p pcm, a gap or a part of one, with a continuation of the audio before it.
    void conceal(std::span<std::int16_t> pcm) noexcept;

    /// Fills \p pcm, a gap or the last part of one, between the audio before it and \p next, the
    /// audio right after it. Best if \p next has 20 ms or more. Pass \p next to receive()
    /// afterwards; it is already joined and will not be changed, unless \p pcm is shorter than 5
    /// ms, which is too short for a join: then receive() fades in.
    void conceal(std::span<std::int16_t> pcm, std::span<const std::int16_t> next) noexcept;

    /// The next audio does not continue the audio before, although nothing is missing: receive()
    /// fades it in as after a gap.
    void interrupt() noexcept;

    /// Discards all audio: the next piece follows silence.
    void reset() noexcept;

    std::uint32_t rate() const noexcept { return rate_; }

    /// Whether conceal() now writes silence: the gap has lasted 60 ms.
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
    std::size_t fade_left_ = 0; // how many of them are still to come
};

/// \}

} // namespace rtpsynth
