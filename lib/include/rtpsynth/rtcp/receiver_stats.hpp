/// \file
/// Reception statistics of one source: RFC 3550 A.1 (validity), A.3 (loss), A.8 (jitter) and §8.2
/// (collisions), with a clock rate for each payload type (RFC 7160).
#pragma once

#include <rtpsynth/base/clock.hpp>
#include <rtpsynth/base/compiler.h>
#include <rtpsynth/base/ntp_time.hpp>
#include <rtpsynth/rtcp/detail/reception_pace.hpp>
#include <rtpsynth/rtcp/report_block.hpp>
#include <rtpsynth/rtp/packet.hpp>
#include <rtpsynth/rtp/payload_format.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace rtpsynth {

/// \addtogroup rtcp
/// \{

/// Limits of receiver_stats; the defaults are those of RFC 3550 A.1.
struct receiver_stats_options {
    /// How many packets in sequence make a source valid. With 0 or 1, the first packet does, and
    /// counts.
    unsigned min_sequential = 2;
    /// A packet this many sequence numbers or more ahead of the highest is a suspect: see
    /// receiver_stats. At least 2; above 32767 there is no limit.
    unsigned max_dropout = 3000;
    /// A packet this many or more behind is a suspect too, unless its timestamp shows that it is
    /// late. Above 32768 there is no limit.
    unsigned max_misorder = 100;
};

/// Reception statistics of one SSRC. Pass it every packet of the source in order of arrival.
///
/// A *numbering* is the sequence of numbers from one start of the source to its next restart.
///
/// *Suspects.* A packet is a suspect if it is far from the others (max_dropout, max_misorder), if
/// its number is behind and its timestamp is not, or if it follows a silence of whole cycles of
/// sequence numbers. The next packet to arrive decides what the suspect was:
/// - An outage, if timestamps and arrival times advanced together, within 0.25 s and 5 %, and the
///   number of packets fits the earlier packet rate within a factor of 2. This must hold for the
///   suspect and for the next packet, which must be within 16 numbers of it. Both packets count,
///   and all numbers missing before them are lost.
/// - Otherwise a restart of the source with a new numbering, if the next packet is the next in
///   sequence. The counters continue. The gap between the two numberings counts neither as expected
///   nor as lost.
/// - Otherwise a stray, which stays rejected.
///
/// *Late packets.* A packet that is max_misorder or more behind is late and not a suspect if its
/// timestamp is behind as well, and its number is within duplicate_window and not before the first
/// of this numbering. It counts as a duplicate if its number was received before, else as reordered
/// (a retransmission, RFC 4585). However, ten or more such duplicates in sequence, over at least
/// 0.25 s of their timestamps and while the highest number stays, are a restart: the source has
/// returned to earlier numbers and timestamps. The first of them is then rejected, and the others
/// count as packets of the new numbering. Without a known clock rate, a late duplicate is a
/// suspect.
///
/// *Clock rates.* The clock rate of a packet is that of the given format; for a view without a
/// format, that of the static payload type (RFC 3551); otherwise the constructor's. These packets
/// do not change the jitter: telephone events (RFC 4733), comfort noise (RFC 3389), the first
/// packet after a change of clock rate (RFC 7160), packets of unknown clock rate, late packets as
/// above, and a packet whose timestamp is 5 s or more away from both the last one and what the
/// arrival times explain (a new origin, after music on hold or a transfer). If the kind of payload
/// is unknown, a packet with the same timestamp as the one before does not change the jitter
/// either, since it may be an event's.
///
/// Memory: less than 512 bytes, nothing on the heap.
///
/// Threads: distinct objects are independent; one object needs external locking.
///
/// Time: only differences between arrivals matter, which may be negative. Arrivals must be within
/// 292 years of each other.
class RTPSYNTH_API receiver_stats {
public:
    using options = receiver_stats_options;

    /// Up to this far behind the highest sequence number, duplicates are recognised exactly.
    /// Farther behind, which takes a larger max_misorder, every packet counts as reordered.
    static constexpr std::size_t duplicate_window = 1024;

    /// How a packet was counted. The last two do not count as received.
    enum class outcome {
        in_order,  ///< the highest number so far, possibly after a gap; may confirm a suspect
        reordered, ///< behind the highest, seen for the first time
        duplicate, ///< seen before
        restarted, ///< confirms a restart, usually as the second packet of the new numbering
        probation, ///< the source is not valid yet
        rejected,  ///< a suspect: a stray, or the first packet after a restart or a long outage
    };

