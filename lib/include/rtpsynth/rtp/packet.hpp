/// \file
/// A view of an RTP packet in its datagram (RFC 3550 §5.1).
#pragma once

#include <rtpsynth/base/detail/byte_order.hpp>
#include <rtpsynth/base/error.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace rtpsynth {

/// \addtogroup rtp
/// \{

/// Size of the fixed RTP header in bytes.
inline constexpr std::size_t rtp_header_size = 12;

/// A parsed view of one RTP packet. It borrows the datagram's bytes and copies only the fixed
/// header's fields, so it is 32 bytes, trivially copyable, and valid for as long as the bytes are.
/// If the bytes change meanwhile, accessors may return other values, but never read outside the
/// datagram.
///
/// Threads: a value type; distinct objects are independent.
class rtp_packet_view {
public:
    /// An empty view: no bytes, every field 0.
    rtp_packet_view() = default;

    /// Checks \p datagram in the order of RFC 3550 A.1 and returns a view of it. The error is that
    /// of the first failed check. Never reads outside the datagram.
    [[nodiscard]] static result<rtp_packet_view> parse(
        std::span<const std::uint8_t> datagram) noexcept {
        rtp_packet_view view;
        if (const errc e = view.assign(datagram.data(), datagram.size()); e != errc{}) return e;
        return view;
    }

    /// parse() without a result object: fills *this and returns errc{}, or returns the error and
    /// leaves *this unchanged.
    [[nodiscard]] errc assign(const std::uint8_t* data, std::size_t size) noexcept {
        if (assign_plain(data, size)) [[likely]]
            return {};
        if (size < rtp_header_size) return errc::packet_too_short;
        return assign_any(data, size);
    }

    /// assign() for the usual packet, which has no padding, extension or CSRC. Returns false, and
    /// leaves *this unchanged, for any other datagram, valid or not.
    [[nodiscard]] bool assign_plain(const std::uint8_t* data, std::size_t size) noexcept {
        if (size < rtp_header_size || data[0] != plain_first_byte) return false;
        set(data, size, plain_first_byte, rtp_header_size, 0);
        return true;
    }

    std::uint16_t seq() const noexcept { return seq_; }
    /// In units of the stream's clock rate; wraps at 2^32.
    std::uint32_t timestamp() const noexcept { return timestamp_; }
    std::uint32_t ssrc() const noexcept { return ssrc_; }
    /// 0..127; RFC 3551 §6 gives the static ones.
    std::uint8_t payload_type() const noexcept { return marker_and_type_ & 0x7f; }
    bool marker() const noexcept { return (marker_and_type_ & 0x80) != 0; }

    /// Number of contributing sources, 0..15.
    std::size_t csrc_count() const noexcept { return offset_and_first_ & 0x0f; }
    /// The \p i-th contributing source. Precondition: i < csrc_count().
    std::uint32_t csrc(std::size_t i) const noexcept {
        return detail::load_be32(data_ + rtp_header_size + 4 * i);
    }

    bool has_extension() const noexcept { return (offset_and_first_ & 0x10) != 0; }
    /// The 16 bits "defined by profile" (RFC 3550 §5.3.1); 0 without an extension.
    std::uint16_t extension_profile() const noexcept {
        return has_extension() ? detail::load_be16(data_ + extension_offset()) : std::uint16_t{0};
    }
    /// The extension's body, a multiple of 4 bytes; empty without an extension.
    std::span<const std::uint8_t> extension() const noexcept {
        if (!has_extension()) return {};
        const std::size_t body = extension_offset() + 4;
        return {data_ + body, payload_offset() - body};
    }

    /// The payload without header and padding.
    std::span<const std::uint8_t> payload() const noexcept {
        return {data_ + payload_offset(), payload_size_};
    }
    /// Bytes before the payload: fixed header, CSRCs and extension.
    std::size_t payload_offset() const noexcept { return offset_and_first_ >> 8; }
    /// Bytes of padding after the payload, its count byte included; 0..255.
    std::size_t padding() const noexcept { return padding_; }
    /// The whole datagram.
    std::span<const std::uint8_t> datagram() const noexcept {
        return {data_, payload_offset() + payload_size_ + padding_};
    }

private:
    // Version 2 and no padding, extension or CSRC.
    static constexpr unsigned plain_first_byte = 0x80;

    errc assign_any(const std::uint8_t* data, std::size_t size) noexcept {
        const unsigned first = data[0];
        if (first >> 6 != 2) return errc::bad_version;
        std::size_t offset = rtp_header_size + std::size_t{4} * (first & 0x0f);
        if (first & 0x10) {
            if (size < offset + 4) return errc::extension_truncated;
            offset += 4 + std::size_t{4} * detail::load_be16(data + offset + 2);
        }
        if (size < offset) return errc::header_truncated;
        std::size_t padding = 0;
        if (first & 0x20) {
            if (size == offset) return errc::padding_missing;
            padding = data[size - 1];
            if (padding == 0) return errc::padding_zero;
            if (size < offset + padding) return errc::padding_too_long;
        }
        set(data, size, first, offset, padding);
        return {};
    }

    void set(const std::uint8_t* data, std::size_t size, unsigned first, std::size_t offset,
             std::size_t padding) noexcept {
        data_ = data;
        payload_size_ = size - offset - padding;
        offset_and_first_ = static_cast<std::uint32_t>(offset << 8 | first);
        timestamp_ = detail::load_be32(data + 4);
        ssrc_ = detail::load_be32(data + 8);
        seq_ = detail::load_be16(data + 2);
        marker_and_type_ = data[1];
        padding_ = static_cast<std::uint8_t>(padding);
    }

    std::size_t extension_offset() const noexcept { return rtp_header_size + 4 * csrc_count(); }

    const std::uint8_t* data_ = nullptr;
    std::size_t payload_size_ = 0;
    // The payload's offset, at most 262216, above the first byte. All bounds come from here and not
    // from the datagram, whose bytes the owner may change.
    std::uint32_t offset_and_first_ = 0;
    std::uint32_t timestamp_ = 0;
    std::uint32_t ssrc_ = 0;
    std::uint16_t seq_ = 0;
    std::uint8_t marker_and_type_ = 0;
    std::uint8_t padding_ = 0;
};

/// \}

} // namespace rtpsynth
