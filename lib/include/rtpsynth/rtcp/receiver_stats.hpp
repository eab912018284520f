/// \file
/// What a receiver knows of one source: RFC 3550 A.1 (validity), A.3 (loss), A.8 (jitter) and §8.2
/// (collisions), with a clock for each payload type (RFC 7160).
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

/// Limits of receiver_stats; the defaults are RFC 3550 A.1's.
struct receiver_stats_options {
    /// So many packets in sequence make a source valid. 0 and 1: the first packet does, and counts.
    unsigned min_sequential = 2;
    /// A packet this many sequence numbers ahead of the highest, or more, is rejected unless the
    /// next packet confirms it: see receiver_stats. At least 2; above 32767 there is no limit.
    unsigned max_dropout = 3000;
    /// The same for a packet this many behind, unless its timestamp shows that it is late. Above
    /// 32768 there is no limit.
    unsigned max_misorder = 100;
};

/// Reception statistics of one SSRC. Feed it every packet of the source in order of arrival.
///
/// *Far packets.* A packet is a suspect if it is far from the others (max_dropout, max_misorder),
/// or from behind with a timestamp that is not from behind, or after a silence of whole cycles of
/// sequence numbers. The next packet to arrive decides:
/// - All in between is lost if timestamp and arrival time went on together, within 0.25 s and 5 %,
///   and so many packets fit the pace seen before within a factor of 2, both for the suspect and
///   for the next packet, which is within 16 numbers of it. Both packets count.
/// - Otherwise, if it is the next in sequence, the source has restarted its numbering. The counters
///   carry on, and the gap between the two numberings counts neither as expected nor as lost.
///
/// Any other packet condemns the suspect, which stays rejected.
///
/// *Late packets.* A packet max_misorder behind or more is no suspect if its timestamp is from
/// behind as well, and its number within duplicate_window and not before the first of this
/// numbering. If the number has not come yet, the packet (a retransmission, RFC 4585) is reordered.
/// If it has come, the packet is a duplicate. But ten or more such duplicates over at least 0.25 s
/// of their timestamps, one going on from the other while the highest number stays, are a restart:
/// the source has gone back to earlier numbers and timestamps. The first of them is rejected then,
/// and the others count as packets of the new numbering. Duplicates need a known clock rate.
///
/// *Clocks.* The clock rate is that of the packet's payload type: of the format given, for a view
/// without one that of RFC 3551's static type, else the constructor's. The jitter is left as it is
/// by telephone events (RFC 4733) and comfort noise (RFC 3389), by the first packet after a change
/// of clock rate (RFC 7160), by packets of unknown clock rate, by late packets as above, and by a
/// timestamp that is 5 s or more from both the one before and what arrival times explain (another
/// source: music on hold, a transfer).
/// Where the kind of payload is not told, a packet with the timestamp of the one before may be an
/// event's, and is left out, too.
///
/// Memory: less than 512 bytes, nothing on the heap. Threads: distinct objects are independent; one
/// object needs external locking. Time: only differences between arrivals matter, and they may be
/// negative; arrivals must lie within 292 years of each other.
class RTPSYNTH_API receiver_stats {
public:
    using options = receiver_stats_options;

    /// A duplicate is told from a late packet exactly up to this far behind the highest sequence
    /// number; beyond, only possible with a larger max_misorder, every packet counts as reordered.
    static constexpr std::size_t duplicate_window = 1024;

    /// What became of a packet. The last two do not count as received.
    enum class outcome {
        in_order,  ///< ahead of all before it, perhaps after a gap; perhaps with the suspect before
        reordered, ///< behind the highest, seen for the first time
        duplicate, ///< seen before
        restarted, ///< shows, most often as its second packet, that there is a new numbering
        probation, ///< the source is not valid yet
        rejected,  ///< a suspect: a stray, or the first packet after a restart or a long outage
    };

    /// \param clock_rate of the RTP timestamps in Hz, at least 1, where no format tells another.
    /// \throws std::invalid_argument clock_rate is 0 or max_dropout below 2.
    explicit receiver_stats(std::uint32_t clock_rate, const options& opts = {});

    /// Takes account of a packet that arrived at \p arrival. O(1); allocates nothing.
    /// \param format of its payload type; a clock rate of 0 is one that is not known.
    outcome update(std::uint16_t seq, std::uint32_t timestamp, time_point arrival,
                   payload_format format) noexcept;
    /// The same for a packet of which only this is known.
    outcome update(std::uint16_t seq, std::uint32_t timestamp, time_point arrival) noexcept {
        return update(seq, timestamp, arrival, payload_format{clock_rate_});
    }
    /// The same; the caller has checked that the SSRC is this source's.
    outcome update(const rtp_packet_view& packet, time_point arrival,
                   payload_format format) noexcept {
        return update(packet.seq(), packet.timestamp(), arrival, format);
    }
    /// The same with RFC 3551's format of the payload type, or the constructor's clock rate.
    outcome update(const rtp_packet_view& packet, time_point arrival) noexcept {
        const payload_format format = static_format(packet.payload_type());
        return update(packet, arrival,
                      format.clock_rate != 0 ? format : payload_format{clock_rate_});
    }

