/// \file
/// Finds the bodies of SIP messages (RFC 3261) over UDP and TCP.
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

/// Size and body of a SIP message.
struct sip_message {
    std::size_t size = 0;
    std::string_view body;
};

/// The message at the beginning of \p text, which comes from a stream; nothing if there is none or
/// it is incomplete. Without Content-Length, which RFC 3261 §20.14 requires of streams, it has no
/// body.
std::optional<sip_message> parse_sip(std::string_view text);
/// The body of a message in a datagram, as far as it was captured; empty if it is not SIP. Without
/// Content-Length it extends to the end (RFC 3261 §18.3).
std::string_view sip_body(std::string_view datagram);
/// Whether \p text begins with a SIP start line.
bool begins_with_sip(std::string_view text);

/// Reassembles SIP messages from the bytes of TCP connections. Memory is bounded: incomplete
/// messages are dropped when there are too many.
class sip_over_tcp {
public:
    using body_handler = std::function<void(std::string_view body)>;

    /// Takes the next bytes from \p source to \p destination; calls \p handler for each message
    /// that they complete.
    void receive(const endpoint& source, const endpoint& destination,
                 std::span<const std::uint8_t> bytes, const body_handler& handler);

private:
    // The incomplete message of each connection with SIP.
    std::map<std::pair<endpoint, endpoint>, std::string> waiting_;
    std::size_t bytes_ = 0; // of memory for waiting_, approximately
};

} // namespace replay
