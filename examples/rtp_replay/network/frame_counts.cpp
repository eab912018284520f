#include "network/frame_counts.hpp"

namespace replay {
namespace {

using c = frame_counts;

constexpr count_text texts[] = {
    {&c::frames, "frames", nullptr, nullptr},
    {&c::udp, "udp_packets", nullptr, nullptr},
    {&c::cut_short, "cut_short", "UDP packet", "not captured to the end"},
    {&c::coalesced, "coalesced", "UDP packet",
     "of several RTP packets each (receive offload), taken apart; they share their arrival time"},
    {&c::coalesced_packets, "coalesced_packets", "RTP packet", "in those"},
    {&c::coalesced_not_captured, "coalesced_not_captured", "packet",
     "in those whose headers were not captured: they are missing"},
    {&c::coalesced_unclear, "coalesced_unclear", "UDP packet",
     "of several RTP packets as it seems, whose numbers do not fit; only the first of each counts"},
    {&c::fragments, "fragments", "IP fragment", "found"},
    {&c::reassembled, "reassembled", "IP datagram", "put together from fragments"},
    {&c::fragments_alone, "fragments_alone", "IP fragment",
     "used as far as they go: the capture has only first ones, as a filter by ports leaves them"},
    {&c::fragments_unused, "fragments_unused", "IP fragment",
     "passed over: the rest of the datagram is missing or does not fit"},
    {&c::tcp_segments, "tcp_segments", "TCP segment", "found"},
    {&c::tcp_packets, "tcp_packets", "packet",
     "framed in TCP connections; what else they carry is passed over, but for SIP"},
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
    {&c::a_msdu, "a_msdu", "802.11 frame", "of several in one (A-MSDU) taken apart"},
    {&c::esp, "esp", "IPsec packet", "passed over: encrypted"},
    {&c::encrypted_wlan, "encrypted_wlan", "802.11 frame", "passed over: encrypted"},
    {&c::icmp, "icmp", "ICMP packet", "passed over"},
    {&c::sctp, "sctp", "SCTP packet", "passed over"},
    {&c::other_ip, "other_ip", "packet", "of other IP protocols passed over"},
    {&c::not_ip, "not_ip", "frame", "without IP that is understood passed over"},
    {&c::unknown_link, "unknown_link", "frame", "of a link layer that is not understood"},
    {&c::too_deep, "too_deep", "frame", "of too many layers in one another passed over"},
    {&c::cut_headers, "cut_headers", "frame", "passed over: headers cut off by the snap length"},
    {&c::malformed, "malformed", "malformed packet", "passed over"},
};

} // namespace

std::span<const count_text> count_texts() noexcept { return texts; }

} // namespace replay
