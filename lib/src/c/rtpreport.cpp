#include <rtpreport.h>

#include "result.hpp"

#include <rtpsynth/base/clock.hpp>
#include <rtpsynth/base/detail/byte_order.hpp>
#include <rtpsynth/base/error.hpp>
#include <rtpsynth/base/ntp_time.hpp>
#include <rtpsynth/rtcp/builder.hpp>
#include <rtpsynth/rtcp/packet.hpp>
#include <rtpsynth/rtcp/receiver_stats.hpp>
#include <rtpsynth/rtcp/report_block.hpp>
#include <rtpsynth/rtp/packet.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

using namespace rtpsynth;

struct rtpreport_stats : receiver_stats {
    using receiver_stats::receiver_stats;
};

static_assert(RTPREPORT_ESHORT == static_cast<int>(errc::packet_too_short));
static_assert(RTPREPORT_EVERSION == static_cast<int>(errc::bad_version));
static_assert(RTPREPORT_ERTCP == static_cast<int>(errc::bad_rtcp));
static_assert(RTPREPORT_ENOSPC == static_cast<int>(errc::buffer_too_small));
static_assert(RTPREPORT_EINVAL == static_cast<int>(errc::invalid_argument));
static_assert(RTPREPORT_MAX_COUNT == rtcp_max_count);
static_assert(RTPREPORT_IN_ORDER == static_cast<int>(receiver_stats::outcome::in_order));
static_assert(RTPREPORT_REORDERED == static_cast<int>(receiver_stats::outcome::reordered));
static_assert(RTPREPORT_DUPLICATE == static_cast<int>(receiver_stats::outcome::duplicate));
static_assert(RTPREPORT_RESTARTED == static_cast<int>(receiver_stats::outcome::restarted));
static_assert(RTPREPORT_PROBATION == static_cast<int>(receiver_stats::outcome::probation));
static_assert(RTPREPORT_REJECTED == static_cast<int>(receiver_stats::outcome::rejected));

namespace {

report_block from_c(const rtpreport_block& b) noexcept {
    return {.ssrc = b.ssrc,
            .fraction_lost = b.fraction_lost,
            .cumulative_lost = b.cumulative_lost,
            .extended_highest_seq = b.highest_seq,
            .jitter = b.jitter,
            .last_sr = b.last_sr,
            .delay_since_last_sr = b.delay_since_last_sr};
}

rtpreport_block to_c(const report_block& b) noexcept {
    return {.ssrc = b.ssrc,
            .fraction_lost = b.fraction_lost,
            .cumulative_lost = b.cumulative_lost,
            .highest_seq = b.extended_highest_seq,
            .jitter = b.jitter,
            .last_sr = b.last_sr,
            .delay_since_last_sr = b.delay_since_last_sr};
}

rtpreport_text to_c(std::string_view text) noexcept { return {text.data(), text.size()}; }

// Appends by add(builder) to the first size bytes.
template <class Add>
long append_to_compound(uint8_t* buf, size_t room, size_t size, Add add) noexcept {
    const auto all = detail::storage(buf, room);
    if (!detail::is_array(buf, room) || size > all.size()) return RTPREPORT_EINVAL;
    rtcp_builder builder(all.subspan(size),
                         size == 0 ? rtcp_mode::compound : rtcp_mode::reduced_size);
    const result<void> added = add(builder);
    if (!added) return static_cast<long>(added.error());
    return static_cast<long>(size + builder.bytes().size());
}

errc read_report(const rtcp_packet_view& from, rtpreport_packet& to) noexcept {
    const auto report = rtcp_report_view::parse(from);
    if (!report) return report.error();
    to.ssrc = report->ssrc();
    if (const auto sender = report->sender())
        to.sender = {.ntp = sender->ntp.value(),
                     .rtp_timestamp = sender->rtp_timestamp,
                     .packets = sender->packet_count,
                     .octets = sender->octet_count};
    for (to.count = 0; to.count != report->block_count(); ++to.count)
        to.blocks[to.count] = to_c(report->block(to.count));
    return {};
}

errc read_descriptions(const rtcp_packet_view& from, rtpreport_packet& to) noexcept {
    const auto descriptions = rtcp_sdes_view::parse(from);
    if (!descriptions) return descriptions.error();
    to.count = 0;
    for (const sdes_chunk& chunk : *descriptions) {
        if (const auto cname = chunk.cname()) to.texts[to.count] = to_c(*cname);
        to.ssrcs[to.count++] = chunk.ssrc();
    }
    if (to.count != 0) to.ssrc = to.ssrcs[0];
    return {};
}

errc read_bye(const rtcp_packet_view& from, rtpreport_packet& to) noexcept {
    const auto bye = rtcp_bye_view::parse(from);
    if (!bye) return bye.error();
    for (to.count = 0; to.count != bye->ssrc_count(); ++to.count)
        to.ssrcs[to.count] = bye->ssrc(to.count);
    if (!bye->reason().empty()) to.texts[0] = to_c(bye->reason());
    if (to.count != 0) to.ssrc = to.ssrcs[0];
    return {};
}

// The packet at the beginning of the rest of a compound; nullopt: none is there. Only its own
// header is checked, since a datagram may have thousands of packets and the offset is the caller's.
std::optional<rtcp_packet_view> packet_at(std::span<const std::uint8_t> rest) noexcept {
    constexpr std::size_t header_size = 4;
    if (rest.size() < header_size || rest[0] >> 6 != 2) return std::nullopt;
    const std::size_t size = header_size + std::size_t{4} * detail::load_be16(&rest[2]);
    if (size > rest.size()) return std::nullopt;
    const rtcp_packet_view packet = *rtcp_compound_view::iterator(rest.data());
    if (packet.padding() > size - header_size || packet.padding() % 4 != 0) return std::nullopt;
    return packet;
}

errc read_packet(const rtcp_packet_view& from, rtpreport_packet& to) noexcept {
    to.type = static_cast<int>(from.type());
    to.count = from.count();
    switch (from.type()) {
    case rtcp_type::sender_report:
    case rtcp_type::receiver_report:
        return read_report(from, to);
    case rtcp_type::source_description:
        return read_descriptions(from, to);
    case rtcp_type::goodbye:
        return read_bye(from, to);
    default:
        return {};
    }
}

} // namespace

