/// \file
/// What the frames of a capture turned out to be, counted.
#pragma once

#include <cstdint>
#include <set>
#include <span>

namespace replay {

/// A frame of several layers counts in several members, in each once a layer.
struct frame_counts {
    std::uint64_t frames = 0;
    std::uint64_t udp = 0;                    ///< UDP datagrams that are no tunnel's
    std::uint64_t cut_short = 0;              ///< of them, those whose end the capture left out
    std::uint64_t coalesced = 0;              ///< of them, those that hold several RTP packets
    std::uint64_t coalesced_packets = 0;      ///< RTP packets in those
    std::uint64_t coalesced_not_captured = 0; ///< more in those: the capture left out their headers
    std::uint64_t coalesced_unclear = 0; ///< as if coalesced, but for the numbers: left as they are
    std::uint64_t fragments = 0;         ///< of IP datagrams
    std::uint64_t reassembled = 0;       ///< IP datagrams put together from fragments
    std::uint64_t fragments_alone = 0;   ///< first ones, used as a datagram whose end is missing
    std::uint64_t fragments_unused = 0;  ///< whose datagrams could not be put together
    std::uint64_t tcp_segments = 0;
    std::uint64_t tcp_packets = 0;       ///< packets framed in TCP connections
    std::uint64_t tcp_missing_bytes = 0; ///< between bytes that were captured
    // One header more, stepped over:
    std::uint64_t mpls = 0, pppoe = 0, ip_in_ip = 0, gre = 0, vxlan = 0, geneve = 0, gtp_u = 0,
                  l2tp = 0, tzsp = 0, turn = 0, a_msdu = 0;
    // Not looked into:
    std::uint64_t esp = 0;            ///< IPsec, encrypted
    std::uint64_t encrypted_wlan = 0; ///< IEEE 802.11 frames with the Protected bit
    std::uint64_t icmp = 0, sctp = 0;
    std::uint64_t other_ip = 0;     ///< other protocols over IP
    std::uint64_t not_ip = 0;       ///< such as ARP, or IP in what is not understood
    std::uint64_t unknown_link = 0; ///< of a link layer that is not understood
    std::uint64_t too_deep = 0;     ///< more layers in one another than are followed
    std::uint64_t cut_headers = 0;  ///< the capture left out even headers
    std::uint64_t malformed = 0;    ///< lengths that contradict each other
};

/// What became of a capture's frames.
struct frame_report {
    frame_counts counts;
    std::set<std::uint32_t> unknown_link_types; ///< the first few, as the capture numbers them
};

/// How a member of frame_counts is told.
struct count_text {
    std::uint64_t frame_counts::*count;
    const char* key; ///< in JSON
    /// In the table: "1 NOUN REST" or "2 NOUNs REST"; null if it has a place there.
    const char* noun;
    const char* rest;
};

/// All members, in the order in which they are told.
std::span<const count_text> count_texts() noexcept;

} // namespace replay
