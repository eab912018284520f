#include <rtpsynth/rtp/builder.hpp>

#include <algorithm>
#include <cstring>

namespace rtpsynth {
namespace {

constexpr std::size_t max_csrcs = 15;
constexpr std::size_t max_extension_body = 4 * std::size_t{0xffff};

bool fits_form(const rtp_extension_element& e, bool two_byte) noexcept {
    if (two_byte) return e.id >= 1 && e.data.size() <= 255;
    return e.id >= 1 && e.id <= 14 && e.data.size() >= 1 && e.data.size() <= 16;
}

// Size of the elements in a body without its padding; nullopt if one of them is out of range.
std::optional<std::size_t> elements_size(const rtp_fields& f) noexcept {
    const bool two_byte = is_two_byte_extension(*f.extension_profile);
    if (!two_byte && !is_one_byte_extension(*f.extension_profile)) return std::nullopt;
    std::size_t size = 0;
    for (const rtp_extension_element& e : f.extension_elements) {
        if (!fits_form(e, two_byte)) return std::nullopt;
        size += (two_byte ? 2 : 1) + e.data.size();
        if (size > max_extension_body) return std::nullopt;
    }
    return size;
}

// Size of the extension with its own header, 0 for none; nullopt if it is out of range.
std::optional<std::size_t> extension_size(const rtp_fields& f) noexcept {
    if (!f.extension_profile) {
        const bool stray = !f.extension_body.empty() || !f.extension_elements.empty();
        return stray ? std::nullopt : std::optional<std::size_t>{0};
    }
    if (f.extension_elements.empty()) {
        const std::size_t size = f.extension_body.size();
        if (size % 4 != 0 || size > max_extension_body) return std::nullopt;
        return 4 + size;
    }
    if (!f.extension_body.empty()) return std::nullopt;
    const std::optional<std::size_t> size = elements_size(f);
    if (!size) return std::nullopt;
    return 4 + (*size + 3) / 4 * 4;
}

void copy(std::uint8_t* to, std::span<const std::uint8_t> from) noexcept {
    // The C library forbids null pointers even for 0 bytes, and the pointer of an empty span may be
    // null.
    if (!from.empty()) std::memmove(to, from.data(), from.size());
}

void write_extension(std::uint8_t* out, std::size_t size, const rtp_fields& f) noexcept {
    std::uint8_t* const end = out + size;
    detail::store_be16(out, *f.extension_profile);
    detail::store_be16(out + 2, static_cast<std::uint16_t>((size - 4) / 4));
    out += 4;
    copy(out, f.extension_body);
    out += f.extension_body.size();
    const bool two_byte = is_two_byte_extension(*f.extension_profile);
    for (const rtp_extension_element& e : f.extension_elements) {
        if (two_byte) {
            *out++ = e.id;
            *out++ = static_cast<std::uint8_t>(e.data.size());
        } else {
            const auto last = static_cast<unsigned>(e.data.size() - 1);
            *out++ = static_cast<std::uint8_t>(unsigned{e.id} << 4 | last);
        }
        copy(out, e.data);
        out += e.data.size();
    }
    std::fill(out, end, std::uint8_t{0});
}

// The padding of a packet that has `size` bytes without it.
std::size_t padding_for(const rtp_fields& f, std::size_t size) noexcept {
    if (f.pad_to_multiple == 0) return f.padding;
    return (f.pad_to_multiple - size % f.pad_to_multiple) % f.pad_to_multiple;
}

} // namespace

result<std::size_t> rtp_header_length(const rtp_fields& fields) noexcept {
    const std::optional<std::size_t> extension = extension_size(fields);
    const bool two_paddings = fields.padding != 0 && fields.pad_to_multiple != 0;
    if (fields.payload_type > 127 || fields.csrcs.size() > max_csrcs || !extension || two_paddings)
        return errc::invalid_argument;
    return rtp_header_size + 4 * fields.csrcs.size() + *extension;
}

result<std::size_t> build_rtp(std::span<std::uint8_t> out, const rtp_fields& fields,
                              std::span<const std::uint8_t> payload) noexcept {
    const result<std::size_t> length = rtp_header_length(fields);
    if (!length) return length.error();
    const std::size_t header = *length;
    if (out.size() < header || out.size() - header < payload.size()) return errc::buffer_too_small;
    const std::size_t unpadded = header + payload.size();
    const std::size_t padding = padding_for(fields, unpadded);
    if (out.size() - unpadded < padding) return errc::buffer_too_small;

    copy(out.data() + header, payload); // first: it may be where the header will be
    std::uint8_t* at = out.data();
    detail::store_rtp_header(at,
                             static_cast<std::uint8_t>(fields.marker << 7 | fields.payload_type),
                             fields.seq, fields.timestamp, fields.ssrc);
    unsigned first = 0x80 | static_cast<unsigned>(fields.csrcs.size());
    if (padding != 0) first |= 0x20;
    if (fields.extension_profile) first |= 0x10;
    at[0] = static_cast<std::uint8_t>(first);
    at += rtp_header_size;
    for (const std::uint32_t csrc : fields.csrcs) {
        detail::store_be32(at, csrc);
        at += 4;
    }
    if (fields.extension_profile) {
        const auto size = static_cast<std::size_t>(out.data() + header - at);
        write_extension(at, size, fields);
    }
    if (padding != 0) {
        std::fill_n(out.data() + unpadded, padding - 1, std::uint8_t{0});
        out[unpadded + padding - 1] = static_cast<std::uint8_t>(padding);
    }
    return unpadded + padding;
}

} // namespace rtpsynth
