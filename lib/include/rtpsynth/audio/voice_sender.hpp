/// \file
/// Turns audio into the packets of one RTP stream, one per tick: the sending half of a telephone.
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

/// Encoder and payload types of a voice_sender. The payload types have the clock rate of the
/// encoder.
struct sender_codec {
    std::unique_ptr<audio_encoder> encoder;
    std::uint8_t payload_type = 0;            ///< of audio, 0..127
    std::optional<std::uint8_t> event_type{}; ///< of telephone events; nullopt: none can be sent
    std::optional<std::uint8_t> noise_type{}; ///< of comfort noise
};

/// The result of voice_sender::next().
struct sent_tick {
    sent_kind kind = sent_kind::nothing;
    std::size_t size = 0; ///< of the packet; 0: there is none
    /// The items whose last audio was taken in this tick. The view is valid until the next call of
    /// the sender. See play_queue.
    std::span<const played_item> ended{};
};

/// Sends one stream of voice. Push audio as it becomes available, and call next() for every tick:
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
/// *Time.* Ticks are ptime apart, counted from the start. Each has its own timestamp, with or
/// without a packet, so the timestamps follow the caller's clock exactly. A caller that is late
/// catches up with at most `max_burst` ticks. Earlier ticks are missed: their timestamps are
/// skipped, and the audio stays in the queue.
///
/// *Pauses.* The idle policy decides what ticks without audio send. The first audio packet after
/// such ticks has the marker (RFC 3551 §4.1). A tick that the codec suppresses (opus with DTX)
/// counts as one without audio. Packets of silence do not end a pause, and only the first packet of
/// a stream has a marker among them.
///
/// *Digits* replace audio: the audio of that time is taken from the queue and dropped, so that live
/// audio is not delayed.
///
/// *Memory.* next() allocates nothing. An idle sender of PCMU takes 1.1 KB, and 1.7 KB more after
/// send_digits().
///
/// \par Thread safety
/// Distinct objects are independent; one must not be used by two threads at once.
class RTPSYNTH_API voice_sender {
public:
    /// \param codec   encoder and payload types
    /// \param origin  SSRC, sequence number and timestamp of the first packet
    /// \param start   the time of the first tick
    /// \throws std::invalid_argument if an option or a payload type is out of range, the encoder is
    ///         null or does not take packets of ptime, or the idle policy is comfort noise and
    ///         there is no payload type for it; std::bad_alloc
    voice_sender(sender_codec codec, const stream_origin& origin, time_point start,
                 const voice_sender_options& options = {});
    voice_sender(voice_sender&&) noexcept;
    voice_sender& operator=(voice_sender&&) noexcept;
    /// A moved-from object may only be destroyed or assigned to.
    ~voice_sender();

    /// \name Audio
    /// See play_queue.
    /// \{
    [[nodiscard]] result<std::size_t> push(std::span<const std::int16_t> pcm,
                                           std::uint64_t item) noexcept;
    void end_item() noexcept;
    std::size_t room() const noexcept;
    std::size_t waiting() const noexcept;
    std::optional<played_item> clear() noexcept;
    void set_input_rate(std::uint32_t hz);
    /// \}

    /// Queues \p digits. The first one begins with the next tick, if no digits are queued. Errors:
    /// errc::invalid_argument for a character that is not a digit, a timing out of range, or if
    /// there is no payload type for events; errc::buffer_too_small if more than
    /// telephone_event_sender::max_queued would be queued; errc::not_enough_memory.
    [[nodiscard]] result<void> send_digits(std::string_view digits,
                                           const digit_timing& timing = {}) noexcept;
    /// Whether digits are queued or being sent.
    bool sends_digits() const noexcept;

    /// The time of the next tick.
    time_point due() const noexcept;
    /// The largest packet that next() can write.
    std::size_t max_packet() const noexcept;
    /// Sends the tick that is due: writes its packet, if there is one, to the front of \p out. Does
    /// nothing before due(). If the caller is late, skips missed ticks first.
    ///
    /// Errors, with nothing changed: errc::buffer_too_small.
    [[nodiscard]] result<sent_tick> next(time_point now, std::span<std::uint8_t> out) noexcept;
    /// Whether there is nothing to send until push() or send_digits(), so that next() need not be
    /// called. Ticks skipped while idle do not count as missed. Only true with
    /// idle_policy::nothing, 5 s after the last audio.
    bool idle() const noexcept;

    /// Sends with \p codec from the next tick on. Queued audio is kept. If the new codec has the
    /// same clock rate, the stream continues. Otherwise a new stream begins at \p origin, as RFC
    /// 7160 §4.1 demands, and unsent digits are dropped; sending a BYE for the old SSRC is the
    /// caller's task.
    /// \throws as the constructor does, with nothing changed
    void set_codec(sender_codec codec, const stream_origin& origin);
    /// The same, but the previous codec is not destroyed: \p codec becomes it. For a caller with a
    /// lock, with which a codec of the application's must not be destroyed.
    void swap_codec(sender_codec& codec, const stream_origin& origin);
    /// Begins a new stream at \p origin with the next packet, for example after an SSRC collision
    /// (RFC 3550 §8.2). A digit that is being sent continues in it.
    void restart(const stream_origin& origin) noexcept;

    /// Timestamp and sequence number of the next tick's packet.
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
