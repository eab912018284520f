/// \file
/// An RTP session: one local source and any number of remote ones, and the RTCP between them
/// (RFC 3550 §6, §8).
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

/// What came of an RTP packet.
struct rtp_reception {
    session_outcome outcome;
    /// Whose it is; null where it is no valid source's.
    const rtp_source* source = nullptr;
    /// What it was among the packets of its source; rejected unless the outcome is accepted or
    /// left.
    receiver_stats::outcome packet = receiver_stats::outcome::rejected;
};

/// What came of a datagram of RTCP.
struct rtcp_reception {
    session_outcome outcome;
    /// Who sent it; null where the sender is no source.
    const rtp_source* source = nullptr;
    bool reported = false; ///< it had a report on us, which is source->report()
    unsigned left = 0;     ///< so many sources said BYE, or somebody said it for them
};

/// One participant of an RTP session: tells the packets of remote sources apart, keeps statistics
/// of each, and says and understands RTCP. It has no socket, no timer and no clock:
///
///     rtp_session session({.cname = "…"}, seed);
///     // for every packet that is sent, whose SSRC is session.ssrc():
///     session.sent(packet, now);
///     // for every packet that is received, by classify():
///     session.receive_rtp(packet, now, address);   // or
///     session.receive_rtcp(datagram, now, address);
///     // when it is session.next_rtcp(), which is looked at again after each of these calls:
///     auto report = session.make_rtcp(now, wall_clock, storage);
///     if (report && !report->empty()) socket.send(*report);
///
/// *Sources and members.* A source has statistics. It is there once its RTP has proved valid (A.1)
/// or its RTCP has given a CNAME, or has come twice. Where max_sources are there, a source of valid
/// RTP takes the place of one that has never sent any; otherwise it is refused. A member that is no
/// source is only counted. Nothing that strangers send takes more memory than the options say or
/// removes a source that sends RTP. But the address of a source's RTCP is that of the first one:
/// who knows its SSRC and is there before it can speak for it.
///
/// *Who leaves.* A source that said BYE is no member and no sender, and is removed 5 s later. If
/// its RTP goes on for 0.5 s, which is more than packets that were under way take, it has not left,
/// and a stranger said BYE for it: it is again what it was, with its statistics, and has the
/// address of its next RTCP. RTP that arrives in the meantime is counted and for the caller to
/// play.
///
/// *When RTCP is sent.* The session is silent until join(), which sent() and the first valid packet
/// of another participant imply. From then on reports are due as in §6.3 and A.7: intervals by the
/// number of members and senders, randomised, reconsidered, at least 5 s, half of that at first.
///
/// *Addresses.* An address is any number that stands for IP address and port; 0: not known, which
/// conflicts with none. RTP and RTCP of one source may have different ones. A packet of a source
/// from another address than before is a conflict and ignored (§8.2), until the source timed out or
/// source_moved() was called. A packet with our own SSRC is a collision: a BYE for the old SSRC is
/// due at once, ssrc() is a new one, and further packets from that address with our SSRC are
/// looped. This happens once in 5 s at most. Do not feed it what it has sent itself, as a multicast
/// socket may give it back.
///
/// *What is believed.* A report on us that has lost more packets than we sent, or a round trip time
/// below -1 ms, is not. Nor is a BYE for a source by another participant, unless both send RTCP
/// from one known address, as a mixer does.
///
/// Memory: about 900 bytes and those of each source; see rtp_session_options. Allocates when a
/// source or member is added and when a source's CNAME grows, never per packet.
///
/// Time: arrivals and `now` are by one monotonic clock, the wall clock goes into sender reports
/// only. Round trip times do not depend on it.
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

    /// Begins to send RTCP. No-op if it has begun or if the session was left.
    void join(time_point now) noexcept;

    /// Counts a packet that we send, for our reports. Joins.
    /// \param timestamp by the options' clock rate.
    /// \param payload_size in bytes.
    void sent(std::uint32_t timestamp, std::size_t payload_size, time_point now) noexcept {
        sent(timestamp, payload_size, payload_format{clock_rate_, payload_kind::unknown}, now);
    }
    /// The same, of a payload type whose \p format is known (RFC 7160). Clock rate 0: the options'.
    void sent(std::uint32_t timestamp, std::size_t payload_size, payload_format format,
              time_point now) noexcept;
    /// The same, with RFC 3551's format of the payload type. Its SSRC is not looked at.
    void sent(const rtp_packet_view& packet, time_point now) noexcept {
        sent(packet.timestamp(), packet.payload().size(), static_format(packet.payload_type()),
             now);
    }

    /// Counts a packet that arrived. Where its outcome is accepted, probation or left, it is for
    /// the caller to play.
    /// \param format of its payload type; clock rate 0: that of the options.
    /// \param address where it came from; 0: not known.
    rtp_reception receive_rtp(const rtp_packet_view& packet, payload_format format,
                              time_point arrival, std::uint64_t address = 0) noexcept;
    /// The same, with RFC 3551's format of the payload type.
    rtp_reception receive_rtp(const rtp_packet_view& packet, time_point arrival,
                              std::uint64_t address = 0) noexcept {
        return receive_rtp(packet, static_format(packet.payload_type()), arrival, address);
    }

    /// Takes in a compound packet that arrived (RFC 5506's reduced size is malformed here).
    rtcp_reception receive_rtcp(std::span<const std::uint8_t> datagram, time_point arrival,
                                std::uint64_t address = 0) noexcept;

    /// When make_rtcp() is due; time_point::max(): never, as things are.
    time_point next_rtcp() const noexcept;

    /// Writes the compound that is due: SR or RR with a block for each source heard since the last
    /// report (the next ones in turn if there is no room for all), CNAME, XR if there are metrics,
    /// or BYE. Empty if nothing is due, or reconsideration has put it off: see next_rtcp(). Also
    /// removes sources and members that are silent for too long.
    /// \param wall_clock 0: there is none.
    /// \param storage minimum_rtcp_size() or more: the datagram's largest size.
    /// \param metrics what we say of what we hear (RFC 3611); left out where there is no room.
    /// \return the bytes, in \p storage. Errors: errc::buffer_too_small;
    /// errc::invalid_argument if the metrics are, see rtcp_builder.
    [[nodiscard]] result<std::span<const std::uint8_t>> make_rtcp(
        time_point now, ntp_time wall_clock, std::span<std::uint8_t> storage,
        std::span<const voip_metrics> metrics = {}) noexcept;
    /// The least storage of make_rtcp(), in bytes: an SR without blocks, CNAME and BYE.
    std::size_t minimum_rtcp_size() const noexcept;

    /// Leaves the session: a BYE is due at once or, where there are more than 50 members, as in
    /// §6.3.7. None is due if nothing was ever sent. Packets may still be received.
    /// \param reason at most 255 bytes; what is longer is cut.
    void leave(time_point now, std::string_view reason = {}) noexcept;

    /// The source \p ssrc has another address from here on, such as a NAT's new port. No-op if
    /// there is no such source.
    void source_moved(std::uint32_t ssrc, std::uint64_t rtp_address) noexcept;

    /// Null if there is no such source.
    const rtp_source* find(std::uint32_t ssrc) const noexcept;
    /// Calls \p visit(const rtp_source&) for each source, those that left included.
    template <class Visitor>
    void for_each_source(Visitor&& visit) const {
        for (const auto& source : sources_) visit(static_cast<const rtp_source&>(*source));
    }
    std::size_t source_count() const noexcept { return sources_.size(); }
    /// Participants of the session, including us, without those who left.
    std::size_t members() const noexcept { return group().members; }
    /// Those among them who have sent RTP within the last two intervals.
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
    struct compound; // what receive_rtcp() works on

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
    bool we_sent_ = false;                  // RTP, within the last two intervals
    bool was_heard_ = false;                // RTP or RTCP was sent by ssrc_
    std::optional<std::uint32_t> old_ssrc_; // a BYE is due for it, since collided_at_
    std::optional<time_point> collided_at_;
    // Our packets.
    std::uint32_t packet_count_ = 0;
    std::uint32_t octet_count_ = 0;
    std::uint32_t timestamp_ = 0;      // the last one, ...
    std::uint32_t timestamp_rate_ = 0; // its clock rate ...
    time_point timestamp_at_{};        // and when it was sent first
    time_point last_sent_{};
    std::array<sent_report, 8> sent_reports_{};
    std::size_t next_sent_report_ = 0;

    std::size_t header_size_;
    std::size_t max_sources_;
    unsigned probation_;
    receiver_stats_options limits_;
    std::size_t byes_ = 0; // others' since leave()
    detail::random_sequence random_;
    detail::rtcp_schedule schedule_;
    detail::member_table counted_; // members that are no sources
    source_list sources_;
    std::size_t last_source_ = 0; // whose packet came last
    std::size_t next_block_ = 0;  // whose turn it is in the next report
    std::array<candidate, 8> candidates_{};
    std::array<conflicting_address, 4> conflicting_{};
    std::string cname_;
    std::string reason_; // of leaving
    rtp_session_stats stats_;
};

/// \}

} // namespace rtpsynth
