/// \file
/// Turns the packets of any sequence of sources into one continuous stream: for relays, music on
/// hold, transfers and announcements.
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
/// SSRC, sequence number, timestamp, marker and payload type are written anew. CSRC list, header
/// extension, payload and padding are left as they are.
///
/// *Stretches.* The output consists of stretches of one source's packets each. Within a stretch,
/// numbers and timestamps differ from the source's by constants: loss, reordering, duplicates and
/// pauses of the source are the same in the output, so that the listener's jitter buffer and
/// reports tell the truth. From one stretch to the next the number after the highest follows, and
/// the timestamp goes on by the time that has passed, but by a packet's duration at least. The
/// first packet of audio has the marker.
///
/// *Switches.* A stretch begins
/// - with the first packet of another SSRC. A source that was left before is taken up again at once
///   if nothing came of it for a second. Until then its packets are late, but for two in sequence
///   with nothing of the present source between them: the second of these begins a stretch. The
///   last four sources are remembered.
/// - where the source begins its numbers anew, as receiver_stats tells it; the packet before the
///   one that proves it is rejected.
/// - where the source's timestamp jumps by 5 s or more, or back, and the arrival times do not
///   explain it.
/// - after switch_source().
///
/// *Payload types* that are not mapped are dropped. The numbers of the packets behind them close
/// up, so that the listener sees no loss. Only where a packet overtakes one that is dropped, there
/// is a gap: its number was passed over before its payload type was seen.
///
/// *Clocks.* Each clock rate of the output goes on by itself (RFC 7160): telephone events of 8000
/// Hz beside audio of 48000 Hz keep their timestamps' distances. Up to four clock rates; of a
/// fifth, the one that was begun first starts anew.
///
/// *RTCP.* translate_forward() makes reports of the present source those of the output, and
/// translate_back() makes the listener's reports on the output those on the present source. A
/// relay, whose sides both send and listen, has a rewriter for each direction and puts the RTCP of
/// a side through both: translate_forward() of the direction in which the side sends, then
/// translate_back() of the other one.
///
/// Memory: 2.2 KB, nothing on the heap but a long CNAME.
///
/// Threads: distinct objects are independent; one object needs external locking.
class RTPSYNTH_API stream_rewriter {
public:
    using options = stream_rewriter_options;

    /// What became of a packet.
    enum class outcome : std::uint8_t {
        forwarded, ///< rewritten
        switched,  ///< rewritten, and it begins a stretch
        late,      ///< dropped: of a source that was left
        overtaken, ///< dropped: from before the first packet of its stretch, which came sooner
        unmapped,  ///< dropped: of a payload type that is not mapped
        rejected,  ///< dropped: far from the source's numbers, a stray or the first of a restart
        malformed, ///< dropped: no RTP packet
    };

    /// \param clock_rate of the audio in Hz, at least 1.
    /// \param origin SSRC, first sequence number and first timestamp of the output, which should be
    /// random (RFC 3550 §5.1).
    /// \throws std::invalid_argument if clock_rate is 0 or the CNAME too long; std::bad_alloc
    stream_rewriter(std::uint32_t clock_rate, const stream_origin& origin,
                    const options& opts = {});

    /// Rewrites a packet that arrived at \p arrival. One that is dropped is not changed. O(1);
    /// allocates nothing.
    outcome rewrite(std::span<std::uint8_t> packet, time_point arrival) noexcept;

    /// The next packet begins a stretch, of whatever SSRC it is.
    void switch_source() noexcept { is_asked_ = true; }

    /// Makes a compound of the present source one of the output.
    ///
    /// - SR: SSRC, timestamp and counts are the output's. The NTP time stays, and with it LSR and
    ///   DLSR in the listener's reports. Before there is a packet to compare timestamps with, it
    ///   becomes an RR. Report blocks are left as they are.
    /// - SDES, BYE: see the options. SDES of others than the source are dropped.
    /// - XR, feedback, APP: the SSRC of their sender is the output's.
    ///
    /// Packets of any other sender, a former source above all, of unknown types, and what is
    /// malformed are dropped. So are the profile-specific bytes of reports.
    ///
    /// \param storage of the result, not the same memory; the compound's size and 264 bytes are
    /// enough.
    /// \returns the compound in \p storage, empty if nothing is left of it.
    ///
    /// Errors: those of rtcp_compound_view::parse; errc::buffer_too_small.
    [[nodiscard]] result<std::span<const std::uint8_t>> translate_forward(
        std::span<const std::uint8_t> compound, std::span<std::uint8_t> storage) noexcept;

