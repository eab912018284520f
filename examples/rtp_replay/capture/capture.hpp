/// \file
/// A capture file being read: pcap or pcapng, as it is or compressed with gzip.
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

/// One pass over a file. Not copyable; one thread.
class capture {
public:
    /// Opens \p path, "-" being standard input. Throws capture_error if it cannot be read or is no
    /// capture.
    explicit capture(const std::string& path);
    /// The same for a stream that is open already, and closes it in the end.
    explicit capture(std::FILE* file);

    /// The next frame, or nothing at the end of the file. Throws capture_error where the file is
    /// damaged; nothing more can be read then.
    std::optional<captured_frame> next();

    /// Bytes read so far and in all; 0 of 0 if it is no regular file.
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
