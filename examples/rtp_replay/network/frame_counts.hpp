/// \file
/// Counts of what the frames of a capture contained.
#pragma once

#include <cstdint>
#include <set>
#include <span>

namespace replay {

/// A frame counts once for each of its layers.
struct frame_counts {
    std::uint64_t frames = 0;
    std::uint64_t udp = 0;                    ///< UDP datagrams other than tunnels
    std::uint64_t cut_short = 0;              ///< of them, those captured incompletely
    std::uint64_t coalesced = 0;              ///< of them, those with several RTP packets
    std::uint64_t coalesced_packets = 0;      ///< RTP packets in those
    std::uint64_t coalesced_not_captured = 0; ///< further ones: headers not captured
    std::uint64_t coalesced_unclear = 0;      ///< like coalesced, but numbers do not fit: not split
    std::uint64_t fragments = 0;              ///< of IP datagrams
    std::uint64_t reassembled = 0;            ///< IP datagrams
    std::uint64_t fragments_alone = 0;        ///< first fragments used as truncated datagrams
    std::uint64_t fragments_unused = 0;       ///< of datagrams that could not be reassembled
    std::uint64_t tcp_segments = 0;
    std::uint64_t tcp_packets = 0;       ///< packets framed in TCP connections
    std::uint64_t tcp_missing_bytes = 0; ///< gaps in the captured bytes
    // Encapsulations that were decoded:
    std::uint64_t mpls = 0, pppoe = 0, ip_in_ip = 0, gre = 0, vxlan = 0, geneve = 0, gtp_u = 0,
                  l2tp = 0, tzsp = 0, turn = 0, a_msdu = 0;
    // Not decoded:
    std::uint64_t esp = 0;            ///< IPsec, encrypted
    std::uint64_t encrypted_wlan = 0; ///< IEEE 802.11 frames with the Protected bit
    std::uint64_t icmp = 0, sctp = 0;
    std::uint64_t other_ip = 0;     ///< other protocols over IP
    std::uint64_t not_ip = 0;       ///< such as ARP, or IP in an unsupported encapsulation
    std::uint64_t unknown_link = 0; ///< of an unsupported link layer
    std::uint64_t too_deep = 0;     ///< more nested layers than are decoded
    std::uint64_t cut_headers = 0;  ///< headers not captured completely
    std::uint64_t malformed = 0;    ///< lengths that contradict each other
};

/// The results of decoding a capture's frames.
struct frame_report {
    frame_counts counts;
    std::set<std::uint32_t> unknown_link_types; ///< the first few, by LINKTYPE_ value
};

/// How a member of frame_counts is reported.
struct count_text {
    std::uint64_t frame_counts::*count;
    const char* key; ///< in JSON
    /// In the notes below the table: "1 NOUN REST" or "2 NOUNs REST"; null for those above the
    /// table.
    const char* noun;
    const char* rest;
};

/// All members, in the order of the report.
std::span<const count_text> count_texts() noexcept;

} // namespace replay
