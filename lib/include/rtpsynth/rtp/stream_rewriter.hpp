/// \file
/// Joins the packets of successive sources into one continuous stream: for relays, music on hold,
/// transfers and announcements.
#pragma once

#include <rtpsynth/base/clock.hpp>
#include <rtpsynth/base/compiler.h>
#include <rtpsynth/base/error.hpp>
#include <rtpsynth/rtcp/packet.hpp>
#include <rtpsynth/rtcp/receiver_stats.hpp>
#include <rtpsynth/rtp/detail/number_map.hpp>
#include <rtpsynth/rtp/detail/timestamp_map.hpp>
#include <rtpsynth/rtp/packet.hpp>
#include <rtpsynth/rtp/packet_synth.hpp>
#include <rtpsynth/rtp/stream_rewriter_options.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace rtpsynth {

class rtcp_builder;

/// \addtogroup rtp
/// \{

/// Rewrites packets in place, as they arrive, into one stream of one SSRC for one listener:
///
///     stream_rewriter out(8000, stream_origin::draw(system_random32));
///     …
///     if (is_forwarded(out.rewrite(packet, now))) socket.send(packet);
///
/// SSRC, sequence number, timestamp, marker and payload type are replaced. CSRC list, header
/// extension, payload and padding stay as they are.
///
/// *Segments.* A segment is a run of packets of one source; the output is a sequence of segments.
/// Within a segment, sequence numbers and timestamps differ from the source's by constants: loss,
/// reordering, duplicates and pauses of the source appear unchanged in the output, so the
/// listener's jitter buffer and reports show what the network did. From one segment to the next,
/// the sequence number continues after the highest one, and the timestamp advances by the time that
/// has passed, but at least by the duration of a packet. The first audio packet of a segment has
/// the marker.
///
/// *Switches.* A segment begins
/// - with the first packet of another SSRC. For one that was the source before, this holds only
///   after a second without a packet from it. Earlier packets of it are dropped as `late`, except
///   where two in sequence arrive with no packet of the current source between them: the second one
///   begins a segment. The last four sources are remembered.
/// - where the source restarts its sequence numbers, as receiver_stats detects it. The packet
///   before the one that confirms the restart is rejected.
/// - where the source's timestamp jumps forward by 5 s or more, or back, and the arrival times do
///   not explain it.
/// - after switch_source().
///
/// *Payload types.* Packets whose payload type is not mapped are dropped. The following packets
/// take their sequence numbers, so that the listener sees no loss. A gap remains only if a packet
/// overtakes the dropped one, since the number was then skipped before the payload type was known.
///
/// *Clocks.* The output has a separate timestamp for each clock rate (RFC 7160): telephone events
/// of 8000 Hz beside audio of 48000 Hz keep their distances. There are up to four clock rates; a
/// fifth one replaces the oldest, which starts anew if it is needed again.
///
/// *RTCP.* translate_forward() turns reports of the current source into reports of the output.
/// translate_back() turns the listener's reports on the output into reports on the current source.
/// A relay has a rewriter for each direction, since both sides send and listen. It passes the RTCP
/// of a side through both: translate_forward() of the direction in which the side sends, then
/// translate_back() of the other one.
///
/// Memory: 2.2 KB. Only a long CNAME is on the heap.
///
/// Threads: distinct objects are independent; one object needs external locking.
class RTPSYNTH_API stream_rewriter {
public:
    using options = stream_rewriter_options;

    /// The result of rewrite() for a packet.
    enum class outcome : std::uint8_t {
        forwarded, ///< rewritten
        switched,  ///< rewritten, and the first packet of a segment
        late,      ///< dropped: a packet of a previous source, still in transit after a switch
        overtaken, ///< dropped: older than the first forwarded packet of its segment
        unmapped,  ///< dropped: of a payload type that is not mapped
        rejected, ///< dropped: its number is far from the source's: a stray, or the first packet of
                  ///< a restart
        malformed, ///< dropped: not an RTP packet
    };

