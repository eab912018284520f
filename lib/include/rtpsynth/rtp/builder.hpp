/// \file
/// Writes an RTP packet with every header field into the caller's storage (RFC 3550 §5.1, RFC
/// 8285).
#pragma once

#include <rtpsynth/base/compiler.h>
#include <rtpsynth/base/detail/byte_order.hpp>
#include <rtpsynth/base/error.hpp>
#include <rtpsynth/rtp/extension.hpp>
#include <rtpsynth/rtp/packet.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace rtpsynth {

/// \addtogroup rtp
/// \{

/// The fields of a packet. Name the ones you need; the others have usual values:
///
///     build_rtp(out, {.payload_type = 8, .seq = 7, .timestamp = 1120, .ssrc = ssrc}, payload)
///
/// The spans are borrowed for the call and must not overlap the storage that is written to.
struct rtp_fields {
    bool marker = false;
    std::uint8_t payload_type = 0; ///< 0..127
    std::uint16_t seq = 0;
    std::uint32_t timestamp = 0;
    std::uint32_t ssrc = 0;
    std::span<const std::uint32_t> csrcs{}; ///< contributing sources, at most 15

    /// The profile of the header extension; nullopt: no extension. The body is extension_body or
    /// extension_elements. At most one of them may be set; if neither is, the body is empty.
    std::optional<std::uint16_t> extension_profile{};
    /// The whole body of the extension: a multiple of 4 bytes, at most 4 * 65535.
    std::span<const std::uint8_t> extension_body{};
    /// The body as elements, for the profiles one_byte_extension and two_byte_extension (with any
    /// appbits). Each element must be in the range of its form. The body is padded to a multiple of
    /// 4 bytes.
    std::span<const rtp_extension_element> extension_elements{};

    /// Bytes of padding after the payload, the count byte included; 0: none.
    std::uint8_t padding = 0;
    /// Instead of `padding`: pad the packet to a multiple of this many bytes; 0: do not.
    std::uint8_t pad_to_multiple = 0;
};

/// How many bytes build_rtp() puts before the payload, 12 or more: the offset at which to write a
/// payload in place. Fails with errc::invalid_argument if \p fields are out of range.
[[nodiscard]] RTPSYNTH_API result<std::size_t> rtp_header_length(const rtp_fields& fields) noexcept;

/// Writes the packet to the front of \p out and returns its size. The rest of \p out is not
/// touched, and a failed call writes nothing: errc::invalid_argument if \p fields are out of range,
/// else errc::buffer_too_small.
///
/// \p payload is copied. It may be anywhere in \p out and may overlap its destination. If it
/// already is at its destination, `out.subspan(rtp_header_length(fields).value(), n)`, nothing is
/// copied, and the payload may be filled in before or after the call.
[[nodiscard]] RTPSYNTH_API result<std::size_t> build_rtp(
    std::span<std::uint8_t> out, const rtp_fields& fields,
    std::span<const std::uint8_t> payload) noexcept;

namespace detail {

/// The fixed header of a packet without padding, extension and CSRCs: 12 bytes at \p out.
/// \p marker_and_type is the second byte, the marker its highest bit.
constexpr void store_rtp_header(std::uint8_t* out, std::uint8_t marker_and_type, std::uint16_t seq,
                                std::uint32_t timestamp, std::uint32_t ssrc) noexcept {
    out[0] = 0x80;
    out[1] = marker_and_type;
    store_be16(out + 2, seq);
    store_be32(out + 4, timestamp);
    store_be32(out + 8, ssrc);
}

} // namespace detail

/// \}

} // namespace rtpsynth
