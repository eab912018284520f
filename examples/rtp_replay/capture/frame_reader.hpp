/// \file
/// What the formats of capture files have in common.
#pragma once

#include "capture/packet_bytes.hpp"

#include <cstdint>
#include <optional>

namespace replay {

/// A time stamp of a capture file. Seconds are anything, also in a file that is no attack.
struct file_time {
    std::int64_t seconds = 0;
    std::int64_t nanoseconds = 0; ///< 0..2^32
};

/// The most bytes that are taken for one frame; more is a damaged length. libpcap's limit.
inline constexpr std::uint32_t largest_frame = 262'144;

/// The format of a capture file.
class frame_reader {
public:
    struct frame {
        packet_bytes bytes;
        std::uint32_t link_type = 0;
        std::optional<file_time> time; ///< none in pcapng's simple packets
    };

    virtual ~frame_reader() = default;
    /// The next frame, or nothing at the end of the file. Throws capture_error where the file is
    /// damaged or ends too early.
    virtual std::optional<frame> next() = 0;
};

} // namespace replay