    /// min_sequential packets came in sequence at least once.
    bool valid() const noexcept { return probation_ == 0; }
    /// Packets, duplicates included.
    std::uint64_t received() const noexcept { return received_; }
    /// Packets, each sequence number once.
    std::uint64_t unique() const noexcept { return received_ - duplicates_; }
    /// Sequence numbers from the first to the highest, both included.
    std::uint64_t expected() const noexcept {
        return expected_before_ + (valid() ? static_cast<std::uint64_t>(highest_ - base_ + 1) : 0);
    }
    /// expected() - received(), as RFC 3550 A.3 has it for receiver reports: negative when there
    /// are more duplicates than losses. What a person is shown as lost is missing().
    std::int64_t cumulative_lost() const noexcept {
        return static_cast<std::int64_t>(expected() - received());
    }
    /// Sequence numbers between the first and the highest that never came, whatever was duplicated;
    /// a late packet takes its loss back. Exact while no packet is more than duplicate_window late.
    std::uint64_t missing() const noexcept;
    /// Cycles and sequence number of the highest packet; begins at the first one's 16 bits, also
    /// after a restart. Reports carry its low 32 bits. 0 before valid().
    std::uint64_t extended_highest_seq() const noexcept {
        return valid() ? static_cast<std::uint64_t>(highest_) : 0;
    }

    std::uint64_t duplicates() const noexcept { return duplicates_; }
    std::uint64_t reordered() const noexcept { return reordered_; }
    /// How many positions behind the highest sequence number the latest of the late packets came;
    /// 0 if none did.
    std::uint32_t max_reorder_depth() const noexcept { return max_reorder_depth_; }
    std::uint64_t restarts() const noexcept { return restarts_; }
    /// Packets that did not count: strays, first packets of a restart, packets on probation. A
    /// suspect is one of them, and is taken off again if an outage was why it came.
    std::uint64_t rejected() const noexcept { return rejected_; }
    /// Signs that two senders use the SSRC (RFC 3550 §8.2): rejected packets of a second numbering
    /// that goes on beside this one, from its third packet on (the first two are counted then), and
    /// restarts that take up the numbering before the last restart where it was left.
    std::uint64_t collisions() const noexcept { return collisions_; }

    /// Interarrival jitter (A.8) in units of jitter_clock_rate(), over every packet received,
    /// reordered and duplicate ones included, but for those that have no part in it: see *Clocks*
    /// above. The first packet, and the first after a restart, leave it as it is.
    double jitter() const noexcept { return jitter_; }
    double jitter_ms() const noexcept { return jitter_ * ms_per_unit_; }
    /// Of the packet that last had a part in the jitter, in Hz; the constructor's before the first.
    std::uint32_t jitter_clock_rate() const noexcept { return jitter_clock_rate_; }
    /// How many packets have moved the jitter. While it is 0, no jitter is known.
    std::uint64_t jitter_packets() const noexcept { return jitter_count_; }
    /// The largest value jitter_ms() has had.
    double max_jitter_ms() const noexcept { return max_jitter_ * ms_per_unit_; }
    /// The mean of the values jitter_ms() had after each packet that moved it; 0 before the first.
    double mean_jitter_ms() const noexcept {
        return jitter_count_ ? jitter_sum_ / static_cast<double>(jitter_count_) * ms_per_unit_ : 0;
    }

    /// Notes a sender report of this source, for the LSR and DLSR of our next reports.
    /// \param ntp the time the report states; 0 for "no wallclock" counts as no report.
    /// \param arrival when it came, on the same clock as packets and make_report().
    void sender_report_received(ntp_time ntp, time_point arrival) noexcept;

    /// Packets since the last make_report(). RFC 3550 §6.4 leaves a source out of a report when
    /// there were none.
    std::uint64_t received_since_report() const noexcept { return received_ - received_prior_; }
    /// The report on this source, called \p ssrc, at \p now; begins the next interval.
    /// Cumulative loss and DLSR are held at their fields' limits.
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
    bool suspected_ = false;            // suspect_ is the packet before this one
    unsigned probation_;                // packets in sequence still wanted
    arrival_mark suspect_;              // the latest
    arrival_mark left_;                 // the highest of the numbering before this one
    std::uint32_t other_numbering_ = 0; // packets in sequence that suspect_ was the last of
    // Duplicates from far behind, each of which goes on from the one before.
    arrival_mark copy_;                // the latest
    std::int64_t copy_highest_ = 0;    // highest_ then
    std::uint32_t copy_timestamp_ = 0; // the first one's
    std::uint16_t copy_seq_ = 0;       // the first one's
    bool copies_beside_ = false;       // the numbering that counts goes on meanwhile
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

} // namespace rtpsynth
