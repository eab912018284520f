/// \file
/// An RTP session: one local source, any number of remote sources, and their RTCP (RFC 3550 §6,
/// §8).
#pragma once

#include <rtpsynth/base/clock.hpp>
#include <rtpsynth/base/compiler.h>
#include <rtpsynth/base/detail/random_sequence.hpp>
#include <rtpsynth/base/error.hpp>
#include <rtpsynth/base/ntp_time.hpp>
#include <rtpsynth/rtcp/detail/member_table.hpp>
#include <rtpsynth/rtcp/detail/rtcp_schedule.hpp>
#include <rtpsynth/rtcp/packet.hpp>
#include <rtpsynth/rtcp/session_options.hpp>
#include <rtpsynth/rtcp/session_source.hpp>
#include <rtpsynth/rtcp/session_stats.hpp>
#include <rtpsynth/rtp/packet.hpp>
#include <rtpsynth/rtp/payload_format.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rtpsynth {

/// \addtogroup rtcp
/// \{

/// The result of rtp_session::receive_rtp().
struct rtp_reception {
    session_outcome outcome;
    /// The source of the packet; null if it is not valid.
    const rtp_source* source = nullptr;
    /// The result of the source's receiver_stats; rejected unless `outcome` is accepted or left.
    receiver_stats::outcome packet = receiver_stats::outcome::rejected;
};

/// The result of rtp_session::receive_rtcp().
struct rtcp_reception {
    session_outcome outcome;
    /// The sender of the datagram; null if it is not a source.
    const rtp_source* source = nullptr;
    bool reported = false; ///< it had a report on us: source->report()
    unsigned left = 0;     ///< number of sources and members whose BYE it had
};

/// One participant of an RTP session: distinguishes remote sources, keeps statistics of each, and
/// makes and processes RTCP. It has no socket, no timer and no clock:
///
///     rtp_session session({.cname = "…"}, seed);
///     // for every packet that is sent, whose SSRC is session.ssrc():
///     session.sent(packet, now);
///     // for every packet that is received, by classify():
///     session.receive_rtp(packet, now, address);   // or
///     session.receive_rtcp(datagram, now, address);
///     // at session.next_rtcp(), which any of these calls may change:
///     auto report = session.make_rtcp(now, wall_clock, storage);
///     if (report && !report->empty()) socket.send(*report);
///
/// *Sources and members.* A source is a participant with statistics. A participant becomes a source
/// when its RTP is valid (A.1), or when its RTCP has a CNAME or has come `probation` times. If
/// there are max_sources already, a new source replaces one that has left, or, if it has valid RTP,
/// one that has never sent RTP; otherwise it is refused. A member that is not a source is only
/// counted. Packets of an attacker cannot take more memory than the options allow, or remove a
/// source that sends RTP. But a source's RTCP address is the one from which its first RTCP came: an
/// attacker who knows the SSRC and sends RTCP before the source does can send reports and a BYE in
/// its name.
///
/// *BYE.* A source that has sent a BYE no longer counts as a member or sender, and is removed after
/// 5 s. If its RTP continues for 0.5 s, which is longer than packets in transit keep arriving, the
/// BYE was forged: the source is a member again and keeps its statistics, and its RTCP address
/// becomes that of its next RTCP. RTP that arrives in the meantime is counted, and the caller
/// should play it.
///
/// *RTCP timing.* The session sends no RTCP before join(), which is implied by sent() and by the
/// first valid packet of another participant. From then on, reports are due as in §6.3 and A.7. The
/// interval depends on the number of members and senders, is at least 5 s (2.5 s before the first
/// report; see rtp_session_options::reduced_minimum), and is then randomised and reconsidered.
///
/// *Addresses.* An address is any number that stands for an IP address and port. 0 means unknown,
/// and never conflicts. RTP and RTCP of one source may have different addresses. A packet of a
/// known source from another address than before is a conflict (§8.2), and is ignored until the
/// source has timed out or source_moved() was called. A packet with our own SSRC is a collision:
/// ssrc() changes, a BYE for the old SSRC is due at once, and further packets from that address
/// with our SSRC are loops. The SSRC changes at most once in 5 s; until then, such packets count as
/// loops, too. Do not pass our own packets to the session, for example those that a multicast
/// socket returns.
///
/// *Plausibility.* A report on us is ignored if it has more lost packets than we have sent, or
/// gives a round-trip time below -1 ms. A BYE or CNAME for a source by another participant is
/// ignored, unless it comes from an address of that source, as a mixer's does.
///
/// Memory: about 900 bytes, and those of each source; see rtp_session_options. Allocates when a
/// source or member is added and when a source's CNAME grows, never per packet.
///
/// Time: arrival times and `now` are by one monotonic clock. The wall clock is only written to
/// sender reports; round-trip times do not depend on it.
///
/// Threads: distinct objects are independent; one object needs external locking.
class RTPSYNTH_API rtp_session {
public:
    using options = rtp_session_options;

