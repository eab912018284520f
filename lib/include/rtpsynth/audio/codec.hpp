/// \file
/// Encoders and decoders of voice. Each has one of two interfaces, whatever the codec: audio in and
/// payload out, payload in and audio out. codec_set makes them by the text of an SDP rtpmap.
///
/// Audio is mono, signed 16-bit in native order, at the codec's audio rate. That is not always the
/// clock rate of its RTP timestamps: G.722 has audio of 16 kHz and a clock of 8 kHz.
///
/// Threads: distinct objects are independent. One object belongs to one thread at a time.
#pragma once

#include <rtpsynth/base/compiler.h>
#include <rtpsynth/base/error.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace rtpsynth {

/// \addtogroup audio
/// \{

/// The two rates of a codec in use, in Hz.
struct codec_rates {
    std::uint32_t audio = 0; ///< samples of audio per second
    std::uint32_t clock = 0; ///< of the RTP timestamp

    /// The step of the RTP timestamp that \p samples of audio take; 0 if the rates are.
    constexpr std::uint32_t to_clock(std::size_t samples) const noexcept {
        if (audio == 0) return 0;
        return static_cast<std::uint32_t>(std::uint64_t{samples} * clock / audio);
    }
    /// How much audio \p ticks of the RTP timestamp stand for; 0 if the rates are.
    constexpr std::size_t to_samples(std::uint32_t ticks) const noexcept {
        if (clock == 0) return 0;
        return static_cast<std::size_t>(std::uint64_t{ticks} * audio / clock);
    }

    bool operator==(const codec_rates&) const = default;
};

/// Encodes one stream of audio, a packet at a time.
class RTPSYNTH_API audio_encoder {
public:
    virtual ~audio_encoder();
    audio_encoder(const audio_encoder&) = delete;
    audio_encoder& operator=(const audio_encoder&) = delete;

    /// Rates of audio and timestamps, the same as long as the object lives.
    codec_rates rates() const noexcept { return rates_; }

    /// How much room encode() needs for \p samples of audio.
    virtual std::size_t max_payload(std::size_t samples) const noexcept = 0;

    /// Encodes one packet's audio into the beginning of \p payload and returns how many bytes it
    /// wrote. 0: the codec has nothing to say of this audio, which is quiet, and no packet is to be
    /// sent (opus with DTX). Allocates nothing.
    ///
    /// Any number of samples but 0 for PCMU, PCMA and L16, an even one for G722; opus takes 2.5, 5,
    /// 10, 20, 40, 60, 80, 100 or 120 ms.
    ///
    /// Errors, with nothing changed: errc::bad_frame_size (not such a number),
    /// errc::buffer_too_small (\p payload is smaller than max_payload()). A codec of another
    /// library may fail with errc::invalid_argument if that library does for a reason of its own;
    /// reset() it then.
    [[nodiscard]] virtual result<std::size_t> encode(std::span<const std::int16_t> pcm,
                                                     std::span<std::uint8_t> payload) noexcept = 0;

    /// Forgets the audio so far: what comes next is encoded as by a new object.
    virtual void reset() noexcept = 0;

protected:
    explicit audio_encoder(codec_rates rates) noexcept : rates_(rates) {}

private:
    codec_rates rates_;
};

/// Decodes one stream of audio, a packet at a time, in the order of the packets.
class RTPSYNTH_API audio_decoder {
public:
    virtual ~audio_decoder();
    audio_decoder(const audio_decoder&) = delete;
    audio_decoder& operator=(const audio_decoder&) = delete;

    /// Rates of audio and timestamps, the same as long as the object lives.
    codec_rates rates() const noexcept { return rates_; }

    /// How many samples decode() makes of \p payload, or why it would not: it looks at the payload
    /// alone, not at the decoder's state.
    [[nodiscard]] virtual result<std::size_t> samples(
        std::span<const std::uint8_t> payload) const noexcept = 0;

    /// Decodes one packet's payload into the beginning of \p pcm and returns the number of samples.
    /// Allocates nothing.
    ///
    /// Errors, with nothing changed: errc::bad_payload (empty, or not this codec's),
    /// errc::buffer_too_small.
    [[nodiscard]] virtual result<std::size_t> decode(std::span<const std::uint8_t> payload,
                                                     std::span<std::int16_t> pcm) noexcept = 0;

    /// Whether decode() needs the packets before, as G.722's predictors do. After a gap such audio
    /// is wrong for some milliseconds: it is to be faded in, and no gap to be filled from it.
    virtual bool needs_past() const noexcept { return false; }

    /// Whether conceal() makes anything.
    virtual bool conceals() const noexcept { return false; }

    /// Makes audio for a packet that is missing, in the way of the codec, into the beginning of
    /// \p pcm, and returns how many samples. That is 0 for a codec without a way of its own, for
    /// which packet_loss_concealer is. Opus makes the largest multiple of 2.5 ms that fits, up to
    /// 120 ms.
    virtual std::size_t conceal(std::span<std::int16_t> pcm) noexcept;

    /// Makes the audio of a missing packet from what the packet after it repeats of it (opus's
    /// in-band FEC) into the beginning of \p pcm, and returns how many samples; 0 if it repeats
    /// nothing. \p next is to be decoded afterwards as always. Give as much \p pcm as is missing:
    /// where the packet repeats only the end of it, the beginning is concealed.
    virtual std::size_t recover(std::span<const std::uint8_t> next,
                                std::span<std::int16_t> pcm) noexcept;

    /// What is decoded next does not continue the audio so far, though the stream goes on: there
    /// was a pause, or audio is left out. For a decoder that holds audio back, as a resampled one
    /// does.
    virtual void interrupt() noexcept;

    /// Forgets the packets so far: what comes next is decoded as by a new object.
    virtual void reset() noexcept = 0;

protected:
    explicit audio_decoder(codec_rates rates) noexcept : rates_(rates) {}

private:
    codec_rates rates_;
};

/// \}

} // namespace rtpsynth
