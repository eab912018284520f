/// \file
/// From the packets of one RTP stream, as they arrive, to gapless audio: what a telephone does
/// between network and loudspeaker.
#pragma once

#include <rtpsynth/audio/codec.hpp>
#include <rtpsynth/base/clock.hpp>
#include <rtpsynth/base/compiler.h>
#include <rtpsynth/base/error.hpp>
#include <rtpsynth/jitter/playout_options.hpp>
#include <rtpsynth/jitter/playout_stats.hpp>
#include <rtpsynth/rtp/packet.hpp>

#include <cstdint>
#include <memory>
#include <span>

namespace rtpsynth {

/// \addtogroup jitter
/// \{

/// Plays one stream of voice. Packets go in as they arrive, in any order; every tick the caller
/// pulls one tick of audio, whatever has arrived:
///
///     playout p;
///     p.add_decoder(0, codecs.make_decoder("PCMU/8000"));
///     …
///     p.insert(datagram, now);               // for each packet
///     playout_kind kind = p.pull(now, pcm);  // every 20 ms, 160 samples
///
/// The delay follows the network. Its target is the least delay at which no more than `late_target`
/// of the packets of the last 2 seconds, 192 packets at most, would have come too late. It grows
/// when packets have come late. It shrinks in pauses, where the audio is quiet, and in speech by
/// leaving out pitch periods, at most 20 ms in 100 ms. Any change may be heard, so a delay that is
/// less than 60 ms too long is kept for a second, and one that is less than 200 ms too long for 2
/// seconds unless the audio is quiet.
///
/// Missing audio is concealed, by the codec if it can, for up to 60 ms. After that, and in a pause
/// that the sender made (DTX), there is silence or comfort noise, and the next packet begins a
/// talkspurt, which starts with the target delay.
///
/// Where no packet is missing, the timestamp of the next one tells whether the sender paused. Up to
/// 5 ms too much or too little are taken for rounding; more than 5 ms too much are a pause. One
/// that is too small by more than that is wrong. Its packet is played whole and continues the
/// audio, unless it has the marker or follows comfort noise or an event: then it begins a
/// talkspurt, which is faded in after a call of audio_decoder::interrupt().
///
/// A packet of another SSRC, or far from the stream's numbers or timestamps, is kept until the next
/// packet. If that has the next number and the same SSRC, the sender has restarted and both are
/// played; otherwise it is discarded. The decoders are reset before the first packet of the new
/// stream is decoded.
///
/// Allocates nothing per packet. The memory for packets grows as needed, to 4096 packets at most
/// and to 256 KiB of payload plus twice the size of max_delay of L16, at the playout's rate or 48
/// kHz, whichever is higher. Packets for which there is no room are discarded. A playout of PCMU in
/// packets of 20 ms takes 7 KB.
///
/// Threads: distinct objects are independent; one must not be used by two threads at once.
class RTPSYNTH_API playout {
public:
    /// \throws std::invalid_argument if an option is out of range; std::bad_alloc
    explicit playout(const playout_options& options = {});
    playout(playout&&) noexcept;
    playout& operator=(playout&&) noexcept;
    /// A moved-from object may only be destroyed or assigned to.
    ~playout();

    /// Decodes packets of \p payload_type with \p decoder from now on. If its audio has another
    /// rate than the playout, it is resampled, and heard 40 samples of the lower rate later, 5 ms
    /// at 8 kHz; the delays in stats() do not count that. See resampled_decoder().
    ///
    /// \throws std::invalid_argument if the type is above 127, the decoder null, or its audio rate
    /// not in 8000..96000 Hz; std::bad_alloc
    void add_decoder(std::uint8_t payload_type, std::unique_ptr<audio_decoder> decoder);
    /// Packets of \p payload_type are comfort noise (RFC 3389), whose timestamps have the clock
    /// rate of the audio before them.
    ///
    /// \throws std::invalid_argument if the type is above 127; std::bad_alloc
    void add_comfort_noise(std::uint8_t payload_type);
    /// Packets of \p payload_type are telephone events (RFC 4733). They have no audio, and the
    /// audio that is not sent meanwhile is not concealed.
    ///
    /// \throws std::invalid_argument if the type is above 127; std::bad_alloc
    void add_event(std::uint8_t payload_type);

    /// Puts in a packet that arrived at \p arrival. Its bytes are copied.
    void insert(const rtp_packet_view& packet, time_point arrival) noexcept;
    /// Parses \p datagram and puts it in. Fails as rtp_packet_view::parse does.
    [[nodiscard]] result<void> insert(std::span<const std::uint8_t> datagram,
                                      time_point arrival) noexcept;

    /// Fills \p pcm with the audio of the tick that begins at \p now, and returns its kind. A tick
    /// is at most 120 ms; the rest of a longer \p pcm is silence. With an empty one nothing is done
    /// or counted.
    playout_kind pull(time_point now, std::span<std::int16_t> pcm) noexcept;

    playout_stats stats() const noexcept;
    const playout_options& options() const noexcept;

private:
    class RTPSYNTH_LOCAL state;
    std::unique_ptr<state> state_;
};

/// \}

} // namespace rtpsynth