    /// \param seed 64 random bits, from which SSRC and intervals are drawn, such as two of
    /// system_random32().
    /// \throws std::invalid_argument if an option is out of its range.
    rtp_session(const options& opts, std::uint64_t seed);
    rtp_session(rtp_session&&) noexcept = default;
    rtp_session& operator=(rtp_session&&) noexcept = default;

    /// Our SSRC. Changes when receive_rtp() or receive_rtcp() finds a collision.
    std::uint32_t ssrc() const noexcept { return ssrc_; }

    /// Joins the session: RTCP is sent from now on. No-op if the session was joined or left before.
    void join(time_point now) noexcept;

    /// Counts a packet that we have sent, for our reports. Joins the session.
    /// \param timestamp in units of the options' clock rate.
    /// \param payload_size in bytes.
    void sent(std::uint32_t timestamp, std::size_t payload_size, time_point now) noexcept {
        sent(timestamp, payload_size, payload_format{clock_rate_, payload_kind::unknown}, now);
    }
    /// The same for a payload type of \p format (RFC 7160). Clock rate 0 means that of the options.
    void sent(std::uint32_t timestamp, std::size_t payload_size, payload_format format,
              time_point now) noexcept;
    /// The same, with RFC 3551's format of the payload type. The packet's SSRC is ignored.
    void sent(const rtp_packet_view& packet, time_point now) noexcept {
        sent(packet.timestamp(), packet.payload().size(), static_format(packet.payload_type()),
             now);
    }

    /// Processes a received packet. If the outcome is accepted, probation or left, the caller
    /// should play the packet.
    /// \param format of its payload type; clock rate 0 means that of the options.
    /// \param address from which it came; 0: unknown.
    rtp_reception receive_rtp(const rtp_packet_view& packet, payload_format format,
                              time_point arrival, std::uint64_t address = 0) noexcept;
    /// The same, with RFC 3551's format of the payload type.
    rtp_reception receive_rtp(const rtp_packet_view& packet, time_point arrival,
                              std::uint64_t address = 0) noexcept {
        return receive_rtp(packet, static_format(packet.payload_type()), arrival, address);
    }

    /// Processes a received compound packet, or a reduced-size one: see
    /// rtp_session_options::reduced_size. The sender of the latter is the SSRC at the beginning of
    /// its first packet, whose type must be 200 or more.
    rtcp_reception receive_rtcp(std::span<const std::uint8_t> datagram, time_point arrival,
                                std::uint64_t address = 0) noexcept;

    /// The time at which to call make_rtcp(); time_point::max() if none is due for now.
    time_point next_rtcp() const noexcept;

    /// Writes the compound packet that is due. A report is an SR or RR with a block for each source
    /// that was heard since its last block (if there is no room for all, sources take turns), a
    /// CNAME and, with metrics, an XR. Otherwise it is a BYE. Empty if nothing is due, or if
    /// reconsideration has postponed the report: see next_rtcp(). Also removes sources and members
    /// that were silent for too long.
    /// \param wall_clock for a sender report; 0: unknown.
    /// \param storage for the packet; its size, minimum_rtcp_size() or more, limits that of the
    /// datagram.
    /// \param metrics our VoIP metrics of received streams (RFC 3611); left out if there is no
    /// room.
    /// \return the packet, in \p storage. Errors: errc::buffer_too_small; errc::invalid_argument
    ///         for invalid metrics, see rtcp_builder.
    [[nodiscard]] result<std::span<const std::uint8_t>> make_rtcp(
        time_point now, ntp_time wall_clock, std::span<std::uint8_t> storage,
        std::span<const voip_metrics> metrics = {}) noexcept;
    /// The minimum size of the storage of make_rtcp(), in bytes: an SR without blocks, CNAME and
    /// BYE.
    std::size_t minimum_rtcp_size() const noexcept;

    /// Leaves the session. A BYE is due at once or, if there are more than 50 members, after the
    /// back-off of §6.3.7; none if ssrc() has never sent a packet. Packets may still be received.
    /// \param reason of the BYE; truncated to 255 bytes.
    void leave(time_point now, std::string_view reason = {}) noexcept;

    /// Sets a new RTP address of the source \p ssrc, such as a NAT's new port. Its RTCP address
    /// becomes that of its next RTCP. No-op if there is no such source.
    void source_moved(std::uint32_t ssrc, std::uint64_t rtp_address) noexcept;

