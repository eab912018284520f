/// \file
/// Writing a pcap file, of packets that begin with their IP header (LINKTYPE_RAW).
#pragma once

#include <boost/asio/ip/udp.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace relay {

/// The most bytes that a record adds to its datagram.
inline constexpr std::size_t pcap_overhead = 16 + 40 + 8;

void append_pcap_header(std::vector<std::uint8_t>& out);

/// Appends a datagram of UDP with the headers that it had. \p from and \p to are of one family, and
/// \p payload is no longer than a datagram can be.
void append_pcap_record(std::vector<std::uint8_t>& out, std::chrono::system_clock::time_point at,
                        const boost::asio::ip::udp::endpoint& from,
                        const boost::asio::ip::udp::endpoint& to,
                        std::span<const std::uint8_t> payload);

} // namespace relay
