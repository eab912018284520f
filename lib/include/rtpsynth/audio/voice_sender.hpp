/// \file
/// From audio, as an application has it, to the packets of one RTP stream, one a tick: what a
/// telephone does between microphone and network.
#pragma once

#include <rtpsynth/audio/codec.hpp>
#include <rtpsynth/audio/play_queue.hpp>
#include <rtpsynth/audio/telephone_event_sender.hpp>
#include <rtpsynth/audio/voice_sender_options.hpp>
#include <rtpsynth/audio/voice_sender_stats.hpp>
#include <rtpsynth/base/clock.hpp>
#include <rtpsynth/base/compiler.h>
#include <rtpsynth/base/error.hpp>
#include <rtpsynth/rtp/packet_synth.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

namespace rtpsynth {

/// \addtogroup audio
/// \{

/// What a voice_sender sends with. The payload types have the clock rate of the encoder.
struct sender_codec {
    std::unique_ptr<audio_encoder> encoder;
    std::uint8_t payload_type = 0;            ///< 0..127, of the audio
    std::optional<std::uint8_t> event_type{}; ///< of telephone events; nullopt: none can be sent
    std::optional<std::uint8_t> noise_type{}; ///< of comfort noise
};

/// What voice_sender::next() did.
struct sent_tick {
    sent_kind kind = sent_kind::nothing;
    std::size_t size = 0; ///< of the packet; 0: none
    /// The items of which the last audio was taken in this tick: a view that is valid until the
    /// next call of the sender. See play_queue.
    std::span<const played_item> ended{};
};

/// Sends one stream of voice. Audio goes in as it comes; the caller makes the ticks:
///
///     voice_sender sender({.encoder = codecs.make_encoder("PCMU/8000"), .payload_type = 0,
///                          .event_type = 101},
///                         stream_origin::draw(system_random32), clock::now(),
///                         {.input_rate = 24000});
///     sender.push(speech, 1);                        // as much as there is room for
///     …
///     while (sender.due() <= now) {                  // every 20 ms
///         const auto tick = sender.next(now, packet);
///         if (tick->size != 0) socket.send(packet, tick->size);
///     }
///
/// *Time.* Ticks lie on a grid, ptime apart from the start. Each has its timestamp, whether there
/// is a packet in it or not, so that timestamps follow the caller's clock exactly. A caller that is
/// late catches up with `max_burst` ticks at most. The ticks before are missed: they are passed
/// over, the timestamps with them, and the audio waits.
///
/// *Pauses.* In ticks without audio there is what the idle policy says. The marker is set on the
/// first packet of audio after ticks without one (RFC 3551 §4.1). A codec's own pause (opus with
/// DTX) is one too. Packets of silence do not end a pause, and have no marker but for the first
/// packet of a stream.
///
/// *Digits* are sent in the place of audio, as telephones do it: the audio of that time is taken
/// and not sent, so that live audio is not delayed.
///
/// *Memory.* next() allocates nothing. A sender of PCMU that has nothing to send takes 1.1 KB, and
/// 1.7 KB more after send_digits().
///
/// \par Thread safety
/// Distinct objects are independent; one must not be used by two threads at once.
class RTPSYNTH_API voice_sender {
public:
    /// \param codec   what to send with
    /// \param origin  the numbers of the first packet
    /// \param start   the time of the first tick
    /// \throws std::invalid_argument if an option or a payload type is out of range, there is no
    ///         encoder, it does not take packets of ptime, or the idle policy is comfort noise and
    ///         there is no payload type for it; std::bad_alloc
    voice_sender(sender_codec codec, const stream_origin& origin, time_point start,
                 const voice_sender_options& options = {});
    voice_sender(voice_sender&&) noexcept;
    voice_sender& operator=(voice_sender&&) noexcept;
    /// A moved-from object may only be destroyed or assigned to.
    ~voice_sender();

    /// \name Audio
    /// As play_queue has it.
    /// \{
    [[nodiscard]] result<std::size_t> push(std::span<const std::int16_t> pcm,
                                           std::uint64_t item) noexcept;
    void end_item() noexcept;
    std::size_t room() const noexcept;
    std::size_t waiting() const noexcept;
    std::optional<played_item> clear() noexcept;
    void set_input_rate(std::uint32_t hz);
    /// \}

    /// Sends \p digits after those that wait. The first one begins with the next tick. Errors:
    /// errc::invalid_argument for a character that is no digit, a timing out of range, or if there
    /// is no payload type for events; errc::buffer_too_small if more than
    /// telephone_event_sender::max_queued would wait; errc::not_enough_memory.
    [[nodiscard]] result<void> send_digits(std::string_view digits,
                                           const digit_timing& timing = {}) noexcept;
    /// Whether digits are being sent or wait.
    bool sends_digits() const noexcept;

    /// The time of the next tick.
    time_point due() const noexcept;
    /// What next() needs room for at most.
    std::size_t max_packet() const noexcept;
    /// Does what is to be done in the tick that is due, and writes its packet, if there is one, to
    /// the front of \p out. Before due(), does nothing. After a long time, passes over ticks first.
    ///
    /// Errors, with nothing changed: errc::buffer_too_small.
    [[nodiscard]] result<sent_tick> next(time_point now, std::span<std::uint8_t> out) noexcept;
    /// Whether there is nothing to send, and won't be until push() or send_digits(): next() need
    /// not be called. Ticks passed over in that time are not counted as missed. Only with
    /// idle_policy::nothing, 5 s after the last audio.
    bool idle() const noexcept;

    /// Sends with \p codec from the next tick on. Audio that waits is kept. With the clock rate of
    /// the codec before, the stream goes on. With another, a new one begins at \p origin, as RFC
    /// 7160 §4.1 asks for (a BYE for the old one is the caller's), and digits that were not sent
    /// are dropped.
    /// \throws as the constructor does; nothing has changed then
    void set_codec(sender_codec codec, const stream_origin& origin);
    /// Begins a new stream at \p origin with the next packet, such as after an SSRC collision
    /// (RFC 3550 §8.2). A digit that is being sent goes on in it.
    void restart(const stream_origin& origin) noexcept;

    /// The position of the next tick's packet.
    stream_position next_position() const noexcept;
    std::uint32_t ssrc() const noexcept;
    voice_sender_stats stats() const noexcept;
    const voice_sender_options& options() const noexcept;

private:
    class RTPSYNTH_LOCAL state;
    std::unique_ptr<state> state_;
};

/// \}

} // namespace rtpsynth
