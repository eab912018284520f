/// \file
/// A remote source of an rtp_session: what its packets and its reports said.
#pragma once

#include <rtpsynth/base/clock.hpp>
#include <rtpsynth/rtcp/packet.hpp>
#include <rtpsynth/rtcp/receiver_stats.hpp>
#include <rtpsynth/rtcp/report_block.hpp>
#include <rtpsynth/rtcp/voip_metrics.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rtpsynth {

class rtp_session;

/// \addtogroup rtcp
/// \{

/// A sender report, and when it came: what tells the wall clock's time of an RTP timestamp.
struct received_sender_report {
    sender_info info;
    time_point arrival;
};

/// A report on our own source, and when it came.
struct received_report {
    report_block block;
    time_point arrival;
    /// Without the time that the report's sender kept our sender report; nullopt if it has had none
    /// that is among our last 8.
    std::optional<duration> round_trip_time;
};

/// A remote participant of an rtp_session, which owns it. Valid until a later call of the session's
/// receive_rtp(), receive_rtcp() or make_rtcp(), which remove sources that left or timed out.
///
/// Threads: as its session.
class rtp_source {
public:
    std::uint32_t ssrc() const noexcept { return ssrc_; }
    /// What came of its packets. Its packets on probation are not counted.
    const receiver_stats& reception() const noexcept { return reception_; }
    /// Whether it has sent RTP within the last two intervals of RTCP. Updated by make_rtcp().
    bool is_sender() const noexcept { return sender_; }
    /// Its canonical name; empty before it has said one.
    std::string_view cname() const noexcept { return cname_; }
    /// Its last sender report; nullopt before the first.
    const std::optional<received_sender_report>& sender_report() const noexcept {
        return sender_report_;
    }
    /// Its last report on our packets; nullopt before the first.
    const std::optional<received_report>& report() const noexcept { return report_; }
    /// Its last VoIP metrics on our packets (RFC 3611); nullopt before the first.
    const std::optional<voip_metrics>& metrics() const noexcept { return metrics_; }
    /// Whether it has said BYE. It is removed about 5 s later, unless its RTP goes on for 0.5 s:
    /// then it has not left.
    bool left() const noexcept { return left_; }
    /// Why; empty if it did not say.
    std::string_view reason() const noexcept { return reason_; }
    /// The address of its RTP packets; 0: not known.
    std::uint64_t rtp_address() const noexcept { return rtp_address_; }
    /// The address of its RTCP packets; 0: not known.
    std::uint64_t rtcp_address() const noexcept { return rtcp_address_; }
    /// When it was heard last, by RTP or RTCP.
    time_point last_heard() const noexcept { return heard_; }

private:
    friend class rtp_session;

    rtp_source(std::uint32_t ssrc, std::uint32_t clock_rate, const receiver_stats_options& limits,
               time_point now)
        : ssrc_(ssrc), heard_(now), reception_(clock_rate, limits) {}

    std::uint32_t ssrc_;
    bool sender_ = false;
    bool sent_rtp_ = false; // ever
    bool left_ = false;
    time_point heard_;
    time_point rtp_heard_{};
    time_point left_at_{};
    std::optional<time_point> goes_on_since_; // its first RTP after the BYE
    std::uint64_t rtp_address_ = 0;
    std::uint64_t rtcp_address_ = 0;
    receiver_stats reception_;
    std::optional<received_sender_report> sender_report_;
    std::optional<received_report> report_;
    std::optional<voip_metrics> metrics_;
    std::string cname_;
    std::string reason_;
};

/// \}

} // namespace rtpsynth
