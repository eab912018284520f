/// \file
/// Sends telephone events (RFC 4733) in place of audio.
#pragma once

#include <rtpsynth/audio/telephone_event.hpp>
#include <rtpsynth/base/clock.hpp>
#include <rtpsynth/base/compiler.h>
#include <rtpsynth/base/error.hpp>
#include <rtpsynth/rtp/packet_synth.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace rtpsynth {

/// \addtogroup audio
/// \{

/// Timing and volume of digits.
struct digit_timing {
    duration on = std::chrono::milliseconds{100}; ///< of a digit; more than 0, at most an hour
    duration off = std::chrono::milliseconds{60}; ///< the pause after it; 0 to an hour
    std::uint8_t volume = 10;                     ///< 0..63, -dBm0
};

/// The packet of one tick.
struct telephone_event_packet {
    bool marker = false;         ///< the first packet of an event
    std::uint32_t timestamp = 0; ///< when the event, or its segment, began
    telephone_event event;

    friend bool operator==(const telephone_event_packet&, const telephone_event_packet&) = default;
};

/// Makes the packets of a queue of events, one per tick (a packet's time), in place of the tick's
/// audio:
///
///     sender.queue("12#").value();
///     …                                    // each tick:
///     auto size = sender.write(synth, now, event_type, out).value();
///     if (size == 0) size = synth.write(now, audio_format, out, audio).value();
///
/// An event has the timestamp of its first tick in all its packets, and a duration that grows by a
/// tick with each packet. Its first packet has the marker. The final packet is sent three times, in
/// three ticks (§2.5.1.4). An event of more than 0xffff units is divided into segments. Each has a
/// timestamp 0xffff after the last and no marker; the final packet of a segment is sent three times
/// as well. The next event begins with the first tick after the pause and after these repetitions.
///
/// Ticks may have different lengths. While busy(), call next() or write() for every tick.
///
/// \par Exception safety
/// Only the constructor throws. Nothing allocates.
///
/// \par Thread safety
/// A value type; one object needs external locking.
class RTPSYNTH_API telephone_event_sender {
public:
    /// The maximum number of queued events.
    static constexpr std::size_t max_queued = 64;
    /// How many times the final packet of an event is sent.
    static constexpr int end_packets = 3;

    /// \param clock_rate  of the events' timestamps, in Hz: that of the audio
    /// \throws std::invalid_argument if it is 0
    explicit telephone_event_sender(std::uint32_t clock_rate);

    /// Queues \p digits; see event_of(). Errors: errc::invalid_argument for another character or a
    /// timing out of range, errc::buffer_too_small if they do not all fit.
    [[nodiscard]] result<void> queue(std::string_view digits,
                                     const digit_timing& timing = {}) noexcept;
    /// Queues one event of any code.
    [[nodiscard]] result<void> queue_event(std::uint8_t event,
                                           const digit_timing& timing = {}) noexcept;
    /// Queues an event that lasts until release(); timing.on is ignored.
    [[nodiscard]] result<void> press(std::uint8_t event, const digit_timing& timing = {}) noexcept;
    /// Ends the event of the last press(). If it is still queued, it will last one tick. No-op if
    /// no event is held.
    void release() noexcept;
    /// Drops the queued events, and ends the current one.
    void clear() noexcept;

    /// The number of queued events.
    std::size_t queued() const noexcept { return queued_; }
    /// Whether events are queued or one is being sent, the repetitions of its end included.
    bool busy() const noexcept { return sending() || queued_ != 0; }

    /// The packet of the tick that begins at \p timestamp and lasts \p units; nullopt if the tick
    /// belongs to the audio.
    std::optional<telephone_event_packet> next(std::uint32_t timestamp,
                                               std::uint32_t units) noexcept;

    /// next() for the next packet of \p synth. The packet of 16 bytes is written to the front of \p
    /// out and has the next sequence number. The audio's timestamps advance as if the tick's audio
    /// had been sent, and a marker that is due stays due.
    /// \return the packet's size. 0: no event is due, and nothing was written.
    ///         errc::invalid_argument for a payload type above 127 or a synth of another clock
    ///         rate; errc::buffer_too_small
    [[nodiscard]] result<std::size_t> write(packet_synth& synth, time_point now,
                                            std::uint8_t payload_type,
                                            std::span<std::uint8_t> out) noexcept;

private:
    struct entry {
        std::uint64_t on = 0; // units; held: lasts until release()
        std::uint64_t off = 0;
        std::uint8_t event = 0;
        std::uint8_t volume = 0;
        bool held = false;
    };

    errc put(std::uint8_t event, const digit_timing& timing, bool held) noexcept;
    std::uint64_t units_of(duration d) const noexcept;
    bool sending() const noexcept { return going_on_ || repeats_ != 0; }
    telephone_event_packet repeat(int times) noexcept;
    telephone_event_packet go_on(std::uint32_t units, bool first) noexcept;

    std::array<entry, max_queued> queue_{};
    std::size_t front_ = 0;
    std::size_t queued_ = 0;
    entry current_;
    bool going_on_ = false;           // current_ has not reached its end
    int repeats_ = 0;                 // repetitions of last_ still to be sent
    telephone_event_packet last_;     // the final packet of an event or a segment
    std::uint32_t tick_ = 0;          // timestamp of the last tick
    std::uint64_t elapsed_ = 0;       // from the start of current_ to this tick
    std::uint64_t segment_ = 0;       // from the start of current_ to that of the segment
    std::uint32_t segment_start_ = 0; // its timestamp
    std::uint64_t pause_over_ = 0;    // value of elapsed_ at which the next event may begin
    std::uint32_t clock_rate_;
};

/// \}

} // namespace rtpsynth