    /// \param clock_rate of the RTP timestamps in Hz, at least 1, unless a format gives another.
    /// \throws std::invalid_argument if clock_rate is 0 or max_dropout below 2.
    explicit receiver_stats(std::uint32_t clock_rate, const options& opts = {});

    /// Counts a packet that arrived at \p arrival. O(1); allocates nothing.
    /// \param format of the packet's payload type; clock rate 0: unknown.
    outcome update(std::uint16_t seq, std::uint32_t timestamp, time_point arrival,
                   payload_format format) noexcept;
    /// The same, with the constructor's clock rate.
    outcome update(std::uint16_t seq, std::uint32_t timestamp, time_point arrival) noexcept {
        return update(seq, timestamp, arrival, payload_format{clock_rate_});
    }
    /// The same for a view. The caller has checked that the SSRC is this source's.
    outcome update(const rtp_packet_view& packet, time_point arrival,
                   payload_format format) noexcept {
        return update(packet.seq(), packet.timestamp(), arrival, format);
    }
    /// The same, with RFC 3551's format of the payload type, or the constructor's clock rate.
    outcome update(const rtp_packet_view& packet, time_point arrival) noexcept {
        const payload_format format = static_format(packet.payload_type());
        return update(packet, arrival,
                      format.clock_rate != 0 ? format : payload_format{clock_rate_});
    }

    /// Whether min_sequential packets have come in sequence at least once.
    bool valid() const noexcept { return probation_ == 0; }
    /// Packets received, duplicates included.
    std::uint64_t received() const noexcept { return received_; }
    /// Packets received, duplicates not included.
    std::uint64_t unique() const noexcept { return received_ - duplicates_; }
    /// The number of sequence numbers from the first to the highest, both included.
    std::uint64_t expected() const noexcept {
        return expected_before_ + (valid() ? static_cast<std::uint64_t>(highest_ - base_ + 1) : 0);
    }
    /// expected() - received(), as in RFC 3550 A.3, for receiver reports: negative if there are
    /// more duplicates than losses. To display losses, use missing().
    std::int64_t cumulative_lost() const noexcept {
        return static_cast<std::int64_t>(expected() - received());
    }
    /// The number of sequence numbers between the first and the highest that have not arrived. A
    /// late packet is no longer missing; duplicates do not matter. Exact while no packet is more
    /// than duplicate_window late.
    std::uint64_t missing() const noexcept;
    /// Cycles and sequence number of the highest packet. A numbering starts with the number of its
    /// first packet and cycle 0. Reports carry the low 32 bits. 0 before valid().
    std::uint64_t extended_highest_seq() const noexcept {
        return valid() ? static_cast<std::uint64_t>(highest_) : 0;
    }

    std::uint64_t duplicates() const noexcept { return duplicates_; }
    std::uint64_t reordered() const noexcept { return reordered_; }
    /// The largest distance of a reordered packet from the highest sequence number, in packets; 0
    /// if there was none.
    std::uint32_t max_reorder_depth() const noexcept { return max_reorder_depth_; }
    std::uint64_t restarts() const noexcept { return restarts_; }
    /// Packets that were not counted: strays, first packets of a restart, packets on probation. A
    /// suspect counts here until an outage explains it.
    std::uint64_t rejected() const noexcept { return rejected_; }
    /// Signs that two senders use the SSRC (RFC 3550 §8.2): sequences of at least three rejected
    /// packets that form a second numbering beside this one, and restarts that continue the
    /// numbering from before the last restart.
    std::uint64_t collisions() const noexcept { return collisions_; }

    /// Interarrival jitter (A.8) in units of jitter_clock_rate(), over every received packet,
    /// reordered and duplicate ones included, except those that do not change it (see *Clock
    /// rates*), the first packet, and the first after a restart.
    double jitter() const noexcept { return jitter_; }
    double jitter_ms() const noexcept { return jitter_ * ms_per_unit_; }
    /// The clock rate in Hz of the last packet that changed the jitter; at first the constructor's.
    std::uint32_t jitter_clock_rate() const noexcept { return jitter_clock_rate_; }
    /// The number of packets that have changed the jitter. While it is 0, the jitter is unknown.
    std::uint64_t jitter_packets() const noexcept { return jitter_count_; }
    /// The maximum of jitter_ms().
    double max_jitter_ms() const noexcept { return max_jitter_ * ms_per_unit_; }
    /// The mean of jitter_ms() over the packets that changed it; 0 before the first.
    double mean_jitter_ms() const noexcept {
        return jitter_count_ ? jitter_sum_ / static_cast<double>(jitter_count_) * ms_per_unit_ : 0;
    }

