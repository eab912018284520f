#include <rtpsynth/rtcp/extended_report.hpp>

#include <rtpsynth/base/detail/byte_order.hpp>

#include "layout.hpp"

namespace rtpsynth {

using namespace detail;

xr_block_view xr_block_view::at(const std::uint8_t* p) noexcept {
    return xr_block_view{{p, size_at(p)}};
}

std::size_t xr_block_view::size_at(const std::uint8_t* p) noexcept {
    return xr_block_header_size + std::size_t{4} * load_be16(p + 2);
}

result<voip_metrics> xr_block_view::as_voip_metrics() const noexcept {
    if (type() != xr_block_type::voip_metrics || body().size() != voip_metrics_size)
        return errc::bad_rtcp;
    const std::uint8_t* p = body().data();
    voip_metrics m;
    m.ssrc = load_be32(p);
    m.loss_rate = p[4];
    m.discard_rate = p[5];
    m.burst_density = p[6];
    m.gap_density = p[7];
    m.burst_duration = load_be16(p + 8);
    m.gap_duration = load_be16(p + 10);
    m.round_trip_delay = load_be16(p + 12);
    m.end_system_delay = load_be16(p + 14);
    m.signal_level = static_cast<std::int8_t>(p[16]);
    m.noise_level = static_cast<std::int8_t>(p[17]);
    m.rerl = p[18];
    m.gmin = p[19];
    m.r_factor = p[20];
    m.ext_r_factor = p[21];
    m.mos_lq = p[22];
    m.mos_cq = p[23];
    m.concealment = static_cast<loss_concealment>(p[24] >> 6);
    m.buffer = static_cast<buffer_kind>(p[24] >> 4 & 3);
    m.buffer_rate = p[24] & 0x0f;
    m.buffer_nominal = load_be16(p + 26);
    m.buffer_maximum = load_be16(p + 28);
    m.buffer_abs_maximum = load_be16(p + 30);
    return m;
}

result<rtcp_xr_view> rtcp_xr_view::parse(const rtcp_packet_view& packet) noexcept {
    const std::span<const std::uint8_t> body = packet.body();
    if (packet.type() != rtcp_type::extended_report || body.size() < ssrc_size)
        return errc::bad_rtcp;
    const auto blocks = body.subspan(ssrc_size);
    for (auto rest = blocks; !rest.empty();) { // a multiple of 4 bytes: there is a whole header
        const std::size_t size = xr_block_header_size + std::size_t{4} * load_be16(&rest[2]);
        if (size > rest.size()) return errc::bad_rtcp;
        rest = rest.subspan(size);
    }
    return rtcp_xr_view{blocks};
}

std::uint32_t rtcp_xr_view::ssrc() const noexcept { return load_be32(blocks_.data() - ssrc_size); }

} // namespace rtpsynth
