#include "traffic/stream_rtcp.hpp"

#include <rtpsynth/rtcp/packet.hpp>

#include <algorithm>

namespace load {
namespace {

constexpr double units_per_ms = 8; // of timestamps: G.711

} // namespace

stream_rtcp::stream_rtcp(const common::rtcp_argument& argument, std::uint32_t ssrc,
                         std::uint16_t first_seq, load_log& log)
    : session_(common::make_session(argument, ssrc)), first_seq_(first_seq), log_(log) {}

bool stream_rtcp::receive_rtcp(std::span<const std::uint8_t> datagram,
                               rtpsynth::time_point arrival) noexcept {
    const auto compound = rtpsynth::rtcp_compound_view::parse(datagram);
    if (!compound) return false;
    const auto first = rtpsynth::rtcp_report_view::parse(*compound->begin());
    if (!first || first->ssrc() == session_.ssrc()) return false;
    const auto what = session_.receive_rtcp(datagram, arrival);
    ++log_.rtcp.received;
    if (what.reported) take(*what.source->report());
    return true;
}

void stream_rtcp::take(const rtpsynth::received_report& report) noexcept {
    ++log_.rtcp.reports;
    ++result_.reports;
    const rtpsynth::report_block& block = report.block;
    result_.lost = block.cumulative_lost;
    result_.expected = std::int64_t{block.extended_highest_seq} - first_seq_ + 1;
    result_.jitter_ms = block.jitter / units_per_ms;
    result_.max_jitter_ms = std::max(result_.max_jitter_ms, result_.jitter_ms);
    if (report.round_trip_time) log_.rtcp.round_trip.record(*report.round_trip_time);
}

std::span<const std::uint8_t> stream_rtcp::report(rtpsynth::time_point now,
                                                  std::span<std::uint8_t> storage) noexcept {
    const auto made = session_.make_rtcp(now, common::wall_clock(), storage);
    if (!made || made->empty()) return {};
    ++log_.rtcp.sent;
    return *made;
}

std::span<const std::uint8_t> stream_rtcp::leave(rtpsynth::time_point now,
                                                 std::span<std::uint8_t> storage) noexcept {
    session_.leave(now);
    return report(now, storage);
}

} // namespace load