    /// Records a sender report of this source, for LSR and DLSR of our next reports.
    /// \param ntp the time in the report; 0 (no wallclock) counts as no report.
    /// \param arrival when it arrived, by the same clock as for packets and make_report().
    void sender_report_received(ntp_time ntp, time_point arrival) noexcept;

    /// Packets since the last make_report(). RFC 3550 §6.4 omits a source from a report if there
    /// were none.
    std::uint64_t received_since_report() const noexcept { return received_ - received_prior_; }
    /// Makes the report block on this source, whose SSRC is \p ssrc, at the time \p now, and starts
    /// the next interval. Cumulative loss and DLSR are clamped to the ranges of their fields.
    report_block make_report(std::uint32_t ssrc, time_point now) noexcept;

private:
    struct arrival_mark {
        std::uint16_t seq = 0;
        payload_kind kind = payload_kind::unknown;
        detail::packet_instant at;
    };

    bool is_suspect(const arrival_mark& p, int ahead) const noexcept;
    outcome suspect(const arrival_mark& p) noexcept;
    outcome end_outage(const arrival_mark& p, std::int64_t distance) noexcept;
    bool is_late(const arrival_mark& p, int behind) const noexcept;
    outcome late(const arrival_mark& p, int behind) noexcept;
    bool note_copy(const arrival_mark& p) noexcept;
    void restart(const arrival_mark& p) noexcept;
    std::int64_t outage(const arrival_mark& p) const noexcept;
    void note_other_numbering(const arrival_mark& p) noexcept;
    void begin(const arrival_mark& p) noexcept;
    void advance(const arrival_mark& p, std::int64_t seq) noexcept;
    bool was_seen(std::int64_t seq) const noexcept;
    bool mark_seen(std::int64_t seq) noexcept;
    void receive(const arrival_mark& p) noexcept;
    void use_clock(std::uint32_t rate) noexcept;

    std::int64_t base_ = 0;       // of this numbering
    std::int64_t highest_ = -1;   // of this numbering; on probation: the last seq
    detail::reception_pace pace_; // of this numbering
    double jitter_ = 0;
    double max_jitter_ = 0;
    double jitter_sum_ = 0;
    std::uint64_t jitter_count_ = 0;
    time_point last_arrival_{};
    std::uint32_t last_timestamp_ = 0;
    bool has_transit_ = false;
    bool suspected_ = false;            // the packet before this one was the suspect
    unsigned probation_;                // how many more packets in sequence are needed
    arrival_mark suspect_;              // the latest suspect
    arrival_mark left_;                 // the highest packet of the numbering before this one
    std::uint32_t other_numbering_ = 0; // length of the sequence of suspects
    // A sequence of duplicates from far behind.
    arrival_mark copy_;                // the latest duplicate
    std::int64_t copy_highest_ = 0;    // highest_ when it came
    std::uint32_t copy_timestamp_ = 0; // the first one's
    std::uint16_t copy_seq_ = 0;       // the first one's
    bool copies_beside_ = false;       // the current numbering continues meanwhile
    std::uint32_t copies_ = 0;
    int max_dropout_;
    int max_misorder_;
    unsigned min_sequential_;

    std::uint64_t expected_before_ = 0; // in earlier numberings
    std::uint64_t received_ = 0;
    std::uint64_t duplicates_ = 0;
    std::uint64_t reordered_ = 0;
    std::uint64_t early_ = 0; // unique packets from before base_
    std::uint64_t restarts_ = 0;
    std::uint64_t rejected_ = 0;
    std::uint64_t collisions_ = 0;
    std::uint64_t expected_prior_ = 0;
    std::uint64_t received_prior_ = 0;
    std::uint32_t max_reorder_depth_ = 0;

    std::uint32_t last_sr_ = 0; // 0: none
    time_point last_sr_arrival_{};

    std::uint32_t clock_rate_;        // the constructor's
    std::uint32_t jitter_clock_rate_; // of units_per_ns_ and ms_per_unit_
    double units_per_ns_;
    double ms_per_unit_;
    std::array<std::uint64_t, duplicate_window / 64> seen_{}; // bit seq % duplicate_window
};

/// \}

} // namespace rtpsynth
