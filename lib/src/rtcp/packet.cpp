#include <rtpsynth/rtcp/packet.hpp>

#include <rtpsynth/base/detail/byte_order.hpp>

#include "layout.hpp"

namespace rtpsynth {
namespace {

using namespace detail;

std::string_view text_of(std::span<const std::uint8_t> bytes) noexcept {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// The offset of the null octet that ends the item list at p. The chunk was checked and has one.
std::size_t items_size(const std::uint8_t* p) noexcept {
    std::size_t offset = 0;
    while (p[offset] != 0) offset += std::size_t{2} + p[offset + 1];
    return offset;
}

// Size of the chunk at the start of bytes, or 0 if it runs past their end.
std::size_t checked_chunk_size(std::span<const std::uint8_t> bytes) noexcept {
    std::size_t offset = ssrc_size;
    for (;;) {
        if (offset >= bytes.size()) return 0;
        if (bytes[offset] == 0) break;
        if (offset + 1 >= bytes.size()) return 0;
        offset += std::size_t{2} + bytes[offset + 1];
    }
    return align4(offset + 1); // within bytes, whose size is a multiple of 4
}

} // namespace

rtcp_packet_view rtcp_packet_view::at(const std::uint8_t* p) noexcept {
    return rtcp_packet_view{{p, size_at(p)}};
}

std::size_t rtcp_packet_view::size_at(const std::uint8_t* p) noexcept {
    return rtcp_header_size + std::size_t{4} * detail::load_be16(p + 2);
}

result<rtcp_compound_view> rtcp_compound_view::parse(std::span<const std::uint8_t> datagram,
                                                     rtcp_mode mode) noexcept {
    if (datagram.size() < rtcp_header_size) return errc::packet_too_short;
    if (datagram[0] >> 6 != 2) return errc::bad_version;
    const unsigned type = datagram[1];
    if (mode == rtcp_mode::compound) {
        const bool padded = (datagram[0] & 0x20) != 0;
        // 200 and 201, SR and RR, differ in the last bit.
        if (padded || (type & 0xfe) != 200) return errc::bad_rtcp;
    } else if (type < 192 || type > 223) {
        return errc::bad_rtcp;
    }
    for (std::span<const std::uint8_t> rest = datagram; !rest.empty();) {
        if (rest.size() < rtcp_header_size || rest[0] >> 6 != 2) return errc::bad_rtcp;
        const std::size_t size = rtcp_header_size + std::size_t{4} * detail::load_be16(&rest[2]);
        if (size > rest.size()) return errc::bad_rtcp;
        if (rest[0] & 0x20) {
            const std::size_t padding = rest[size - 1];
            if (size != rest.size() || padding == 0 || padding % 4 != 0 ||
                padding > size - rtcp_header_size) {
                return errc::bad_rtcp;
            }
        }
        rest = rest.subspan(size);
    }
    return rtcp_compound_view{datagram};
}

result<rtcp_report_view> rtcp_report_view::parse(const rtcp_packet_view& packet) noexcept {
    rtcp_report_view view;
    view.blocks_offset_ = ssrc_size;
    if (packet.type() == rtcp_type::sender_report) {
        view.blocks_offset_ += sender_info_size;
    } else if (packet.type() != rtcp_type::receiver_report) {
        return errc::bad_rtcp;
    }
    view.body_ = packet.body();
    view.block_count_ = static_cast<std::uint8_t>(packet.count());
    if (view.body_.size() < view.blocks_offset_ + report_block_size * view.block_count_) {
        return errc::bad_rtcp;
    }
    return view;
}

std::uint32_t rtcp_report_view::ssrc() const noexcept { return detail::load_be32(body_.data()); }

std::optional<sender_info> rtcp_report_view::sender() const noexcept {
    if (blocks_offset_ == ssrc_size) return std::nullopt;
    const std::uint8_t* p = body_.data() + ssrc_size;
    sender_info info;
    info.ntp = ntp_time{std::uint64_t{detail::load_be32(p)} << 32 | detail::load_be32(p + 4)};
    info.rtp_timestamp = detail::load_be32(p + 8);
    info.packet_count = detail::load_be32(p + 12);
    info.octet_count = detail::load_be32(p + 16);
    return info;
}

report_block rtcp_report_view::block(std::size_t i) const noexcept {
    const std::uint8_t* p = body_.data() + blocks_offset_ + report_block_size * i;
    const std::uint32_t loss = detail::load_be32(p + 4);
    const auto lost = static_cast<std::int32_t>(loss & 0xff'ffff);
    report_block block;
    block.ssrc = detail::load_be32(p);
    block.fraction_lost = static_cast<std::uint8_t>(loss >> 24);
    block.cumulative_lost = lost > cumulative_lost_max ? lost - 0x100'0000 : lost;
    block.extended_highest_seq = detail::load_be32(p + 8);
    block.jitter = detail::load_be32(p + 12);
    block.last_sr = detail::load_be32(p + 16);
    block.delay_since_last_sr = detail::load_be32(p + 20);
    return block;
}

std::span<const std::uint8_t> rtcp_report_view::extension() const noexcept {
    return body_.subspan(blocks_offset_ + report_block_size * block_count_);
}

sdes_item sdes_item::at(const std::uint8_t* p) noexcept {
    sdes_item item;
    item.type = static_cast<sdes_type>(p[0]);
    item.text = text_of({p + 2, p[1]});
    return item;
}

std::size_t sdes_item::size_at(const std::uint8_t* p) noexcept { return std::size_t{2} + p[1]; }

std::uint32_t sdes_chunk::ssrc() const noexcept {
    return detail::load_be32(items_.data() - ssrc_size);
}

std::optional<std::string_view> sdes_chunk::cname() const noexcept {
    for (const sdes_item item : *this) {
        if (item.type == sdes_type::cname) return item.text;
    }
    return std::nullopt;
}

sdes_chunk sdes_chunk::at(const std::uint8_t* p) noexcept {
    return sdes_chunk{{p + ssrc_size, items_size(p + ssrc_size)}};
}

std::size_t sdes_chunk::size_at(const std::uint8_t* p) noexcept {
    return align4(ssrc_size + items_size(p + ssrc_size) + 1);
}

result<rtcp_sdes_view> rtcp_sdes_view::parse(const rtcp_packet_view& packet) noexcept {
    if (packet.type() != rtcp_type::source_description) return errc::bad_rtcp;
    const std::span<const std::uint8_t> body = packet.body();
    std::size_t size = 0;
    for (std::size_t i = 0; i < packet.count(); ++i) {
        const std::size_t chunk = checked_chunk_size(body.subspan(size));
        if (chunk == 0) return errc::bad_rtcp;
        size += chunk;
    }
    return rtcp_sdes_view{body.first(size)};
}

result<rtcp_bye_view> rtcp_bye_view::parse(const rtcp_packet_view& packet) noexcept {
    if (packet.type() != rtcp_type::goodbye) return errc::bad_rtcp;
    const std::span<const std::uint8_t> body = packet.body();
    const std::size_t ssrcs_size = ssrc_size * packet.count();
    if (body.size() < ssrcs_size) return errc::bad_rtcp;
    std::span<const std::uint8_t> reason = body.subspan(ssrcs_size);
    if (!reason.empty()) {
        const std::size_t size = reason[0];
        if (reason.size() < 1 + size) return errc::bad_rtcp;
        reason = reason.subspan(1, size);
    }
    return rtcp_bye_view{body.first(ssrcs_size), text_of(reason)};
}

std::uint32_t rtcp_bye_view::ssrc(std::size_t i) const noexcept {
    return detail::load_be32(ssrcs_.data() + ssrc_size * i);
}

} // namespace rtpsynth
