/// \file
/// The interface of the readers of capture file formats.
#pragma once

#include "capture/packet_bytes.hpp"

#include <cstdint>
#include <optional>

namespace replay {

/// A time stamp of a capture file. Seconds may have any value, even in honest files.
struct file_time {
    std::int64_t seconds = 0;
    std::int64_t nanoseconds = 0; ///< 0..2^32
};

/// The longest frame in bytes; a greater length is an error in the file. libpcap's limit.
inline constexpr std::uint32_t largest_frame = 262'144;

/// Reads frames of one file format.
class frame_reader {
public:
    struct frame {
        packet_bytes bytes;
        std::uint32_t link_type = 0;
        std::optional<file_time> time; ///< none in pcapng's simple packets
    };

    virtual ~frame_reader() = default;
    /// The next frame, or nothing at the end of the file.
    /// \throws capture_error where the file is damaged or truncated
    virtual std::optional<frame> next() = 0;
};

} // namespace replay
