#include "capture/pcapng_reader.hpp"

#include "capture/file_integers.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

namespace replay {
namespace {

enum block_type : std::uint32_t {
    section_header = 0x0a0d0d0a, // the same in either byte order
    interface_description = 1,
    obsolete_packet = 2,
    simple_packet_block = 3,
    enhanced_packet = 6
};

constexpr std::uint32_t byte_order_magic = 0x1a2b3c4d;
constexpr std::size_t most_interfaces =
    65536; // of a section: an obsolete block's interface has 16 bits
constexpr std::uint32_t options_read = 65536; // bytes of options read of an interface

enum option_code : unsigned { end_of_options = 0, if_tsresol = 9, if_tsoffset = 14 };

constexpr std::uint32_t padded(std::uint32_t size) noexcept { return (size + 3) & ~3U; }

[[noreturn]] void damaged(const std::string& what) { throw capture_error("damaged: " + what); }

} // namespace

bool pcapng_reader::recognises(byte_span head) noexcept {
    return head.size() >= 4 && be32(head, 0) == section_header;
}

std::uint32_t pcapng_reader::u32(byte_span b, std::size_t at) const noexcept {
    return read32(b, at, big_endian_);
}

std::uint64_t pcapng_reader::u64(byte_span b, std::size_t at) const noexcept {
    const std::uint64_t first = u32(b, at), second = u32(b, at + 4);
    return big_endian_ ? first << 32 | second : second << 32 | first;
}

std::optional<frame_reader::frame> pcapng_reader::next() {
    while (const auto b = next_block()) {
        switch (b->type) {
        case section_header:
            begin_section(*b);
            break;
        case interface_description:
            add_interface(*b);
            break;
        case enhanced_packet:
        case obsolete_packet:
            return packet(*b);
        case simple_packet_block:
            return simple_packet(*b);
        default:
            finish(*b, 0);
        }
    }
    return std::nullopt;
}

/// Reads the type and the first length of a block.
std::optional<pcapng_reader::block> pcapng_reader::next_block() {
    if (!source_.skip(std::exchange(to_skip_, 0)))
        throw capture_error("the file is cut off in a block");
    const byte_span head = source_.peek(12);
    if (head.empty()) return std::nullopt;
    if (head.size() < 12) throw capture_error("the file is cut off in a block");
    block b;
    b.type = u32(head, 0);
    if (b.type == section_header) { // contains its own byte order, after the length
        big_endian_ = be32(head, 8) == byte_order_magic;
        if (u32(head, 8) != byte_order_magic) damaged("a section of no byte order");
    }
    const std::uint32_t length = u32(head, 4);
    if (length < 12 || length % 4 != 0) damaged("a block of " + std::to_string(length) + " bytes");
    b.body = length - 12;
    source_.consume(8);
    return b;
}

byte_span pcapng_reader::body(const block& b, std::uint32_t size) {
    if (b.body < size) damaged("a block of type " + std::to_string(b.type) + " that is too short");
    const byte_span bytes = source_.peek(size);
    if (bytes.size() < size) throw capture_error("the file is cut off in a block");
    return bytes;
}

/// The rest is skipped when the next block is read: the frame's bytes are in use until then.
void pcapng_reader::finish(const block& b, std::uint32_t consumed) {
    source_.consume(consumed);
    to_skip_ = std::uint64_t{b.body} - consumed + 4; // and the second length
}

void pcapng_reader::begin_section(const block& b) {
    const byte_span header = body(b, 16);
    const unsigned major = read16(header, 4, big_endian_);
    if (major != 1) throw capture_error("pcapng of version " + std::to_string(major));
    interfaces_.clear();
    finish(b, 16);
}

void pcapng_reader::add_interface(const block& b) {
    if (interfaces_.size() == most_interfaces) damaged("more than 65536 interfaces in a section");
    const std::uint32_t size = std::min(b.body, options_read);
    const byte_span bytes = body(b, std::max<std::uint32_t>(size, 8));
    interface i;
    i.link_type = read16(bytes, 0, big_endian_);
    i.snap_length = u32(bytes, 4);
    read_options(i, bytes.subspan(8));
    interfaces_.push_back(i);
    finish(b, size);
}

void pcapng_reader::read_options(interface& i, byte_span options) const noexcept {
    while (options.size() >= 4) {
        const unsigned code = read16(options, 0, big_endian_);
        const unsigned length = read16(options, 2, big_endian_);
        options = options.subspan(4);
        if (code == end_of_options || options.size() < length) return;
        if (code == if_tsresol && length == 1) i.resolution = options[0];
        if (code == if_tsoffset && length == 8)
            i.offset = static_cast<std::int64_t>(u64(options, 0));
        options = options.subspan(std::min<std::size_t>(padded(length), options.size()));
    }
}

const pcapng_reader::interface& pcapng_reader::interface_at(std::uint32_t id) const {
    if (id >= interfaces_.size())
        damaged("a packet of interface " + std::to_string(id) + ", which is not described");
    return interfaces_[id];
}

frame_reader::frame pcapng_reader::packet(const block& b) {
    constexpr std::uint32_t header =
        20; // the obsolete block's has a 16-bit interface and a drop count
    byte_span bytes = body(b, header);
    const interface& i =
        interface_at(b.type == enhanced_packet ? u32(bytes, 0) : read16(bytes, 0, big_endian_));
    const std::uint64_t ticks = std::uint64_t{u32(bytes, 4)} << 32 | u32(bytes, 8);
    const std::uint32_t captured = u32(bytes, 12), length = u32(bytes, 16);
    if (captured > largest_frame) damaged("a frame of " + std::to_string(captured) + " bytes");
    bytes = body(b, header + captured);
    finish(b, header + captured);
    return {frame_bytes(bytes.subspan(header), length), i.link_type, i.time(ticks)};
}

/// A simple packet belongs to the first interface and has no time and no captured length.
frame_reader::frame pcapng_reader::simple_packet(const block& b) {
    const interface& i = interface_at(0);
    const std::uint32_t length = u32(body(b, 4), 0);
    std::uint32_t captured = std::min(length, b.body - 4);
    if (i.snap_length != 0) captured = std::min(captured, i.snap_length);
    if (captured > largest_frame) damaged("a frame of " + std::to_string(captured) + " bytes");
    const byte_span bytes = body(b, 4 + captured);
    finish(b, 4 + captured);
    return {frame_bytes(bytes.subspan(4), length), i.link_type, std::nullopt};
}

file_time pcapng_reader::interface::time(std::uint64_t ticks) const noexcept {
    constexpr double ns_per_second = 1e9;
    std::uint64_t seconds = 0;
    std::int64_t nanoseconds = 0;
    const unsigned exponent = resolution & 0x7f;
    if (resolution & 0x80) {
        seconds = exponent < 64 ? ticks >> exponent : 0;
        const std::uint64_t rest = exponent < 64 ? ticks - (seconds << exponent) : ticks;
        nanoseconds = static_cast<std::int64_t>(
            std::ldexp(static_cast<double>(rest), -static_cast<int>(exponent)) * ns_per_second);
    } else if (exponent <= 19) { // 10^19 fits
        std::uint64_t per_second = 1;
        for (unsigned n = 0; n < exponent; ++n) per_second *= 10;
        seconds = ticks / per_second;
        const std::uint64_t rest = ticks % per_second;
        nanoseconds = static_cast<std::int64_t>(per_second <= 1'000'000'000
                                                    ? rest * (1'000'000'000 / per_second)
                                                    : rest / (per_second / 1'000'000'000));
    }
    // Unsigned, so that an overflow is defined.
    return {static_cast<std::int64_t>(seconds + static_cast<std::uint64_t>(offset)), nanoseconds};
}

} // namespace replay
