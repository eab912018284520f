// How rtp_session processes received RTCP.
#include <rtpsynth/rtcp/session.hpp>

#include <rtpsynth/base/detail/byte_order.hpp>
#include <rtpsynth/rtcp/extended_report.hpp>

#include "layout.hpp"

#include <algorithm>
#include <cstdint>
#include <new>
#include <optional>

namespace rtpsynth {
namespace {

// Coarse clocks and rounding at both ends can make a round-trip time this much too short.
constexpr duration clock_tolerance = std::chrono::milliseconds(1);

// From 1/65536 s.
duration from_compact(std::uint32_t units) noexcept {
    return duration{static_cast<std::int64_t>(std::uint64_t{units} * 1'000'000'000 >> 16)};
}

// Allocates if value is longer than text's capacity. If there is no memory, text is empty.
void assign(std::string& text, std::string_view value) noexcept {
    try {
        if (text != value) text = value;
    } catch (const std::bad_alloc&) {
        text.clear();
    }
}

// The SSRC of who sent a datagram that begins with this packet; nullopt if it is malformed, or of a
// type that does not begin with its sender.
std::optional<std::uint32_t> sender_of(const rtcp_packet_view& packet) noexcept {
    switch (packet.type()) {
    case rtcp_type::sender_report:
    case rtcp_type::receiver_report: {
        const auto report = rtcp_report_view::parse(packet);
        return report ? std::optional{report->ssrc()} : std::nullopt;
    }
    case rtcp_type::source_description:
        if (!rtcp_sdes_view::parse(packet)) return std::nullopt;
        break;
    case rtcp_type::goodbye:
        if (!rtcp_bye_view::parse(packet)) return std::nullopt;
        break;
    case rtcp_type::extended_report:
        if (!rtcp_xr_view::parse(packet)) return std::nullopt;
        break;
    default:
        if (packet.type() < rtcp_type::sender_report) return std::nullopt;
        break;
    }
    if (packet.body().size() < detail::ssrc_size) return std::nullopt;
    return detail::load_be32(packet.body().data());
}

bool has_cname(const rtcp_compound_view& compound, std::uint32_t ssrc) noexcept {
    for (const rtcp_packet_view packet : compound) {
        const auto description = rtcp_sdes_view::parse(packet);
        if (!description) continue;
        for (const sdes_chunk chunk : *description) {
            if (chunk.ssrc() == ssrc && chunk.cname()) return true;
        }
    }
    return false;
}

// Whether there is a BYE, and whether one names the sender of the compound packet.
struct bye_content {
    bool any = false;
    bool of_sender = false;
};

bye_content find_bye(const rtcp_compound_view& compound, std::uint32_t ssrc) noexcept {
    bye_content found;
    for (const rtcp_packet_view packet : compound) {
        const auto bye = rtcp_bye_view::parse(packet);
        if (!bye) continue;
        found.any = true;
        for (std::size_t i = 0; i < bye->ssrc_count(); ++i) found.of_sender |= bye->ssrc(i) == ssrc;
    }
    return found;
}

} // namespace

struct rtp_session::compound {
    rtp_source* source; // the sender
    std::uint64_t address;
    time_point arrival;
    rtcp_reception result{session_outcome::accepted};

    // Whether the sender's BYE or CNAME of s is accepted: it is s, or sends from an address of s,
    // as a mixer does.
    bool may_speak_for(const rtp_source& s) const noexcept {
        return &s == source ||
               (address != 0 && (address == s.rtcp_address_ || address == s.rtp_address_));
    }
};

rtcp_reception rtp_session::receive_rtcp(std::span<const std::uint8_t> datagram, time_point arrival,
                                         std::uint64_t address) noexcept {
    const auto packets = rtcp_compound_view::parse(datagram, reduced_size_ ? rtcp_mode::reduced_size
                                                                           : rtcp_mode::compound);
    const auto sender = packets ? sender_of(*packets->begin()) : std::nullopt;
    if (!sender) {
        ++stats_.rtcp_malformed;
        return {session_outcome::malformed};
    }
    const std::uint32_t ssrc = *sender;
    if (ssrc == ssrc_) return {own_ssrc_heard(address, arrival)};

    const bye_content bye = find_bye(*packets, ssrc);
    rtp_source* source = source_of(ssrc, arrival);
    if (source == nullptr) {
        const bool member = counted_.contains(ssrc);
        if (bye.of_sender && !member) {
            ++stats_.strange_byes;
            ++stats_.rtcp_probation;
            return {session_outcome::probation};
        }
        if (!has_cname(*packets, ssrc) && !prove(ssrc, address, nullptr)) {
            ++stats_.rtcp_probation;
            return {session_outcome::probation};
        }
        if (!bye.of_sender) source = admit(ssrc, false, arrival);
    } else if (source->left_) {
        ++stats_.rtcp_left;
        return {session_outcome::left, source};
    } else if (address != 0 && source->rtcp_address_ != 0 && address != source->rtcp_address_) {
        ++stats_.rtcp_conflicts;
        return {session_outcome::conflict, source};
    }
    // While our BYE waits, only packets with a BYE count (§6.3.7).
    if (phase_ != phase::leaving || bye.any) schedule_.received(datagram.size() + header_size_);
    if (source == nullptr) {
        ++stats_.rtcp_refused;
        rtcp_reception refused{session_outcome::refused};
        if (bye.of_sender) {
            counted_.erase(ssrc);
            byes_ += phase_ == phase::leaving;
            refused.left = 1;
            if (phase_ == phase::joined) schedule_.reconsider(group().members, arrival);
        } else {
            count_member(ssrc, arrival);
        }
        join(arrival);
        return refused;
    }
    if (address != 0) source->rtcp_address_ = address;
    source->heard_ = arrival;
    join(arrival);
    ++stats_.rtcp_accepted;

    compound c{source, address, arrival};
    c.result.source = source;
    for (const rtcp_packet_view packet : *packets) {
        switch (packet.type()) {
        case rtcp_type::sender_report:
        case rtcp_type::receiver_report:
            take_report(c, packet);
            break;
        case rtcp_type::source_description:
            take_description(c, packet);
            break;
        case rtcp_type::goodbye:
            take_bye(c, packet);
            break;
        case rtcp_type::extended_report:
            take_metrics(c, packet);
            break;
        default:
            break;
        }
    }
    return c.result;
}

void rtp_session::take_report(compound& c, const rtcp_packet_view& packet) noexcept {
    const auto report = rtcp_report_view::parse(packet);
    if (!report || report->ssrc() != c.source->ssrc_) return;
    if (const auto info = report->sender()) {
        c.source->sender_report_ = received_sender_report{*info, c.arrival};
        c.source->reception_.sender_report_received(info->ntp, c.arrival);
    }
    for (std::size_t i = 0; i < report->block_count(); ++i) {
        const report_block block = report->block(i);
        if (block.ssrc == ssrc_) take_block(c, block);
    }
}

void rtp_session::take_block(compound& c, const report_block& block) noexcept {
    std::optional<duration> round_trip;
    const auto report =
        std::find_if(sent_reports_.begin(), sent_reports_.end(),
                     [&](const sent_report& s) { return s.ntp != 0 && s.ntp == block.last_sr; });
    if (report != sent_reports_.end())
        round_trip = c.arrival - report->at - from_compact(block.delay_since_last_sr);
    if (std::int64_t{block.cumulative_lost} > std::int64_t{packet_count_} ||
        (round_trip && *round_trip < -clock_tolerance)) {
        ++stats_.unbelieved_reports;
        return;
    }
    if (round_trip) round_trip = std::max(*round_trip, duration::zero());
    c.source->report_ = received_report{block, c.arrival, round_trip};
    c.result.reported = true;
}

void rtp_session::take_description(compound& c, const rtcp_packet_view& packet) noexcept {
    const auto description = rtcp_sdes_view::parse(packet);
    if (!description) return;
    for (const sdes_chunk chunk : *description) {
        const auto cname = chunk.cname();
        if (!cname || chunk.ssrc() == ssrc_) continue;
        if (const std::size_t i = position(chunk.ssrc());
            i < sources_.size() && sources_[i]->ssrc_ == chunk.ssrc()) {
            if (c.may_speak_for(*sources_[i])) assign(sources_[i]->cname_, *cname);
        } else {
            count_member(chunk.ssrc(), c.arrival);
        }
    }
}

void rtp_session::take_bye(compound& c, const rtcp_packet_view& packet) noexcept {
    const auto bye = rtcp_bye_view::parse(packet);
    if (!bye) return;
    for (std::size_t i = 0; i < bye->ssrc_count(); ++i) {
        const std::uint32_t ssrc = bye->ssrc(i);
        byes_ += phase_ == phase::leaving;
        if (const std::size_t at = position(ssrc);
            at < sources_.size() && sources_[at]->ssrc_ == ssrc) {
            rtp_source& source = *sources_[at];
            if (source.left_ || !c.may_speak_for(source)) {
                ++stats_.strange_byes;
                continue;
            }
            source.left_ = true;
            source.left_at_ = c.arrival;
            source.goes_on_since_.reset();
            source.sender_ = false;
            assign(source.reason_, bye->reason());
            ++stats_.sources_left;
        } else if (!counted_.erase(ssrc)) {
            ++stats_.strange_byes;
            continue;
        }
        ++c.result.left;
    }
    if (phase_ == phase::joined) schedule_.reconsider(group().members, c.arrival);
}

void rtp_session::take_metrics(compound& c, const rtcp_packet_view& packet) noexcept {
    const auto report = rtcp_xr_view::parse(packet);
    if (!report || report->ssrc() != c.source->ssrc_) return;
    for (const xr_block_view block : *report) {
        const auto metrics = block.as_voip_metrics();
        if (metrics && metrics->ssrc == ssrc_) c.source->metrics_ = *metrics;
    }
}

} // namespace rtpsynth
