/// \file
/// Reading a capture file: pcap or pcapng, plain or gzip.
///
/// libpcap is not used: it refuses a pcapng file whose interfaces differ in link type or snap
/// length, and reads no gzip.
#pragma once

#include "capture/byte_source.hpp"
#include "capture/frame_reader.hpp"

#include <rtpsynth/base/clock.hpp>

#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

namespace replay {

struct captured_frame {
    packet_bytes bytes;           ///< valid until the next call of next()
    std::uint32_t link_type = 0;  ///< a LINKTYPE_ value of a capture file
    rtpsynth::time_point arrival; ///< relative to the file's first packet
};

/// One pass over a file.
class capture {
public:
    /// Opens \p path; "-" is standard input.
    /// \throws capture_error if it cannot be read or is not a capture
    explicit capture(const std::string& path);
    /// The same for an open stream, of which it takes ownership.
    explicit capture(std::FILE* file);

    /// The next frame, or nothing at the end of the file.
    /// \throws capture_error where the file is damaged; nothing more can be read then
    std::optional<captured_frame> next();

    /// Bytes read so far, and the file's size; both 0 if it is not a regular file.
    std::uint64_t position() const noexcept { return size_ == 0 ? 0 : source_.position(); }
    std::uint64_t size() const noexcept { return size_; }

private:
    rtpsynth::time_point relative(file_time time) noexcept;

    byte_source source_;
    std::unique_ptr<frame_reader> reader_;
    std::uint64_t size_ = 0;
    std::optional<file_time> first_;
    rtpsynth::time_point latest_{};
};

} // namespace replay