long rtpreport_add_report(uint8_t* buf, size_t room, size_t size, uint32_t ssrc,
                          const rtpreport_sender* sender, const rtpreport_block* blocks,
                          size_t count) {
    if (!detail::is_array(blocks, count) || count > rtcp_max_count) return RTPREPORT_EINVAL;
    std::array<report_block, rtcp_max_count> copied;
    for (std::size_t i = 0; i != count; ++i) copied[i] = from_c(blocks[i]);
    const auto all = std::span<const report_block>(copied).first(count);
    return append_to_compound(buf, room, size, [&](rtcp_builder& builder) {
        if (sender == nullptr) return builder.add_receiver_report(ssrc, all);
        return builder.add_sender_report(ssrc,
                                         {.ntp = ntp_time(sender->ntp),
                                          .rtp_timestamp = sender->rtp_timestamp,
                                          .packet_count = sender->packets,
                                          .octet_count = sender->octets},
                                         all);
    });
}

long rtpreport_add_cname(uint8_t* buf, size_t room, size_t size, uint32_t ssrc, const char* cname) {
    if (cname == nullptr) return RTPREPORT_EINVAL;
    return append_to_compound(
        buf, room, size, [&](rtcp_builder& builder) { return builder.add_cname(ssrc, cname); });
}

long rtpreport_add_bye(uint8_t* buf, size_t room, size_t size, uint32_t ssrc, const char* reason) {
    return append_to_compound(buf, room, size, [&](rtcp_builder& builder) {
        return builder.add_bye({&ssrc, 1}, reason != nullptr ? reason : "");
    });
}

int rtpreport_next(const uint8_t* datagram, size_t size, size_t* at, rtpreport_packet* packet) {
    if (datagram == nullptr || at == nullptr || packet == nullptr || *at == size) return 0;
    const std::size_t begin = *at;
    *at = size;
    if (begin > size) return RTPREPORT_EINVAL;
    if (begin == 0) {
        const auto compound = rtcp_compound_view::parse({datagram, size});
        if (!compound) return static_cast<int>(compound.error());
    }
    const auto found = packet_at({datagram + begin, size - begin});
    if (!found) return RTPREPORT_EINVAL;
    *at = begin + found->bytes().size();
    *packet = {};
    const errc error = read_packet(*found, *packet);
    if (error == errc{}) return 1;
    *packet = {};
    return static_cast<int>(error);
}

rtpreport_stats* rtpreport_stats_ctor(uint32_t clock_rate) {
    return detail::made_or_null([&] { return new rtpreport_stats(clock_rate); });
}

void rtpreport_stats_dtor(rtpreport_stats* stats) { delete stats; }

int rtpreport_stats_packet(rtpreport_stats* stats, const uint8_t* packet, size_t size,
                           int64_t arrival_ns) {
    if (stats == nullptr || !detail::is_array(packet, size)) return RTPREPORT_EINVAL;
    const auto view = rtp_packet_view::parse({packet, size});
    if (!view) return static_cast<int>(view.error());
    return static_cast<int>(stats->update(*view, time_point(duration(arrival_ns))));
}

void rtpreport_stats_sender(rtpreport_stats* stats, uint64_t ntp, int64_t arrival_ns) {
    if (stats != nullptr)
        stats->sender_report_received(ntp_time(ntp), time_point(duration(arrival_ns)));
}

int rtpreport_stats_block(rtpreport_stats* stats, uint32_t ssrc, int64_t now_ns,
                          rtpreport_block* block) {
    if (block == nullptr) return 0;
    *block = {};
    if (stats == nullptr || stats->received_since_report() == 0) return 0;
    *block = to_c(stats->make_report(ssrc, time_point(duration(now_ns))));
    return 1;
}

void rtpreport_stats_get(const rtpreport_stats* stats, rtpreport_counters* counters) {
    if (counters == nullptr) return;
    *counters = {};
    if (stats == nullptr) return;
    *counters = {.received = stats->received(),
                 .expected = stats->expected(),
                 .missing = stats->missing(),
                 .cumulative_lost = stats->cumulative_lost(),
                 .highest_seq = stats->extended_highest_seq(),
                 .duplicates = stats->duplicates(),
                 .reordered = stats->reordered(),
                 .rejected = stats->rejected(),
                 .restarts = stats->restarts(),
                 .collisions = stats->collisions(),
                 .jitter_ms = stats->jitter_ms(),
                 .max_jitter_ms = stats->max_jitter_ms(),
                 .mean_jitter_ms = stats->mean_jitter_ms()};
}

uint64_t rtpreport_ntp(int64_t unix_ns) {
    return ntp_time::from_unix(std::chrono::nanoseconds(unix_ns)).value();
}

int64_t rtpreport_round_trip(const rtpreport_block* block, uint64_t ntp) {
    if (block == nullptr) return -1;
    const auto time = round_trip_time(from_c(*block), ntp_time(ntp));
    return time ? time->count() : -1;
}
