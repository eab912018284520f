#include <rtpsynth/base/detail/byte_order.hpp>
#include <rtpsynth/rtcp/builder.hpp>
#include <rtpsynth/rtcp/extended_report.hpp>
#include <rtpsynth/rtp/sequence.hpp>
#include <rtpsynth/rtp/stream_rewriter.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

namespace rtpsynth {
namespace {

using detail::load_be16;
using detail::load_be32;
using detail::store_be16;
using detail::store_be32;

// FMT of feedback: RFC 4585 §6, RFC 5104 §4.3.1.
constexpr std::size_t fmt_nack = 1, fmt_pli = 1, fmt_sli = 2, fmt_rpsi = 3, fmt_fir = 4;
constexpr std::size_t feedback_head_size = 8; // SSRCs of the sender and of the media
constexpr std::size_t fci_fir_size = 8;
constexpr std::size_t dlrr_size = 12; // SSRC, LRR, DLRR

struct report_blocks {
    std::array<report_block, rtcp_max_count> blocks;
    std::size_t count = 0;

    void add(const report_block& block) noexcept { blocks[count++] = block; }
    std::span<const report_block> all() const noexcept { return std::span{blocks}.first(count); }
};

result<void> add_report(rtcp_builder& out, std::uint32_t ssrc,
                        const std::optional<sender_info>& sender,
                        const report_blocks& blocks) noexcept {
    return sender ? out.add_sender_report(ssrc, *sender, blocks.all())
                  : out.add_receiver_report(ssrc, blocks.all());
}

// Adds a copy of a packet whose body begins with the SSRC of the sender, and replaces that SSRC if
// one is given.
result<void> add_copy(rtcp_builder& out, const rtcp_packet_view& packet, std::size_t count,
                      std::span<const std::uint8_t> body,
                      std::optional<std::uint32_t> ssrc = std::nullopt) noexcept {
    const auto copy = out.add_packet(packet.type(), count, body.size());
    if (!copy) return copy.error();
    if (!body.empty()) std::memcpy(copy->data(), body.data(), body.size());
    if (ssrc) store_be32(copy->data(), *ssrc);
    return {};
}

// The size of a chunk in the packet, with the null octets after its items.
std::size_t size_of(const sdes_chunk& chunk) noexcept {
    std::size_t size = 4 + 1;
    for (const sdes_item item : chunk) size += 2 + item.text.size();
    return (size + 3) / 4 * 4;
}

// Packs sequence numbers into pairs of a number and a bitmap of the 16 numbers after it
// (RFC 4585 §6.2.1).
class nack_pairs {
public:
    static constexpr std::size_t most = 64;

