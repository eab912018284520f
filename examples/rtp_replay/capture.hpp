/// \file
/// A capture file being read, by libpcap: pcap and pcapng.
#pragma once

#include "udp_packet.hpp"

#include <rtpsynth/clock.hpp>

#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>

struct pcap;

namespace replay {

/// What is wrong with a capture; what() says it in one line, without the file's name.
struct capture_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct captured_frame {
    std::span<const std::uint8_t> bytes; ///< valid until the next call of next()
    rtpsynth::time_point arrival;        ///< relative to the file's first packet
};

/// One pass over a file. Not copyable; one thread.
class capture {
public:
    /// Opens \p path, "-" being standard input. Throws capture_error if it cannot be read, is no
    /// capture, or has a link layer that is not understood.
    explicit capture(const std::string& path);
    /// The same for a stream that is open already, and closes it in the end.
    explicit capture(std::FILE* file);

    link_type link() const noexcept { return link_; }

    /// The next frame, or nothing at the end of the file. Throws capture_error where the file is
    /// damaged; nothing more can be read then.
    std::optional<captured_frame> next();

    /// Bytes read so far and in all; 0 of 0 if it is no regular file.
    std::uint64_t position() const noexcept;
    std::uint64_t size() const noexcept { return size_; }

private:
    struct closer {
        void operator()(pcap* p) const noexcept;
    };

    rtpsynth::time_point relative(std::int64_t seconds, std::int64_t nanoseconds) noexcept;

    std::unique_ptr<pcap, closer> pcap_;
    link_type link_ = link_type::ethernet;
    std::uint64_t size_ = 0;
    bool started_ = false;
    std::int64_t first_second_ = 0;
    std::int64_t first_nanosecond_ = 0;
};

} // namespace replay