    /// The source \p ssrc; null if there is none.
    const rtp_source* find(std::uint32_t ssrc) const noexcept;
    /// Calls \p visit(const rtp_source&) for each source, including those that have left.
    template <class Visitor>
    void for_each_source(Visitor&& visit) const {
        for (const auto& source : sources_) visit(static_cast<const rtp_source&>(*source));
    }
    std::size_t source_count() const noexcept { return sources_.size(); }
    /// The number of participants, including us and without those that have left.
    std::size_t members() const noexcept { return group().members; }
    /// The number of those that have sent RTP within the last two intervals.
    std::size_t senders() const noexcept { return group().senders; }
    const rtp_session_stats& stats() const noexcept { return stats_; }

private:
    struct candidate {
        std::uint32_t ssrc = 0;
        std::uint16_t seq = 0;
        std::uint16_t wanted = 0; // packets in sequence; 0: a free entry
        std::uint64_t address = 0;
    };
    struct sent_report {
        std::uint32_t ntp = 0; // compact; 0: none
        time_point at{};
    };
    struct conflicting_address {
        std::uint64_t address = 0;
        std::optional<time_point> heard; // nullopt: a free entry
    };
    struct compound; // a received compound packet and its sender

    using source_list = std::vector<std::unique_ptr<rtp_source>>;

    detail::rtcp_group group() const noexcept;
    // session.cpp
    session_outcome own_ssrc_heard(std::uint64_t address, time_point now) noexcept;
    duration timeout_interval() const noexcept;
    // session_sources.cpp
    std::size_t position(std::uint32_t ssrc) const noexcept;
    bool returns(rtp_source& source, receiver_stats::outcome what, time_point arrival) noexcept;
    void remove(std::size_t i) noexcept;
    void count_member(std::uint32_t ssrc, time_point now) noexcept;
    rtp_source* source_of(std::uint32_t ssrc, time_point now) noexcept;
    bool prove(std::uint32_t ssrc, std::uint64_t address, const std::uint16_t* seq) noexcept;
    rtp_source* admit(std::uint32_t ssrc, bool sends, time_point now) noexcept;
    bool make_room(bool for_sender, time_point now) noexcept;
    void expire_sources(time_point now) noexcept;
    void expire(time_point now) noexcept;
    // session_receive.cpp
    void take_report(compound& c, const rtcp_packet_view& packet) noexcept;
    void take_block(compound& c, const report_block& block) noexcept;
    void take_description(compound& c, const rtcp_packet_view& packet) noexcept;
    void take_bye(compound& c, const rtcp_packet_view& packet) noexcept;
    void take_metrics(compound& c, const rtcp_packet_view& packet) noexcept;
    // session_report.cpp
    sender_info local_sender(time_point now, ntp_time wall_clock) const noexcept;
    std::size_t collect_blocks(std::span<report_block> blocks, time_point now) noexcept;
    std::span<const std::uint8_t> write_report(time_point now, ntp_time wall_clock,
                                               std::span<std::uint8_t> storage,
                                               std::span<const voip_metrics> metrics) noexcept;
    std::span<const std::uint8_t> write_bye(std::uint32_t ssrc, const sender_info* sender,
                                            std::span<std::uint8_t> storage) noexcept;

    enum class phase : std::uint8_t { silent, joined, leaving, gone };

    std::uint32_t ssrc_ = 0;
    std::uint32_t clock_rate_;
    phase phase_ = phase::silent;
    bool we_sent_ = false;                  // we sent RTP within the last two intervals
    bool was_heard_ = false;                // a packet with ssrc_ was sent
    std::optional<std::uint32_t> old_ssrc_; // of which a BYE is due since collided_at_
    std::optional<time_point> collided_at_;
    // Our packets.
    std::uint32_t packet_count_ = 0;
    std::uint32_t octet_count_ = 0;
    std::uint32_t timestamp_ = 0;      // of the last packet, ...
    std::uint32_t timestamp_rate_ = 0; // its clock rate ...
    time_point timestamp_at_{};        // and when a packet had it first
    time_point last_sent_{};
    std::array<sent_report, 8> sent_reports_{};
    std::size_t next_sent_report_ = 0;

    std::size_t header_size_;
    std::size_t max_sources_;
    unsigned probation_;
    bool reduced_size_;
    receiver_stats_options limits_;
    std::size_t byes_ = 0; // BYEs received since leave()
    detail::random_sequence random_;
    detail::rtcp_schedule schedule_;
    detail::member_table counted_; // members that are not sources
    source_list sources_;
    std::size_t last_source_ = 0; // index of the source whose packet came last
    std::size_t next_block_ = 0;  // index of the source that the next report begins with
    std::array<candidate, 8> candidates_{};
    std::array<conflicting_address, 4> conflicting_{};
    std::string cname_;
    std::string reason_; // of leaving
    rtp_session_stats stats_;
};

/// \}

} // namespace rtpsynth
