/// \file
/// Detects key presses in the packets of telephone events (RFC 4733).
#pragma once

#include <rtpsynth/audio/telephone_event.hpp>
#include <rtpsynth/base/clock.hpp>
#include <rtpsynth/base/compiler.h>
#include <rtpsynth/rtp/packet.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace rtpsynth {

/// \addtogroup audio
/// \{

/// A key was pressed or released.
struct telephone_event_change {
    enum class kind : std::uint8_t { began, ended };

    kind what = kind::began;
    std::uint8_t event = 0;      ///< event code; digit_of() has its digit
    std::uint32_t timestamp = 0; ///< RTP timestamp of its beginning, as far as is known
    duration length{};           ///< when it ended; 0 when it began

    friend bool operator==(const telephone_event_change&, const telephone_event_change&) = default;
};

/// The changes that a packet caused, in order: a range of up to three.
class telephone_event_changes {
public:
    static constexpr std::size_t max_size = 3;

    const telephone_event_change* begin() const noexcept { return changes_.data(); }
    const telephone_event_change* end() const noexcept { return changes_.data() + size_; }
    std::size_t size() const noexcept { return size_; }
    bool empty() const noexcept { return size_ == 0; }

private:
    friend class telephone_event_receiver;

    std::array<telephone_event_change, max_size> changes_{};
    std::size_t size_ = 0;
};

/// Receives the telephone events of one source and reports each press exactly once, with one
/// `began` and one `ended`, whichever packets are lost, repeated or reordered, as long as one
/// packet of the press arrives.
///
///     // For each packet of the events' payload type:
///     for (const auto& change : receiver.receive(packet, now)) …
///     // Every tick, or at deadline():
///     for (const auto& change : receiver.expire(now)) …
///
/// *A press* is identified by its event code and timestamp. A segment whose timestamp is 0xffff
/// later continues it (§2.5.1.3). Some senders change the timestamp in every packet of an event:
/// packets with close sequence numbers and timestamps, and without an end or a marker between them,
/// are one press.
///
/// *A press ends* with the first packet that has the E bit, or when a later press begins, or after
/// end_timeout without a packet of it. In the last two cases its length is the last known duration.
/// Packets of it that come after that change nothing.
///
/// *Late* packets that belong to no recent press, but are not older than all of them, are a press
/// whose other packets were lost: it begins and ends at once. A timestamp of more than five seconds
/// before the last press means that the sender restarted. So does a timestamp that is used again
/// after half a second with a shorter duration.
///
/// Only the first event of a payload with several events (§2.5.1.5) is read.
///
/// \par Exception safety
/// Only the constructor throws. Nothing allocates.
///
/// \par Thread safety
/// A value type; one object needs external locking.
class RTPSYNTH_API telephone_event_receiver {
public:
    /// A press ends after this long without a packet of it.
    static constexpr duration end_timeout = std::chrono::milliseconds{100};

    /// \param clock_rate  of the events' timestamps, in Hz
    /// \throws std::invalid_argument if it is 0
    explicit telephone_event_receiver(std::uint32_t clock_rate);

    /// Processes a packet that arrived at \p now, by the first event in its payload. \p now must
    /// not go back; only differences matter. A payload of less than 4 bytes changes nothing.
    telephone_event_changes receive(const rtp_packet_view& packet, time_point now) noexcept {
        const auto event = telephone_event::parse(packet.payload());
        if (!event) return expire(now);
        return receive(packet.seq(), packet.timestamp(), packet.marker(), *event, now);
    }
    /// Processes one event of a payload.
    telephone_event_changes receive(std::uint16_t seq, std::uint32_t timestamp, bool marker,
                                    const telephone_event& event, time_point now) noexcept;
    /// Ends the current press if its last packet came end_timeout or more ago.
    telephone_event_changes expire(time_point now) noexcept;
    /// Ends the current press, at the end of the call.
    telephone_event_changes finish() noexcept;

    /// The time at which to call expire(); nullopt: no key is pressed.
    std::optional<time_point> deadline() const noexcept;
    /// The event whose key is pressed; nullopt: none.
    std::optional<std::uint8_t> pressed() const noexcept;

private:
    struct report {
        std::uint16_t seq;
        std::uint32_t timestamp;
        bool marker;
        telephone_event event;
        time_point arrival;
    };
    struct press {
        std::uint32_t first_timestamp = 0;
        std::uint32_t last_timestamp = 0; // of the latest segment, or the latest packet
        std::uint32_t length = 0;         // units, from first_timestamp on
        std::uint16_t first_seq = 0;
        std::uint16_t last_seq = 0;      // that of the first packet with the E bit, once it came
        std::uint16_t last_duration = 0; // with last_timestamp
        std::uint8_t event = 0;
        bool end_seen = false;
        time_point last_arrival{};
    };

    /// Whether a packet of an event belongs to the press, and not to a later one.
    bool belongs(const press& p, const report& r) const noexcept;
    bool reuses_timestamp(const press& p, const report& r) const noexcept;
    bool continues(const press& p, const report& r) const noexcept;
    bool counts_on(const press& p, const report& r, std::uint32_t step, int packets) const noexcept;

    bool is_known(const report& r) const noexcept;
    bool is_older_than_all(const report& r) const noexcept;
    void begin(const report& r, telephone_event_changes& out) noexcept;
    void go_on(const report& r, telephone_event_changes& out) noexcept;
    void end(telephone_event_changes& out) noexcept;
    void late(const report& r, telephone_event_changes& out) noexcept;
    void remember(const press& p) noexcept;
    static press press_of(const report& r) noexcept;
    void add(telephone_event_changes& out, telephone_event_change::kind what,
             const press& p) const noexcept;
    std::int64_t units(duration d) const noexcept;

    press latest_;                   // the latest press by timestamp, current or ended
    std::array<press, 8> earlier_{}; // a ring, in order of arrival
    std::size_t remembered_ = 0;     // how many presses were put into it
    bool started_ = false;           // latest_ is a press
    bool going_on_ = false;          // latest_ has not ended
    bool moves_timestamp_ = false;   // the sender changes the timestamp within a press
    bool counts_from_start_ = false; // its durations count from the start of the press
    std::uint32_t clock_rate_;
};

/// \}

} // namespace rtpsynth
