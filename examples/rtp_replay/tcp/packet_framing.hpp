/// \file
/// Packets framed in a TCP connection.
#pragma once

#include "capture/packet_bytes.hpp"
#include "tcp/framing_kind.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace replay {

/// Told of what a connection carries.
class framing_listener {
public:
    /// A packet, and how many of its bytes the capture left out.
    virtual void framed_packet(packet_bytes packet) = 0;
    /// A message of TURN, or channel data.
    virtual void turn_message(packet_bytes message) = 0;
    /// The next bytes of a connection of SIP.
    virtual void sip_bytes(byte_span bytes) = 0;

protected:
    ~framing_listener() = default;
};

/// Finds out what one direction of a connection carries, wherever the capture begins; what is no
/// framing_kind is passed over. Holds at most 128 KB.
class packet_framing {
public:
    /// The next bytes, those of a segment; \p missing more follow that the capture has not.
    void add(byte_span bytes, std::size_t missing, framing_listener& listener);

    std::size_t held_memory() const noexcept { return held_.capacity(); }

private:
    // How many bytes are looked into before the connection is taken for something else.
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
