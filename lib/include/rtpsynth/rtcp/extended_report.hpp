/// \file
/// Views of RTCP extended reports (RFC 3611).
#pragma once

#include <rtpsynth/base/compiler.h>
#include <rtpsynth/base/error.hpp>
#include <rtpsynth/rtcp/packet.hpp>
#include <rtpsynth/rtcp/voip_metrics.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace rtpsynth {

/// \addtogroup rtcp
/// \{

/// The types of report blocks (RFC 3611 §4). A value may be any other type, too.
enum class xr_block_type : std::uint8_t {
    loss_rle = 1,
    duplicate_rle = 2,
    packet_receipt_times = 3,
    receiver_reference_time = 4,
    dlrr = 5,
    statistics_summary = 6,
    voip_metrics = 7,
};

/// One report block of any type in an extended report. A view: valid for as long as the datagram's
/// bytes are.
class xr_block_view {
public:
    xr_block_type type() const noexcept { return static_cast<xr_block_type>(bytes_[0]); }
    /// The byte after the type, whose meaning depends on it.
    std::uint8_t type_specific() const noexcept { return bytes_[1]; }
    /// The bytes after the four bytes of header: a multiple of 4, or empty.
    std::span<const std::uint8_t> body() const noexcept { return bytes_.subspan(4); }
    /// The whole block.
    std::span<const std::uint8_t> bytes() const noexcept { return bytes_; }

    /// Parses a VoIP metrics block. Fails with errc::bad_rtcp if the block has another type or
    /// length. Reserved bits are ignored.
    [[nodiscard]] RTPSYNTH_API result<voip_metrics> as_voip_metrics() const noexcept;

private:
    friend class detail::rtcp_iterator<xr_block_view>;

    explicit xr_block_view(std::span<const std::uint8_t> bytes) noexcept : bytes_(bytes) {}
    RTPSYNTH_API static xr_block_view at(const std::uint8_t* p) noexcept;
    RTPSYNTH_API static std::size_t size_at(const std::uint8_t* p) noexcept;

    std::span<const std::uint8_t> bytes_;
};

/// An XR packet: a forward range of its report blocks. Blocks of unknown types are included; a
/// receiver ignores them (RFC 3611 §3).
///
///     if (auto report = rtcp_xr_view::parse(packet)) {
///         for (xr_block_view block : *report) {
///             if (auto metrics = block.as_voip_metrics()) …
class rtcp_xr_view {
public:
    using iterator = detail::rtcp_iterator<xr_block_view>;

    /// Fails with errc::bad_rtcp if \p packet is of another type, or a block runs past its end.
    [[nodiscard]] RTPSYNTH_API static result<rtcp_xr_view> parse(
        const rtcp_packet_view& packet) noexcept;

    /// The SSRC of the report's sender.
    RTPSYNTH_API std::uint32_t ssrc() const noexcept;
    iterator begin() const noexcept { return iterator{blocks_.data()}; }
    iterator end() const noexcept { return iterator{blocks_.data() + blocks_.size()}; }

private:
    explicit rtcp_xr_view(std::span<const std::uint8_t> blocks) noexcept : blocks_(blocks) {}

    std::span<const std::uint8_t> blocks_; // after the SSRC
};

/// \}

} // namespace rtpsynth
