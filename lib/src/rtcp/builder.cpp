#include <rtpsynth/rtcp/builder.hpp>

#include <rtpsynth/base/detail/byte_order.hpp>
#include <rtpsynth/rtcp/extended_report.hpp>

#include "layout.hpp"

#include <algorithm>
#include <cstring>

namespace rtpsynth {
namespace {

using namespace detail;

constexpr std::size_t max_text = 255;

// Writes fields one after the other.
class writer {
public:
    explicit writer(std::uint8_t* p) noexcept : p_(p) {}

    void u8(std::size_t v) noexcept { *p_++ = static_cast<std::uint8_t>(v); }
    void u16(std::uint16_t v) noexcept {
        detail::store_be16(p_, v);
        p_ += 2;
    }
    void u32(std::uint32_t v) noexcept {
        detail::store_be32(p_, v);
        p_ += 4;
    }
    // Writes the size first; at most 255 bytes.
    void text(std::string_view s) noexcept {
        u8(s.size());
        if (!s.empty()) std::memcpy(p_, s.data(), s.size());
        p_ += s.size();
    }

private:
    std::uint8_t* p_;
};

void write_block(writer& out, const report_block& report) noexcept {
    out.u32(report.ssrc);
    out.u32(std::uint32_t{report.fraction_lost} << 24 |
            (static_cast<std::uint32_t>(report.cumulative_lost) & 0xff'ffff));
    out.u32(report.extended_highest_seq);
    out.u32(report.jitter);
    out.u32(report.last_sr);
    out.u32(report.delay_since_last_sr);
}

void write_metrics(writer& out, const voip_metrics& m) noexcept {
    out.u8(static_cast<std::size_t>(xr_block_type::voip_metrics));
    out.u8(0);
    out.u16(voip_metrics_size / 4);
    out.u32(m.ssrc);
    for (const std::uint8_t v : {m.loss_rate, m.discard_rate, m.burst_density, m.gap_density})
        out.u8(v);
    for (const std::uint16_t v :
         {m.burst_duration, m.gap_duration, m.round_trip_delay, m.end_system_delay})
        out.u16(v);
    for (const std::int8_t v : {m.signal_level, m.noise_level})
        out.u8(static_cast<std::uint8_t>(v));
    for (const std::uint8_t v : {m.rerl, m.gmin, m.r_factor, m.ext_r_factor, m.mos_lq, m.mos_cq})
        out.u8(v);
    out.u8(static_cast<std::size_t>(m.concealment) << 6 | static_cast<std::size_t>(m.buffer) << 4 |
           m.buffer_rate);
    out.u8(0);
    for (const std::uint16_t v : {m.buffer_nominal, m.buffer_maximum, m.buffer_abs_maximum})
        out.u16(v);
}

} // namespace

result<void> rtcp_builder::add_sender_report(std::uint32_t ssrc, const sender_info& sender,
                                             std::span<const report_block> blocks) noexcept {
    return add_report(ssrc, &sender, blocks);
}

result<void> rtcp_builder::add_receiver_report(std::uint32_t ssrc,
                                               std::span<const report_block> blocks) noexcept {
    return add_report(ssrc, nullptr, blocks);
}

result<void> rtcp_builder::add_report(std::uint32_t ssrc, const sender_info* sender,
                                      std::span<const report_block> blocks) noexcept {
    const auto in_range = [](const report_block& b) {
        return b.cumulative_lost >= cumulative_lost_min && b.cumulative_lost <= cumulative_lost_max;
    };
    if (blocks.size() > rtcp_max_count || !std::all_of(blocks.begin(), blocks.end(), in_range)) {
        return errc::invalid_argument;
    }
    std::uint8_t* body =
        append(sender ? rtcp_type::sender_report : rtcp_type::receiver_report, blocks.size(),
               4 + (sender ? sender_info_size : 0) + report_block_size * blocks.size());
    if (!body) return errc::buffer_too_small;
    writer out{body};
    out.u32(ssrc);
    if (sender) {
        out.u32(sender->ntp.seconds());
        out.u32(sender->ntp.fraction());
        out.u32(sender->rtp_timestamp);
        out.u32(sender->packet_count);
        out.u32(sender->octet_count);
    }
    for (const report_block& block : blocks) write_block(out, block);
    return {};
}

result<void> rtcp_builder::add_cname(std::uint32_t ssrc, std::string_view cname) noexcept {
    if (cname.empty() || cname.size() > max_text) return errc::invalid_argument;
    if (size_ == 0 && mode_ == rtcp_mode::compound) return errc::invalid_argument;
    constexpr std::size_t type_and_size = 2;
    constexpr std::size_t end_of_list = 1;
    std::uint8_t* body =
        append(rtcp_type::source_description, 1, 4 + type_and_size + cname.size() + end_of_list);
    if (!body) return errc::buffer_too_small;
    writer out{body};
    out.u32(ssrc);
    out.u8(static_cast<std::size_t>(sdes_type::cname));
    out.text(cname);
    return {};
}

result<void> rtcp_builder::add_voip_metrics(std::uint32_t ssrc,
                                            std::span<const voip_metrics> metrics) noexcept {
    const auto in_range = [](const voip_metrics& m) {
        return m.concealment <= loss_concealment::standard && m.buffer <= buffer_kind::adaptive &&
               m.buffer_rate <= 15;
    };
    if (metrics.size() > rtcp_max_count || !std::all_of(metrics.begin(), metrics.end(), in_range))
        return errc::invalid_argument;
    if (size_ == 0 && mode_ == rtcp_mode::compound) return errc::invalid_argument;
    constexpr std::size_t block_size = xr_block_header_size + voip_metrics_size;
    std::uint8_t* body =
        append(rtcp_type::extended_report, 0, ssrc_size + block_size * metrics.size());
    if (!body) return errc::buffer_too_small;
    writer out{body};
    out.u32(ssrc);
    for (const voip_metrics& m : metrics) write_metrics(out, m);
    return {};
}

result<void> rtcp_builder::add_bye(std::span<const std::uint32_t> ssrcs,
                                   std::string_view reason) noexcept {
    if (ssrcs.empty() || ssrcs.size() > rtcp_max_count) return errc::invalid_argument;
    if (reason.size() > max_text) return errc::invalid_argument;
    if (size_ == 0 && mode_ == rtcp_mode::compound) return errc::invalid_argument;
    std::uint8_t* body = append(rtcp_type::goodbye, ssrcs.size(),
                                4 * ssrcs.size() + (reason.empty() ? 0 : 1 + reason.size()));
    if (!body) return errc::buffer_too_small;
    writer out{body};
    for (const std::uint32_t ssrc : ssrcs) out.u32(ssrc);
    if (!reason.empty()) out.text(reason);
    return {};
}

result<std::span<std::uint8_t>> rtcp_builder::add_packet(rtcp_type type, std::size_t count,
                                                         std::size_t body_size) noexcept {
    constexpr std::size_t max_body_size = std::size_t{4} * 0xffff;
    if (count > rtcp_max_count || body_size % 4 != 0 || body_size > max_body_size)
        return errc::invalid_argument;
    const bool is_report = type == rtcp_type::sender_report || type == rtcp_type::receiver_report;
    if (size_ == 0 && mode_ == rtcp_mode::compound && !is_report) return errc::invalid_argument;
    std::uint8_t* body = append(type, count, body_size);
    if (!body) return errc::buffer_too_small;
    return std::span{body, body_size};
}

// Writes the header and the zeros after the body. Returns the place of the body, or nullptr if
// there is no room.
std::uint8_t* rtcp_builder::append(rtcp_type type, std::size_t count,
                                   std::size_t body_size) noexcept {
    const std::size_t size = rtcp_header_size + align4(body_size);
    if (storage_.size() - size_ < size) return nullptr;
    std::uint8_t* p = storage_.data() + size_;
    size_ += size;
    p[0] = static_cast<std::uint8_t>(0x80 | count);
    p[1] = static_cast<std::uint8_t>(type);
    detail::store_be16(p + 2, static_cast<std::uint16_t>(size / 4 - 1));
    if (body_size > 0) std::fill(p + size - 4, p + size, std::uint8_t{0});
    return p + rtcp_header_size;
}

} // namespace rtpsynth
