#include "network/frame_counts.hpp"

namespace replay {
namespace {

using c = frame_counts;

constexpr count_text texts[] = {
    {&c::frames, "frames", nullptr, nullptr},
    {&c::udp, "udp_packets", nullptr, nullptr},
    {&c::cut_short, "cut_short", "UDP packet", "not captured to the end"},
    {&c::coalesced, "coalesced", "UDP packet",
     "of several RTP packets each (receive offload), split; the parts share their arrival time"},
    {&c::coalesced_packets, "coalesced_packets", "RTP packet", "in those"},
    {&c::coalesced_not_captured, "coalesced_not_captured", "packet",
     "in those whose headers were not captured: missing"},
    {&c::coalesced_unclear, "coalesced_unclear", "UDP packet",
     "that may be several RTP packets, but whose numbers do not fit; only the first of each "
     "counts"},
    {&c::fragments, "fragments", "IP fragment", "found"},
    {&c::reassembled, "reassembled", "IP datagram", "reassembled from fragments"},
    {&c::fragments_alone, "fragments_alone", "IP fragment",
     "used as truncated datagrams: the capture has only first fragments, as if filtered by port"},
    {&c::fragments_unused, "fragments_unused", "IP fragment",
     "skipped: the rest of the datagram is missing or does not fit"},
    {&c::tcp_segments, "tcp_segments", "TCP segment", "found"},
    {&c::tcp_packets, "tcp_packets", "packet",
     "framed in TCP connections; other contents but SIP are skipped"},
    {&c::tcp_missing_bytes, "tcp_missing_bytes", "byte", "of TCP connections not captured"},
    {&c::mpls, "mpls", "MPLS packet", "unwrapped"},
    {&c::pppoe, "pppoe", "PPPoE packet", "unwrapped"},
    {&c::ip_in_ip, "ip_in_ip", "IP-in-IP packet", "unwrapped"},
    {&c::gre, "gre", "GRE packet", "unwrapped"},
    {&c::vxlan, "vxlan", "VXLAN packet", "unwrapped"},
    {&c::geneve, "geneve", "Geneve packet", "unwrapped"},
    {&c::gtp_u, "gtp_u", "GTP-U packet", "unwrapped"},
    {&c::l2tp, "l2tp", "L2TP packet", "unwrapped"},
    {&c::tzsp, "tzsp", "TZSP packet", "unwrapped"},
    {&c::turn, "turn", "TURN packet", "unwrapped"},
    {&c::a_msdu, "a_msdu", "802.11 frame", "with several frames in one (A-MSDU) split"},
    {&c::esp, "esp", "IPsec packet", "skipped: encrypted"},
    {&c::encrypted_wlan, "encrypted_wlan", "802.11 frame", "skipped: encrypted"},
    {&c::icmp, "icmp", "ICMP packet", "skipped"},
    {&c::sctp, "sctp", "SCTP packet", "skipped"},
    {&c::other_ip, "other_ip", "packet", "of other IP protocols skipped"},
    {&c::not_ip, "not_ip", "frame", "skipped: no IP in them, or in an unsupported encapsulation"},
    {&c::unknown_link, "unknown_link", "frame", "of an unsupported link layer"},
    {&c::too_deep, "too_deep", "frame", "skipped: too many nested layers"},
    {&c::cut_headers, "cut_headers", "frame", "skipped: headers cut off by the snap length"},
    {&c::malformed, "malformed", "malformed packet", "skipped"},
};

} // namespace

std::span<const count_text> count_texts() noexcept { return texts; }

} // namespace replay
