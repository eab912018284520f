/// \file
/// One direction of a TCP connection: puts segments in order.
#pragma once

#include "capture/packet_bytes.hpp"

#include <rtpsynth/base/clock.hpp>

#include <cstdint>
#include <map>
#include <vector>

namespace replay {

/// Receives the bytes of a tcp_stream.
class byte_stream_listener {
public:
    /// The next bytes of a segment; \p missing bytes after them were not captured.
    virtual void next_bytes(byte_span bytes, std::size_t missing) = 0;
    /// A segment from before the first captured one.
    virtual void earlier_bytes(byte_span bytes, std::size_t missing) = 0;
    /// A new connection between the same addresses and ports begins.
    virtual void begins_anew() = 0;

protected:
    ~byte_stream_listener() = default;
};

/// Skips retransmitted bytes. Holds bytes after a gap for a second of capture time, or until there
/// are too many; then the gap's bytes are missing. Memory is bounded.
class tcp_stream {
public:
    static constexpr std::size_t most_held = 256 * 1024; ///< bytes

    /// A SYN: the byte after \p seq is the first.
    void begin(std::uint32_t seq, byte_stream_listener& listener);
    void add(std::uint32_t seq, const packet_bytes& payload, rtpsynth::time_point now,
             byte_stream_listener& listener);
    /// Ends the capture: delivers held bytes.
    void finish(byte_stream_listener& listener);

    std::size_t held_memory() const noexcept { return held_memory_; }

private:
    struct held {
        std::vector<std::uint8_t> bytes;
        std::size_t missing;
        rtpsynth::time_point arrival;
    };

    void start(std::uint32_t first) noexcept;
    void pass_on(packet_bytes payload, std::int64_t at, byte_stream_listener& listener);
    void pass_on_held(byte_stream_listener& listener);
    void give_up_gap(byte_stream_listener& listener);

    bool begun_ = false;
    bool from_beginning_ = false; // the capture has the connection's beginning
    std::int64_t first_ = 0;
    std::int64_t next_ = 0; // the next byte's position: its low 32 bits are the sequence number
    std::map<std::int64_t, held> held_;
    std::size_t held_memory_ = 0;
};

} // namespace replay
