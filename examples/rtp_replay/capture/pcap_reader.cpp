#include "capture/pcap_reader.hpp"

#include "capture/file_integers.hpp"

#include <string>

namespace replay {
namespace {

constexpr std::uint32_t microsecond_magic = 0xa1b2c3d4;
constexpr std::uint32_t nanosecond_magic = 0xa1b23c4d;
constexpr std::uint32_t patched_magic = 0xa1b2cd34; // Kuznetzov's: 8 more bytes a record

constexpr std::size_t file_header = 24;

bool is_magic(std::uint32_t value) noexcept {
    return value == microsecond_magic || value == nanosecond_magic || value == patched_magic;
}

} // namespace

bool pcap_reader::recognises(byte_span head) noexcept {
    return head.size() >= 4 &&
           (is_magic(read32(head, 0, true)) || is_magic(read32(head, 0, false)));
}

pcap_reader::pcap_reader(byte_source& source) : source_(source) {
    const byte_span header = source_.peek(file_header);
    if (header.size() < file_header) throw capture_error("not a capture: its header is cut off");
    big_endian_ = is_magic(read32(header, 0, true));
    const std::uint32_t magic = read32(header, 0, big_endian_);
    nanoseconds_ = magic == nanosecond_magic;
    if (magic == patched_magic) record_header_ = 24;
    link_type_ =
        read32(header, 20, big_endian_) & 0xffff; // the high bits: length of a frame check sequence
    source_.consume(file_header);
}

std::optional<frame_reader::frame> pcap_reader::next() {
    byte_span record = source_.peek(record_header_);
    if (record.empty()) return std::nullopt;
    if (record.size() < record_header_)
        throw capture_error("the file is cut off in a record header");
    const std::uint32_t captured = read32(record, 8, big_endian_);
    if (captured > largest_frame)
        throw capture_error("damaged: a frame of " + std::to_string(captured) + " bytes");
    record = source_.peek(record_header_ + captured);
    if (record.size() < record_header_ + captured)
        throw capture_error("the file is cut off in a frame");
    source_.consume(record.size());
    const std::uint32_t fraction = read32(record, 4, big_endian_);
    const file_time time{read32(record, 0, big_endian_),
                         std::int64_t{fraction} * (nanoseconds_ ? 1 : 1000)};
    return frame{frame_bytes(record.subspan(record_header_), read32(record, 12, big_endian_)),
                 link_type_, time};
}

} // namespace replay