    /// \param clock_rate of the audio in Hz, at least 1.
    /// \param origin SSRC, first sequence number and first timestamp of the output, which should be
    /// random (RFC 3550 §5.1).
    /// \throws std::invalid_argument if clock_rate is 0 or the CNAME too long; std::bad_alloc
    stream_rewriter(std::uint32_t clock_rate, const stream_origin& origin,
                    const options& opts = {});

    /// Rewrites a packet that arrived at \p arrival. A dropped packet is not changed. O(1);
    /// allocates nothing.
    outcome rewrite(std::span<std::uint8_t> packet, time_point arrival) noexcept;

    /// The next packet begins a segment, whichever SSRC it has.
    void switch_source() noexcept { is_asked_ = true; }

    /// Translates a compound packet of the current source into one of the output.
    ///
    /// - SR: SSRC, timestamp and counts become the output's. The NTP time stays, and so LSR and
    ///   DLSR in the listener's reports are right. It becomes an RR while no packet of
    ///   the segment has been forwarded. Report blocks stay as they are.
    /// - SDES, BYE: see the options. SDES chunks of other SSRCs are dropped.
    /// - XR, feedback, APP: the SSRC of the sender becomes the output's.
    ///
    /// Packets of any other sender (such as a previous source), of unknown types, and malformed
    /// packets are dropped. Profile-specific extensions of reports are dropped too.
    ///
    /// \param storage receives the result and must not overlap \p compound. The compound's size and
    /// 264 bytes are enough.
    /// \returns the compound in \p storage; empty if nothing is left of it.
    ///
    /// Errors: those of rtcp_compound_view::parse; errc::buffer_too_small.
    [[nodiscard]] result<std::span<const std::uint8_t>> translate_forward(
        std::span<const std::uint8_t> compound, std::span<std::uint8_t> storage) noexcept;

    /// Translates a compound packet of the listener into one for the current source.
    ///
    /// - SR, RR: only the report block on the output is kept. Its SSRC and highest sequence number
    ///   become the source's. Losses of earlier segments, as far as the listener's reports showed
    ///   them, are subtracted, and the loss is limited to the number of packets in the segment. LSR
    ///   and DLSR are 0 unless they refer to an SR of the current source. A block from before the
    ///   listener received anything of the current segment is dropped.
    /// - NACK (RFC 4585): the sequence numbers become the source's. Those of other segments are
    ///   left out, and so are those that do not fit 64 pairs.
    /// - PLI, SLI, RPSI (RFC 4585), FIR (RFC 5104): the SSRC becomes the source's.
    /// - XR (RFC 3611): VoIP metrics and DLRR get the source's SSRC. Blocks with sequence numbers
    ///   are dropped; receiver reference times and unknown blocks are kept.
    /// - SDES, BYE, APP stay as they are. Other feedback and packets of unknown types are dropped.
    ///
    /// All reports must come from one listener. If the SSRC of the reporter changes, the loss count
    /// starts anew.
    ///
    /// \param storage receives the result and must not overlap \p compound. The compound's size and
    /// 256 bytes for each NACK in it are enough.
    /// \returns the compound in \p storage; empty if nothing is left of it.
    ///
    /// Errors: those of rtcp_compound_view::parse; errc::buffer_too_small.
    [[nodiscard]] result<std::span<const std::uint8_t>> translate_back(
        std::span<const std::uint8_t> compound, std::span<std::uint8_t> storage) noexcept;

    std::uint32_t ssrc() const noexcept { return origin_.ssrc; }
    /// Whether there is a current source: a valid packet has arrived.
    bool has_source() const noexcept { return has_source_; }
    /// The SSRC of the current source; 0 before the first.
    std::uint32_t source_ssrc() const noexcept { return source_ssrc_; }
    /// Reception of the current source since it became the source, dropped payload types included.
    const receiver_stats& source_stats() const noexcept { return source_; }
    const stream_rewriter_stats& stats() const noexcept { return stats_; }

private:
    static constexpr std::size_t max_clocks = 4;
    static constexpr std::size_t max_formers = 4;
    static constexpr std::size_t max_sender_reports = 4;

