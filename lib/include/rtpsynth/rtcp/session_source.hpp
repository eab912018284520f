/// \file
/// A remote source of an rtp_session: its statistics and its reports.
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

/// A sender report and its arrival time. It relates RTP timestamps to the sender's wall clock.
struct received_sender_report {
    sender_info info;
    time_point arrival;
};

/// A report on our own source and its arrival time.
struct received_report {
    report_block block;
    time_point arrival;
    /// Without the delay at the report's sender; nullopt if the report refers to none of our last 8
    /// sender reports.
    std::optional<duration> round_trip_time;
};

/// A remote source, owned by its rtp_session. Valid until the next call of the session's
/// receive_rtp(), receive_rtcp() or make_rtcp(), any of which may remove sources that have left or
/// timed out.
///
/// Threads: as its session.
class rtp_source {
public:
    std::uint32_t ssrc() const noexcept { return ssrc_; }
    /// Statistics of its packets, without those on probation.
    const receiver_stats& reception() const noexcept { return reception_; }
    /// Whether it has sent RTP within the last two intervals of RTCP. Updated by make_rtcp().
    bool is_sender() const noexcept { return sender_; }
    /// Its canonical name; empty before it has sent one.
    std::string_view cname() const noexcept { return cname_; }
    /// Its last sender report; nullopt before the first.
    const std::optional<received_sender_report>& sender_report() const noexcept {
        return sender_report_;
    }
    /// Its last report on our packets; nullopt before the first.
    const std::optional<received_report>& report() const noexcept { return report_; }
    /// Its last VoIP metrics on our packets (RFC 3611); nullopt before the first.
    const std::optional<voip_metrics>& metrics() const noexcept { return metrics_; }
    /// Whether it has sent a BYE. It is removed about 5 s later, or has not left if its RTP
    /// continues for 0.5 s: see rtp_session.
    bool left() const noexcept { return left_; }
    /// The reason in its BYE; empty if there was none.
    std::string_view reason() const noexcept { return reason_; }
    /// The address of its RTP packets; 0: not known.
    std::uint64_t rtp_address() const noexcept { return rtp_address_; }
    /// The address of its RTCP packets; 0: not known.
    std::uint64_t rtcp_address() const noexcept { return rtcp_address_; }
    /// The arrival time of its last RTP or RTCP packet.
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
    std::optional<time_point> goes_on_since_; // arrival of its first RTP after the BYE
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
