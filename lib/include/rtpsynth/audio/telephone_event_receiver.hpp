/// \file
/// Tells key presses from the packets of telephone events (RFC 4733).
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

/// That a key was pressed or released.
struct telephone_event_change {
    enum class kind : std::uint8_t { began, ended };

    kind what = kind::began;
    std::uint8_t event = 0;      ///< event code; digit_of() has its digit
    std::uint32_t timestamp = 0; ///< when it began, on the media clock, as far as is known
    duration length{};           ///< of one that ended; else 0

    friend bool operator==(const telephone_event_change&, const telephone_event_change&) = default;
};

/// What a packet changed, in order: a range of up to three changes.
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

/// Receives the telephone events of one source: of each press one `began` and one `ended`, whatever
/// packets are lost, repeated or out of order, as long as one of the press arrives.
///
///     // For each packet of the events' payload type:
///     for (const auto& change : receiver.receive(packet, now)) …
///     // Every tick, or at deadline():
///     for (const auto& change : receiver.expire(now)) …
///
/// *A press* is known by its event code and timestamp. It goes on in a segment whose timestamp is
/// 0xffff later (§2.5.1.3), and with senders that move the timestamp in every packet of an event:
/// packets that follow each other closely, in numbers and timestamps, without an end or a marker
/// between them, are one press.
///
/// *It ends* with the first packet that says so, when a later press begins, or, with the last
/// duration known, after end_timeout without a packet of it. What comes of it later changes
/// nothing.
///
/// *Late* packets that belong to none of the last presses, but are not older than all of these, are
/// a press that only they tell of: it began and ended at once. A timestamp of more than five
/// seconds before the last press is a sender that began anew. So is one that is used again after
/// half a second, with a shorter duration.
///
/// Of a payload with several events (§2.5.1.5) the first is read.
///
/// \par Exception safety
/// Only the constructor throws. Nothing allocates.
///
/// \par Thread safety
/// A value type; one object needs external locking.
class RTPSYNTH_API telephone_event_receiver {
public:
    /// How long a press lasts without a packet of it.
    static constexpr duration end_timeout = std::chrono::milliseconds{100};

    /// \param clock_rate  of the events' timestamps, in Hz
    /// \throws std::invalid_argument if it is 0
    explicit telephone_event_receiver(std::uint32_t clock_rate);

    /// A packet that arrived at \p now, first in its payload. Times must not go back; only their
    /// differences matter. A payload of less than 4 bytes changes nothing.
    telephone_event_changes receive(const rtp_packet_view& packet, time_point now) noexcept {
        const auto event = telephone_event::parse(packet.payload());
        if (!event) return expire(now);
        return receive(packet.seq(), packet.timestamp(), packet.marker(), *event, now);
    }
    /// The same for one event of a payload.
    telephone_event_changes receive(std::uint16_t seq, std::uint32_t timestamp, bool marker,
                                    const telephone_event& event, time_point now) noexcept;
    /// Ends the press that is going on, if the last packet of it came end_timeout or more before.
    telephone_event_changes expire(time_point now) noexcept;
    /// Ends the press that is going on: at the end of the call.
    telephone_event_changes finish() noexcept;

    /// When to call expire(); nullopt: no press is going on.
    std::optional<time_point> deadline() const noexcept;
    /// The event whose press is going on.
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
        std::uint32_t last_timestamp = 0; // of a segment, or of a sender that moves it
        std::uint32_t length = 0;         // units, from first_timestamp on
        std::uint16_t first_seq = 0;
        std::uint16_t last_seq = 0;      // of the first end, once that came
        std::uint16_t last_duration = 0; // with last_timestamp
        std::uint8_t event = 0;
        bool end_seen = false;
        time_point last_arrival{};
    };

    /// Whether a packet of an event is of the press, or of a later one.
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

    press latest_;                   // in time, going on or not
    std::array<press, 8> earlier_{}; // a ring, in order of arrival
    std::size_t remembered_ = 0;     // how many came to be in it
    bool started_ = false;           // latest_ is one
    bool going_on_ = false;          // latest_ has not ended
    bool moves_timestamp_ = false;   // the sender, within a press
    bool counts_from_start_ = false; // and its durations are those since the start
    std::uint32_t clock_rate_;
};

/// \}

} // namespace rtpsynth