    /// Makes a compound of the listener one for the present source.
    ///
    /// - SR, RR: of the report blocks, only that on the output is kept. Its SSRC and highest number
    ///   are the source's. What was lost in earlier stretches is taken off, as far as the
    ///   listener's reports show it, and never more is lost than the stretch has packets. LSR and
    ///   DLSR are 0 unless they name an SR of the present source. A block that was made before the
    ///   listener had anything of the present stretch is dropped.
    /// - NACK (RFC 4585): the numbers are the source's; those of other stretches are left out, and
    ///   what does not fit 64 pairs.
    /// - PLI, SLI, RPSI (RFC 4585), FIR (RFC 5104): the SSRC is the source's.
    /// - XR (RFC 3611): VoIP metrics and DLRR have the source's SSRC. Blocks with sequence numbers
    ///   are dropped, receiver reference times and unknown blocks kept.
    /// - SDES, BYE, APP are left as they are. Other feedback is dropped, and so are packets of
    ///   unknown types.
    ///
    /// Reports must be those of one listener; of another one, loss is counted anew.
    ///
    /// \param storage of the result, not the same memory; the compound's size and 256 bytes for
    /// each NACK in it are enough. \returns the compound in \p storage, empty if nothing is left of
    /// it.
    ///
    /// Errors: those of rtcp_compound_view::parse; errc::buffer_too_small.
    [[nodiscard]] result<std::span<const std::uint8_t>> translate_back(
        std::span<const std::uint8_t> compound, std::span<std::uint8_t> storage) noexcept;

    std::uint32_t ssrc() const noexcept { return origin_.ssrc; }
    /// Whether there was a source yet.
    bool has_source() const noexcept { return has_source_; }
    /// Of the present source; 0 before the first.
    std::uint32_t source_ssrc() const noexcept { return source_ssrc_; }
    /// Reception of the present source since it was taken up, dropped payload types included.
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
        std::uint64_t packets = ~std::uint64_t{0}; // of the present source, before it
    };

    bool take_over(const rtp_packet_view& packet, time_point arrival) noexcept;
    bool may_take_over(const rtp_packet_view& packet, time_point arrival) noexcept;
    former_source* find_former(std::uint32_t ssrc) noexcept;
    void begin_stretch(std::int64_t number) noexcept;
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

    // What every packet needs.
    std::uint32_t source_ssrc_ = 0;
    bool has_source_ = false;
    bool is_asked_ = false;    // for another source
    bool is_beginning_ = true; // the source's first packet is the next
    bool is_silent_ = true;    // nothing of the stretch was forwarded
    bool is_unmarked_ = true;  // no audio of the stretch was forwarded
    std::uint8_t clock_ = 0;   // of the latest packet, an index
    std::uint8_t media_clock_ = 0;
    std::uint32_t clock_rate_;
    stream_origin origin_;
    stream_rewriter_stats stats_;
    detail::number_map numbers_;
    std::array<detail::timestamp_map, max_clocks> clocks_;
    receiver_stats source_;
    std::array<payload_rule, 128> rules_;

    time_point last_arrival_{}; // of the source
    time_point begun_at_{};     // the first packet of all
    std::size_t next_clock_ = 0;
    std::array<former_source, max_formers> formers_;
    std::size_t next_former_ = 0;
    challenger challenger_;

    // RTCP.
    std::array<std::uint32_t, max_sender_reports> sender_reports_{}; // compact NTP times
    std::size_t next_sender_report_ = 0;
    std::uint32_t reporter_ = 0;     // the listener
    std::int32_t lost_reported_ = 0; // in its latest report
    std::int32_t lost_before_ = 0;   // of that, in earlier stretches
    bool has_reported_ = false;      // on this stretch
    bool forward_bye_;
    std::string cname_;
};

/// Whether the packet is one of the output.
constexpr bool is_forwarded(stream_rewriter::outcome outcome) noexcept {
    return outcome <= stream_rewriter::outcome::switched;
}

/// \}

} // namespace rtpsynth