    struct payload_rule {
        std::uint32_t clock_rate;
        std::uint8_t to;
        bool mapped;
        payload_kind kind;
    };
    struct former_source {
        std::uint32_t ssrc = 0;
        std::uint16_t highest = 0;
        bool used = false;
        time_point last_arrival{};
    };
    struct challenger {
        std::uint32_t ssrc = 0;
        std::uint16_t seq = 0;
        std::uint64_t packets = ~std::uint64_t{0}; // of the current source, before this packet
    };

    bool take_over(const rtp_packet_view& packet, time_point arrival) noexcept;
    bool may_take_over(const rtp_packet_view& packet, time_point arrival) noexcept;
    former_source* find_former(std::uint32_t ssrc) noexcept;
    void begin_segment(std::int64_t number) noexcept;
    detail::timestamp_map& clock_of(const payload_rule& rule) noexcept;
    detail::timestamp_map& other_clock(std::uint32_t clock_rate) noexcept;
    std::uint64_t source_packets() const noexcept {
        return source_.received() + source_.rejected();
    }

    result<void> forward_packet(const rtcp_packet_view& packet, rtcp_builder& out) noexcept;
    result<void> forward_report(const rtcp_packet_view& packet, rtcp_builder& out) noexcept;
    result<void> forward_description(const rtcp_packet_view& packet, rtcp_builder& out) noexcept;
    result<void> back_packet(const rtcp_packet_view& packet, rtcp_builder& out) noexcept;
    result<void> back_report(const rtcp_packet_view& packet, rtcp_builder& out) noexcept;
    result<void> back_nack(const rtcp_packet_view& packet, rtcp_builder& out) noexcept;
    result<void> back_payload_feedback(const rtcp_packet_view& packet, rtcp_builder& out) noexcept;
    result<void> back_extended_report(const rtcp_packet_view& packet, rtcp_builder& out) noexcept;
    bool to_source(report_block& block, std::uint32_t reporter) noexcept;

    // Needed for every packet.
    std::uint32_t source_ssrc_ = 0;
    bool has_source_ = false;
    bool is_asked_ = false;    // switch_source() was called
    bool is_beginning_ = true; // no packet of the source has arrived
    bool is_silent_ = true;    // no packet of the segment was forwarded
    bool is_unmarked_ = true;  // no audio of the segment was forwarded
    std::uint8_t clock_ = 0;   // index of the latest packet's clock
    std::uint8_t media_clock_ = 0;
    std::uint32_t clock_rate_;
    stream_origin origin_;
    stream_rewriter_stats stats_;
    detail::number_map numbers_;
    std::array<detail::timestamp_map, max_clocks> clocks_;
    receiver_stats source_;
    std::array<payload_rule, 128> rules_;

    time_point last_arrival_{}; // of the source
    time_point begun_at_{};     // arrival of the very first packet
    std::size_t next_clock_ = 0;
    std::array<former_source, max_formers> formers_;
    std::size_t next_former_ = 0;
    challenger challenger_;

    // RTCP.
    std::array<std::uint32_t, max_sender_reports> sender_reports_{}; // compact NTP times
    std::size_t next_sender_report_ = 0;
    std::uint32_t reporter_ = 0;     // the listener
    std::int32_t lost_reported_ = 0; // cumulative loss in its latest report
    std::int32_t lost_before_ = 0;   // the part of it from earlier segments
    bool has_reported_ = false;      // the listener reported on this segment
    bool forward_bye_;
    std::string cname_;
};

/// Whether the packet belongs to the output.
constexpr bool is_forwarded(stream_rewriter::outcome outcome) noexcept {
    return outcome <= stream_rewriter::outcome::switched;
}

/// \}

} // namespace rtpsynth