    void add(std::uint16_t number) noexcept {
        if (count_ > 0) {
            pair& last = pairs_[count_ - 1];
            const int behind = seq_distance(number, last.first);
            if (behind == 0) return;
            if (behind >= 1 && behind <= 16) {
                last.following = static_cast<std::uint16_t>(last.following | 1U << (behind - 1));
                return;
            }
        }
        if (count_ < most) pairs_[count_++] = {number, 0};
    }
    std::size_t size() const noexcept { return 4 * count_; } // bytes
    void write(std::uint8_t* p) const noexcept {
        for (std::size_t i = 0; i < count_; ++i, p += 4) {
            store_be16(p, pairs_[i].first);
            store_be16(p + 2, pairs_[i].following);
        }
    }

private:
    struct pair {
        std::uint16_t first;
        std::uint16_t following;
    };
    std::array<pair, most> pairs_;
    std::size_t count_ = 0;
};

// What translate_back() does with a block of an extended report.
enum class xr_fate { kept, dropped, metrics, dlrr };

xr_fate fate_of(const xr_block_view& block, std::uint32_t ssrc) noexcept {
    switch (block.type()) {
    case xr_block_type::loss_rle:
    case xr_block_type::duplicate_rle:
    case xr_block_type::packet_receipt_times:
    case xr_block_type::statistics_summary:
        return xr_fate::dropped;
    case xr_block_type::voip_metrics:
        return block.body().size() >= 4 && load_be32(block.body().data()) == ssrc
                   ? xr_fate::metrics
                   : xr_fate::dropped;
    case xr_block_type::dlrr:
        return xr_fate::dlrr;
    default:
        return xr_fate::kept;
    }
}

} // namespace

result<std::span<const std::uint8_t>> stream_rewriter::translate_forward(
    std::span<const std::uint8_t> compound, std::span<std::uint8_t> storage) noexcept {
    const auto packets = rtcp_compound_view::parse(compound, rtcp_mode::reduced_size);
    if (!packets) return packets.error();
    rtcp_builder out(storage, rtcp_mode::reduced_size);
    if (!has_source_) return out.bytes();
    for (const rtcp_packet_view packet : *packets)
        if (const auto done = forward_packet(packet, out); !done) return done.error();
    return out.bytes();
}

result<void> stream_rewriter::forward_packet(const rtcp_packet_view& packet,
                                             rtcp_builder& out) noexcept {
    switch (packet.type()) {
    case rtcp_type::sender_report:
    case rtcp_type::receiver_report:
        return forward_report(packet, out);
    case rtcp_type::source_description:
        return forward_description(packet, out);
    case rtcp_type::goodbye: {
        const auto bye = rtcp_bye_view::parse(packet);
        if (!bye || !forward_bye_) return {};
        for (std::size_t i = 0; i < bye->ssrc_count(); ++i)
            if (bye->ssrc(i) == source_ssrc_) return out.add_bye({{origin_.ssrc}}, bye->reason());
        return {};
    }
    case rtcp_type::application:
    case rtcp_type::transport_feedback:
    case rtcp_type::payload_feedback:
    case rtcp_type::extended_report:
        if (packet.body().size() < 4 || load_be32(packet.body().data()) != source_ssrc_) return {};
        return add_copy(out, packet, packet.count(), packet.body(), origin_.ssrc);
    default:
        return {};
    }
}

result<void> stream_rewriter::forward_report(const rtcp_packet_view& packet,
                                             rtcp_builder& out) noexcept {
    const auto report = rtcp_report_view::parse(packet);
    if (!report || report->ssrc() != source_ssrc_) return {};
    report_blocks blocks;
    for (std::size_t i = 0; i < report->block_count(); ++i) blocks.add(report->block(i));
    auto sender = report->sender();
    if (sender) {
        const detail::timestamp_map* clock = &clocks_[media_clock_];
        if (!clock->is_aligned()) clock = &clocks_[clock_]; // no audio yet, only events
        if (!clock->is_aligned()) {
            sender.reset();
        } else {
            sender->rtp_timestamp = clock->to_output(sender->rtp_timestamp);
            sender->packet_count = static_cast<std::uint32_t>(stats_.forwarded);
            sender->octet_count = static_cast<std::uint32_t>(stats_.octets);
            sender_reports_[next_sender_report_] = sender->ntp.compact();
            next_sender_report_ = (next_sender_report_ + 1) % max_sender_reports;
        }
    }
    return add_report(out, origin_.ssrc, sender, blocks);
}

result<void> stream_rewriter::forward_description(const rtcp_packet_view& packet,
                                                  rtcp_builder& out) noexcept {
    const auto chunks = rtcp_sdes_view::parse(packet);
    if (!chunks) return {};
    std::size_t offset = 0;
    for (const sdes_chunk chunk : *chunks) {
        const std::size_t size = size_of(chunk);
        if (chunk.ssrc() == source_ssrc_) {
            if (!cname_.empty()) return out.add_cname(origin_.ssrc, cname_);
            return add_copy(out, packet, 1, packet.body().subspan(offset, size), origin_.ssrc);
        }
        offset += size;
    }
    return {};
}

result<std::span<const std::uint8_t>> stream_rewriter::translate_back(
    std::span<const std::uint8_t> compound, std::span<std::uint8_t> storage) noexcept {
    const auto packets = rtcp_compound_view::parse(compound, rtcp_mode::reduced_size);
    if (!packets) return packets.error();
    rtcp_builder out(storage, rtcp_mode::reduced_size);
    for (const rtcp_packet_view packet : *packets)
        if (const auto done = back_packet(packet, out); !done) return done.error();
    return out.bytes();
}

result<void> stream_rewriter::back_packet(const rtcp_packet_view& packet,
                                          rtcp_builder& out) noexcept {
    switch (packet.type()) {
    case rtcp_type::sender_report:
    case rtcp_type::receiver_report:
        return back_report(packet, out);
    case rtcp_type::transport_feedback:
        return packet.count() == fmt_nack ? back_nack(packet, out) : result<void>{};
    case rtcp_type::payload_feedback:
        return back_payload_feedback(packet, out);
    case rtcp_type::extended_report:
        return back_extended_report(packet, out);
    case rtcp_type::source_description:
    case rtcp_type::goodbye:
    case rtcp_type::application:
        return add_copy(out, packet, packet.count(), packet.body());
    default:
        return {};
    }
}

result<void> stream_rewriter::back_report(const rtcp_packet_view& packet,
                                          rtcp_builder& out) noexcept {
    const auto report = rtcp_report_view::parse(packet);
    if (!report) return {};
    report_blocks blocks;
    for (std::size_t i = 0; i < report->block_count(); ++i) {
        report_block block = report->block(i);
        if (block.ssrc == origin_.ssrc && blocks.count == 0 && to_source(block, report->ssrc()))
            blocks.add(block);
    }
    return add_report(out, report->ssrc(), report->sender(), blocks);
}

// Translates a report block. Returns false if the block does not cover the current segment.
bool stream_rewriter::to_source(report_block& block, std::uint32_t reporter) noexcept {
    if (!has_source_) return false;
    const std::int64_t highest =
        unwrap_seq(static_cast<std::uint16_t>(block.extended_highest_seq), numbers_.highest_out());
    if (reporter != reporter_) {
        reporter_ = reporter;
        lost_before_ = 0;
        has_reported_ = false;
    }
    lost_reported_ = block.cumulative_lost;
    if (highest < numbers_.first_out()) {
        lost_before_ = block.cumulative_lost;
        return false;
    }
    const auto source_highest = numbers_.to_source(highest);
    if (!source_highest) return false;
    const std::int64_t expected = highest - numbers_.first_out() + 1;
    const std::int64_t lost = std::clamp<std::int64_t>(
        std::int64_t{block.cumulative_lost} - lost_before_, cumulative_lost_min,
        std::min<std::int64_t>(expected, cumulative_lost_max));
    if (!has_reported_) // its interval may have begun in an earlier segment
        block.fraction_lost =
            static_cast<std::uint8_t>(std::clamp<std::int64_t>(lost * 256 / expected, 0, 255));
    has_reported_ = true;
    block.ssrc = source_ssrc_;
    block.cumulative_lost = static_cast<std::int32_t>(lost);
    block.extended_highest_seq = static_cast<std::uint32_t>(*source_highest);
    const auto& reports = sender_reports_; // 0: none
    if (block.last_sr == 0 ||
        std::find(reports.begin(), reports.end(), block.last_sr) == reports.end())
        block.last_sr = block.delay_since_last_sr = 0;
    return true;
}

result<void> stream_rewriter::back_nack(const rtcp_packet_view& packet,
                                        rtcp_builder& out) noexcept {
    const std::span<const std::uint8_t> body = packet.body();
    if (!has_source_ || body.size() < feedback_head_size || load_be32(&body[4]) != origin_.ssrc)
        return {};
    nack_pairs pairs;
    for (std::size_t at = feedback_head_size; at < body.size(); at += 4) {
        const std::int64_t first = unwrap_seq(load_be16(&body[at]), numbers_.highest_out());
        const std::uint32_t bits = std::uint32_t{load_be16(&body[at + 2])} << 1 | 1;
        for (int i = 0; i <= 16; ++i) {
            if ((bits >> i & 1) == 0) continue;
            if (const auto number = numbers_.to_source(first + i))
                pairs.add(static_cast<std::uint16_t>(*number));
        }
    }
    if (pairs.size() == 0) return {};
    const auto nack =
        out.add_packet(packet.type(), packet.count(), feedback_head_size + pairs.size());
    if (!nack) return nack.error();
    std::memcpy(nack->data(), body.data(), 4);
    store_be32(&(*nack)[4], source_ssrc_);
    pairs.write(nack->data() + feedback_head_size);
    return {};
}

result<void> stream_rewriter::back_payload_feedback(const rtcp_packet_view& packet,
                                                    rtcp_builder& out) noexcept {
    std::span<const std::uint8_t> body = packet.body();
    if (!has_source_ || body.size() < feedback_head_size) return {};
    std::size_t ssrc_at = 4;
    if (packet.count() == fmt_fir) {
        const auto head = body.first(feedback_head_size);
        std::size_t at = feedback_head_size;
        while (at + fci_fir_size <= body.size() && load_be32(&body[at]) != origin_.ssrc)
            at += fci_fir_size;
        if (at + fci_fir_size > body.size()) return {};
        const auto fir =
            out.add_packet(packet.type(), packet.count(), feedback_head_size + fci_fir_size);
        if (!fir) return fir.error();
        std::memcpy(fir->data(), head.data(), head.size());
        std::memcpy(fir->data() + head.size(), &body[at], fci_fir_size);
        store_be32(fir->data() + head.size(), source_ssrc_);
        return {};
    }
    if (packet.count() != fmt_pli && packet.count() != fmt_sli && packet.count() != fmt_rpsi)
        return {};
    if (load_be32(&body[ssrc_at]) != origin_.ssrc) return {};
    const auto copy = out.add_packet(packet.type(), packet.count(), body.size());
    if (!copy) return copy.error();
    std::memcpy(copy->data(), body.data(), body.size());
    store_be32(&(*copy)[ssrc_at], source_ssrc_);
    return {};
}

result<void> stream_rewriter::back_extended_report(const rtcp_packet_view& packet,
                                                   rtcp_builder& out) noexcept {
    const auto blocks = rtcp_xr_view::parse(packet);
    if (!blocks || !has_source_) return {};
    std::size_t size = 4;
    for (const xr_block_view block : *blocks)
        if (fate_of(block, origin_.ssrc) != xr_fate::dropped) size += block.bytes().size();
    if (size == 4) return {};
    const auto copy = out.add_packet(packet.type(), packet.count(), size);
    if (!copy) return copy.error();
    std::uint8_t* p = copy->data();
    store_be32(p, blocks->ssrc());
    p += 4;
    for (const xr_block_view block : *blocks) {
        const xr_fate fate = fate_of(block, origin_.ssrc);
        if (fate == xr_fate::dropped) continue;
        std::memcpy(p, block.bytes().data(), block.bytes().size());
        if (fate == xr_fate::metrics) store_be32(p + 4, source_ssrc_);
        if (fate == xr_fate::dlrr)
            for (std::size_t at = 4; at + dlrr_size <= block.bytes().size(); at += dlrr_size)
                if (load_be32(p + at) == origin_.ssrc) store_be32(p + at, source_ssrc_);
        p += block.bytes().size();
    }
    return {};
}

} // namespace rtpsynth
