/// \file
/// The bodies of the SIP messages (RFC 3261) of a capture, over UDP and TCP.
#pragma once

#include "network/udp_packet.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace replay {

/// Where a SIP message ends, and its body.
struct sip_message {
    std::size_t size = 0;
    std::string_view body;
};

/// The message that \p text, of a stream, begins with; nothing if it begins with none, or ends
/// before it does. Without Content-Length it has no body (RFC 3261 §20.14 demands it of streams).
std::optional<sip_message> parse_sip(std::string_view text);
/// The body of a message that is a datagram, as far as it was captured; empty if it is none.
/// Without Content-Length it goes to the end (RFC 3261 §18.3).
std::string_view sip_body(std::string_view datagram);
/// Whether the first line of \p text is one of SIP.
bool begins_with_sip(std::string_view text);

/// Puts together SIP messages from the bytes of TCP connections. Memory is bounded: what waits for
/// its end is thrown away when there is too much of it.
class sip_over_tcp {
public:
    using body_handler = std::function<void(std::string_view body)>;

    /// The next bytes from \p source to \p destination, in order; calls \p handler for each message
    /// that is complete now.
    void receive(const endpoint& source, const endpoint& destination,
                 std::span<const std::uint8_t> bytes, const body_handler& handler);

private:
    // What has not come to its end yet, of each connection that has had SIP.
    std::map<std::pair<endpoint, endpoint>, std::string> waiting_;
    std::size_t bytes_ = 0; // of memory for waiting_, about
};

} // namespace replay
