/// \file
/// Packets framed in a TCP connection.
#pragma once

#include "packet_bytes.hpp"

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

/// Finds out what one direction of a connection carries, wherever the capture begins: packets that
/// each follow their length in two bytes (RFC 4571), TURN messages (RFC 8656), RTSP with
/// interleaved packets (RFC 7826 §14), SIP, or something else, which is passed over. Holds no more
/// than one packet.
class packet_framing {
public:
    /// The next bytes; \p missing more follow that the capture has not.
    void add(byte_span bytes, std::size_t missing, framing_listener& listener);

    std::size_t held_memory() const noexcept { return held_.capacity(); }

private:
    enum class kind { unknown, rfc4571, turn, rtsp, sip };
    struct unit {
        std::size_t header = 0, body = 0, padding = 0; // in bytes
        std::size_t size() const noexcept { return header + body + padding; }
    };
    enum class reading { unit, too_few_bytes, no_unit };

    static kind kind_of(byte_span bytes) noexcept;
    reading read_unit(byte_span bytes, unit& u) const noexcept;
    byte_span parse(byte_span bytes, framing_listener& listener);
    void deliver(packet_bytes body, packet_bytes whole, framing_listener& listener) const;
    void gap(std::size_t missing, framing_listener& listener);

    kind kind_ = kind::unknown;
    std::vector<std::uint8_t> held_; // the beginning of a unit
};

} // namespace replay
