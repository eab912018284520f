/// \file
/// Packets framed in a TCP connection.
#pragma once

#include "capture/packet_bytes.hpp"
#include "tcp/framing_kind.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace replay {

/// Receives what a connection carries.
class framing_listener {
public:
    /// A packet; bytes at its end may not have been captured.
    virtual void framed_packet(packet_bytes packet) = 0;
    /// A TURN message or channel data.
    virtual void turn_message(packet_bytes message) = 0;
    /// The next bytes of a SIP connection.
    virtual void sip_bytes(byte_span bytes) = 0;

protected:
    ~framing_listener() = default;
};

/// Recognises what one direction of a connection carries, wherever the capture begins, and splits
/// it into packets; skips everything else. Holds at most 128 KB.
class packet_framing {
public:
    /// The bytes of the next segment; \p missing bytes after them were not captured.
    void add(byte_span bytes, std::size_t missing, framing_listener& listener);

    std::size_t held_memory() const noexcept { return held_.capacity(); }

private:
    // Bytes to examine before the connection is taken for something else.
    static constexpr std::size_t search_at_most = 256 * 1024;

    byte_span find_kind(byte_span bytes) noexcept;
    byte_span parse(byte_span bytes, framing_listener& listener);
    bool goes_on(byte_span bytes) const noexcept;
    void deliver(packet_bytes unit, const framed_unit& sizes, framing_listener& listener) const;
    void gap(std::size_t missing, framing_listener& listener);

    framing_kind kind_ = framing_kind::unknown;
    std::size_t search_left_ = search_at_most;
    std::vector<std::uint8_t> held_; // the beginning of a unit, or of what may be one
};

} // namespace replay
