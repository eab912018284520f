/// \file
/// Sends telephone events (RFC 4733) in the place of audio.
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

/// How digits are pressed.
struct digit_timing {
    duration on = std::chrono::milliseconds{100}; ///< a digit; more than 0, at most an hour
    duration off = std::chrono::milliseconds{60}; ///< the pause after it; 0 to an hour
    std::uint8_t volume = 10;                     ///< 0..63, -dBm0
};

/// What is sent in one tick.
struct telephone_event_packet {
    bool marker = false;         ///< the first packet of an event
    std::uint32_t timestamp = 0; ///< when the event, or its segment, began
    telephone_event event;

    friend bool operator==(const telephone_event_packet&, const telephone_event_packet&) = default;
};

/// Makes the packets of a queue of events, one a tick (a packet's time) and in the place of the
/// tick's audio:
///
///     sender.queue("12#").value();
///     …                                    // each tick:
///     auto size = sender.write(synth, now, event_type, out).value();
///     if (size == 0) size = synth.write(now, audio_format, out, audio).value();
///
/// An event has one timestamp, that of its first tick, and a duration that grows by a tick a
/// packet. Its first packet has the marker. The packet that ends it is sent three times, in as many
/// ticks (§2.5.1.4). An event of more than 0xffff units is cut into segments, each with a timestamp
/// 0xffff after the last and without a marker; the packet that completes a segment is sent three
/// times as well. The next event of the queue begins with the first tick after the pause and after
/// these repetitions.
///
/// Ticks may be of any length, not all of the same. While busy(), call next() or write()
/// for every tick.
///
/// \par Exception safety
/// Only the constructor throws. Nothing allocates.
///
/// \par Thread safety
/// A value type; one object needs external locking.
class RTPSYNTH_API telephone_event_sender {
public:
    /// How many events may wait in the queue.
    static constexpr std::size_t max_queued = 64;
    /// How often the last packet of an event is sent.
    static constexpr int end_packets = 3;

    /// \param clock_rate  of the events' timestamps, in Hz: that of the audio
    /// \throws std::invalid_argument if it is 0
    explicit telephone_event_sender(std::uint32_t clock_rate);

    /// Puts \p digits behind what is queued; see event_of(). Errors: errc::invalid_argument for
    /// another character or a timing out of range, errc::buffer_too_small if they do not all fit.
    [[nodiscard]] result<void> queue(std::string_view digits,
                                     const digit_timing& timing = {}) noexcept;
    /// The same with one event of any code.
    [[nodiscard]] result<void> queue_event(std::uint8_t event,
                                           const digit_timing& timing = {}) noexcept;
    /// Puts an event behind what is queued that lasts until release(); timing.on does not matter.
    [[nodiscard]] result<void> press(std::uint8_t event, const digit_timing& timing = {}) noexcept;
    /// Ends the event that was pressed last; one that waits still will last a tick. No-op if it is
    /// not held.
    void release() noexcept;
    /// Drops what is queued, and ends the event that is being sent.
    void clear() noexcept;

    /// Events that have not begun.
    std::size_t queued() const noexcept { return queued_; }
    /// Whether an event is being sent, repetitions of its end included, or waits.
    bool busy() const noexcept { return sending() || queued_ != 0; }

    /// The packet of the tick that begins at \p timestamp of the media clock and has \p units;
    /// nullopt: none, it belongs to the audio.
    std::optional<telephone_event_packet> next(std::uint32_t timestamp,
                                               std::uint32_t units) noexcept;

    /// next() for the next packet of \p synth, which is written to the front of \p out: 16 bytes
    /// with the next sequence number. The audio goes on as if this tick's had been sent, and keeps
    /// a marker that is due.
    /// \return the packet's size, or 0: nothing is due, nothing was written or numbered.
    ///         errc::invalid_argument for a payload type above 127 or a synth of another clock
    ///         rate; errc::buffer_too_small
    [[nodiscard]] result<std::size_t> write(packet_synth& synth, time_point now,
                                            std::uint8_t payload_type,
                                            std::span<std::uint8_t> out) noexcept;

private:
    struct entry {
        std::uint64_t on = 0; // units; held: until released
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
    int repeats_ = 0;                 // of last_
    telephone_event_packet last_;     // that completed an event or a segment
    std::uint32_t tick_ = 0;          // timestamp of the last
    std::uint64_t elapsed_ = 0;       // from the start of current_ to this tick
    std::uint64_t segment_ = 0;       // from the start of current_ to that of the segment
    std::uint32_t segment_start_ = 0; // its timestamp
    std::uint64_t pause_over_ = 0;    // elapsed_ from which on the next one may begin
    std::uint32_t clock_rate_;
};

/// \}

} // namespace rtpsynth
