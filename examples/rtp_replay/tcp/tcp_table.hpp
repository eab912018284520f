/// \file
/// The TCP connections of a capture.
#pragma once

#include "network/ip_packet.hpp"
#include "network/udp_packet.hpp"
#include "tcp/packet_framing.hpp"
#include "tcp/tcp_stream.hpp"

#include <compare>
#include <cstdint>
#include <list>
#include <map>

namespace replay {

/// Receives what TCP connections carry.
class tcp_listener {
public:
    /// A packet framed in a connection; with a TURN header if \p turn.
    virtual void tcp_packet(const endpoint& source, const endpoint& destination,
                            packet_bytes packet, bool turn) = 0;
    /// The next bytes of a SIP connection, in order.
    virtual void sip_bytes(const endpoint& source, const endpoint& destination,
                           byte_span bytes) = 0;
    /// Bytes that were not captured, or came too late.
    virtual void tcp_bytes_missing(std::uint64_t count) = 0;

protected:
    ~tcp_listener() = default;
};

/// Each direction is a stream. The least recently used one is dropped when there are too many or
/// they hold too much: memory is bounded.
class tcp_table {
public:
    static constexpr std::size_t most_streams = 4096;
    static constexpr std::size_t most_memory = 16 * 1024 * 1024; ///< bytes

    /// Takes a segment. Returns false if its header is incomplete or malformed.
    bool add(const ip_packet& segment, rtpsynth::time_point now, tcp_listener& listener);
    /// Ends the capture: delivers held bytes.
    void finish(tcp_listener& listener);

private:
    struct key {
        endpoint source, destination;

        auto operator<=>(const key&) const = default;
    };
    struct stream {
        key id;
        tcp_stream bytes;
        packet_framing framing;
        std::size_t memory = 0;
    };
    class passer;

    std::list<stream>::iterator stream_of(const key& id);
    void account(stream& s) noexcept;
    void forget_oldest(tcp_listener& listener);

    std::list<stream> streams_; // the least recently used first
    std::map<key, std::list<stream>::iterator> by_key_;
    std::size_t memory_ = 0;
};

} // namespace replay
