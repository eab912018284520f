/// \file
/// Interfaces of voice codecs: audio_encoder turns audio into payloads, audio_decoder payloads into
/// audio. codec_set makes them from the text of an SDP rtpmap.
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

    /// The number of timestamp units that \p samples of audio last; 0 if the rates are 0.
    constexpr std::uint32_t to_clock(std::size_t samples) const noexcept {
        if (audio == 0) return 0;
        return static_cast<std::uint32_t>(std::uint64_t{samples} * clock / audio);
    }
    /// The number of audio samples in \p ticks of the RTP timestamp; 0 if the rates are 0.
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

    /// Rates of audio and timestamps. They never change.
    codec_rates rates() const noexcept { return rates_; }

    /// The size of the payload that encode() needs for \p samples of audio, at most.
    virtual std::size_t max_payload(std::size_t samples) const noexcept = 0;

    /// Encodes one packet's audio into the beginning of \p payload and returns the number of bytes
    /// written. 0 means that the codec suppresses the packet, since the audio is quiet (opus with
    /// DTX): send none. Allocates nothing.
    ///
    /// PCMU, PCMA and L16 take any number of samples but 0, G722 an even one, and opus 2.5, 5, 10,
    /// 20, 40, 60, 80, 100 or 120 ms.
    ///
    /// Errors, with nothing changed: errc::bad_frame_size (the codec does not take this number of
    /// samples), errc::buffer_too_small (\p payload is smaller than max_payload()). A codec of
    /// another library may also fail with errc::invalid_argument, if that library reports an error;
    /// reset() it then.
    [[nodiscard]] virtual result<std::size_t> encode(std::span<const std::int16_t> pcm,
                                                     std::span<std::uint8_t> payload) noexcept = 0;

    /// Discards the encoder's state: the next audio is encoded as by a new object.
    virtual void reset() noexcept = 0;

protected:
    explicit audio_encoder(codec_rates rates) noexcept : rates_(rates) {}

private:
    codec_rates rates_;
};

/// Decodes one stream of audio, a packet at a time, in order of sequence numbers.
class RTPSYNTH_API audio_decoder {
public:
    virtual ~audio_decoder();
    audio_decoder(const audio_decoder&) = delete;
    audio_decoder& operator=(const audio_decoder&) = delete;

    /// Rates of audio and timestamps. They never change.
    codec_rates rates() const noexcept { return rates_; }

    /// The number of samples that decode() would return for \p payload, or its error. Depends only
    /// on the payload, not on the decoder's state.
    [[nodiscard]] virtual result<std::size_t> samples(
        std::span<const std::uint8_t> payload) const noexcept = 0;

    /// Decodes one packet's payload into the beginning of \p pcm and returns the number of samples.
    /// Allocates nothing.
    ///
    /// Errors, with nothing changed: errc::bad_payload (empty, or not this codec's),
    /// errc::buffer_too_small.
    [[nodiscard]] virtual result<std::size_t> decode(std::span<const std::uint8_t> payload,
                                                     std::span<std::int16_t> pcm) noexcept = 0;

    /// Whether decode() depends on earlier packets, as G.722's predictors do. The audio after a gap
    /// is then wrong for some milliseconds: fade it in, and do not use it to fill the gap.
    virtual bool needs_past() const noexcept { return false; }

    /// Whether conceal() produces audio.
    virtual bool conceals() const noexcept { return false; }

    /// Conceals a missing packet by the codec's own method: writes audio to the beginning of \p pcm
    /// and returns the number of samples. 0 for a codec without such a method; use
    /// packet_loss_concealer there. Opus writes the largest multiple of 2.5 ms that fits, up to 120
    /// ms.
    virtual std::size_t conceal(std::span<std::int16_t> pcm) noexcept;

    /// Recovers a missing packet from the copy in the packet after it (opus's in-band FEC): writes
    /// its audio to the beginning of \p pcm and returns the number of samples; 0 if \p next has no
    /// copy. Decode \p next afterwards as usual. Make \p pcm as long as the gap: if the copy covers
    /// only its end, the beginning is concealed.
    virtual std::size_t recover(std::span<const std::uint8_t> next,
                                std::span<std::int16_t> pcm) noexcept;

    /// Announces that the next packet does not continue the audio so far, although the stream goes
    /// on: after a pause, or if audio was skipped. Matters to decoders that delay audio, such as a
    /// resampled one.
    virtual void interrupt() noexcept;

    /// Discards the decoder's state: the next packet is decoded as by a new object.
    virtual void reset() noexcept = 0;

protected:
    explicit audio_decoder(codec_rates rates) noexcept : rates_(rates) {}

private:
    codec_rates rates_;
};

/// \}

} // namespace rtpsynth
