"""One stream through every tunnel that rtp_replay looks into, alone and in one another."""
import struct

import pytest

from replay_tools import (ETHERNET, RAW, SLL2, ethernet, ipv4, ipv6, only_stream, over_ethernet,
                          pcap, replay, replay_json, speech, tshark_streams, udp)

PACKETS = speech(30, lost=(7, 8))


def vxlan(frame, flags=0x08, port=4789):
    return udp(struct.pack("!II", flags << 24, 42 << 8) + frame, 20530, port)


def gre(payload, protocol, flags=0, fields=b""):
    return struct.pack("!HH", flags, protocol) + fields + payload


def erspan2(frame):
    return gre(struct.pack("!HHI", 0x1000, 1, 0) + frame, 0x88be, 0x1000, b"\0\0\0\7")


def erspan3(frame, subheader=False):
    header = struct.pack("!HHIHH", 0x2000, 1, 99, 0, 1 if subheader else 0)
    return gre(header + (b"\1" * 8 if subheader else b"") + frame, 0x22eb, 0x1000, b"\0\0\0\7")


def geneve(payload, protocol, options=b""):
    return udp(struct.pack("!BBHI", len(options) // 4, 0, protocol, 42 << 8) + options + payload,
               20530, 6081)


def gtp(packet, flags=0x30, fields=b"", port=2152):
    return udp(struct.pack("!BBHI", flags, 255, len(fields + packet), 7) + fields + packet, 2152,
               port)


def mpls(payload, *labels):
    stack = b"".join(struct.pack("!I", label << 12 | (i == len(labels) - 1) << 8 | 64)
                     for i, label in enumerate(labels))
    return stack + payload


def pppoe(packet, protocol=b"\0\x21"):
    body = protocol + packet
    return struct.pack("!BBHH", 0x11, 0, 9, len(body)) + body


def l2tp(packet, flags=0x0002, fields=struct.pack("!HH", 1, 2)):
    return udp(struct.pack("!H", flags) + fields + b"\xff\3\0\x21" + packet, 1701, 1701)


def tzsp(frame):
    return udp(b"\1\0\0\1" + b"\x0a\1\xcc" + b"\0" + b"\1" + frame, 40000, 37008)


MAC = b"\x02" * 6
# What counts it, and what makes an IP packet of one; below, a frame of Ethernet.
TUNNELS = {
    "ip in ip": ("ip_in_ip", lambda p: ipv4(p, protocol=4)),
    "ip in ipv6": ("ip_in_ip", lambda p: ipv6(p, 4)),
    "ipv6 in ip": ("ip_in_ip", lambda p: ipv4(p, protocol=41)),
    "gre": ("gre", lambda p: ipv4(gre(p, 0x0800), protocol=47)),
    "gre with everything": ("gre", lambda p: ipv4(gre(p, 0x0800, 0xb000, b"\0" * 12), protocol=47)),
    "gre over ipv6": ("gre", lambda p: ipv6(gre(p, 0x0800), 47)),
    "gre with ethernet": ("gre", lambda p: ipv4(gre(ethernet(p), 0x6558, 0x2000, b"\0\0\0\1"),
                                                protocol=47)),
    "gre with mpls": ("gre", lambda p: ipv4(gre(mpls(p, 16), 0x8847), protocol=47)),
    "gre with ppp": ("gre", lambda p: ipv4(gre(b"\xff\3\0\x21" + p, 0x880b, 0x3081, b"\0" * 12),
                                           protocol=47)),
    "erspan I": ("gre", lambda p: ipv4(gre(ethernet(p), 0x88be), protocol=47)),
    "erspan II": ("gre", lambda p: ipv4(erspan2(ethernet(p)), protocol=47)),
    "erspan III": ("gre", lambda p: ipv4(erspan3(ethernet(p)), protocol=47)),
    "erspan III subheader": ("gre", lambda p: ipv4(erspan3(ethernet(p), True), protocol=47)),
    "vxlan": ("vxlan", lambda p: ipv4(vxlan(ethernet(p)))),
    "vxlan over ipv6": ("vxlan", lambda p: ipv6(vxlan(ethernet(p)))),
    "vxlan of linux": ("vxlan", lambda p: ipv4(vxlan(ethernet(p), port=8472))),
    "vxlan elsewhere": ("vxlan", lambda p: ipv4(vxlan(ethernet(p), port=9999))),
    "vxlan with policy": ("vxlan", lambda p: ipv4(vxlan(ethernet(p), flags=0x88))),
    "vxlan gpe": ("vxlan", lambda p: ipv4(udp(b"\x0c\0\0\1\0\0\1\0" + p, 1, 4790))),
    "vlan in vxlan": ("vxlan", lambda p: ipv4(vxlan(ethernet(b"\0\7\x08\0" + p, 0x8100)))),
    "geneve": ("geneve", lambda p: ipv4(geneve(ethernet(p), 0x6558))),
    "geneve with options": ("geneve", lambda p: ipv4(geneve(p, 0x0800, b"\0\1\2\3" * 5))),
    "gtp-u": ("gtp_u", lambda p: ipv4(gtp(p))),
    "gtp-u sequence": ("gtp_u", lambda p: ipv4(gtp(p, 0x32, b"\0\1\0\0"))),
    "gtp-u extension": ("gtp_u", lambda p: ipv4(gtp(p, 0x34, b"\0\0\0\x85\1\x10\x05\0"))),
    "gtp-u extensions": ("gtp_u", lambda p: ipv4(gtp(
        p, 0x36, b"\0\1\0\xc0\1\0\1\x85\2\0\1\2\3\4\5\0"))),
    "gtp-u elsewhere": ("gtp_u", lambda p: ipv4(gtp(p, port=9999))),
    "l2tp": ("l2tp", lambda p: ipv4(l2tp(p))),
    "l2tp with everything": ("l2tp", lambda p: ipv4(l2tp(
        p, 0x4a02, struct.pack("!HHHHHH", len(p) + 20, 1, 2, 3, 4, 2) + b"\0\0"))),
    "tzsp": ("tzsp", lambda p: ipv4(tzsp(ethernet(p)))),
    "mpls in ip": ("mpls", lambda p: ipv4(mpls(p, 16, 17), protocol=137)),
    "mpls in udp": ("mpls", lambda p: ipv4(udp(mpls(p, 16), 1, 6635))),
    "vxlan in gre in ipv6": ("vxlan", lambda p: ipv6(gre(ipv4(vxlan(ethernet(p))), 0x0800), 47)),
}
# Of these tshark does not know what they are without being told.
UNKNOWN_TO_TSHARK = {"vxlan elsewhere", "vxlan of linux", "gtp-u elsewhere",
                     "mpls without control word"}
FRAMES = {
    "mpls": ("mpls", lambda p: ethernet(mpls(p, 16), 0x8847)),
    "mpls stack": ("mpls", lambda p: ethernet(mpls(p, 16, 17, 18), 0x8847)),
    "mpls pseudowire": ("mpls", lambda p: ethernet(mpls(b"\0" * 4 + ethernet(p), 16), 0x8847)),
    "mpls without control word": ("mpls", lambda p: ethernet(mpls(ethernet(p), 16), 0x8847)),
    "pppoe": ("pppoe", lambda p: ethernet(pppoe(p), 0x8864)),
    "pppoe one byte": ("pppoe", lambda p: ethernet(pppoe(p, b"\x21"), 0x8864)),
    "pppoe in vlan": ("pppoe", lambda p: ethernet(b"\0\7\x88\x64" + pppoe(p), 0x8100)),
    "pppoe in qinq": ("pppoe", lambda p: ethernet(b"\0\7\x81\0\0\7\x88\x64" + pppoe(p), 0x88a8)),
    "pppoe with padding": ("pppoe", lambda p: ethernet(pppoe(p), 0x8864) + b"\xee" * 20),
    "802.2 snap": ("mpls", lambda p: MAC * 2 + b"\0\xd0\xaa\xaa\3\0\0\0\x88\x47" + mpls(p, 16)),
}


@pytest.fixture
def expected(write):
    stream = only_stream(write(pcap(over_ethernet(PACKETS))))
    assert stream["packets"] == 28 and stream["missing"] == 2  # the yardstick itself
    return stream


def check(path, expected, count, with_tshark=True):
    result, status = replay_json(path)
    assert status == 0 and result["streams"] == [expected]
    assert result[count] == 28 == result["udp_packets"]
    assert f"28 {count.replace('_', '-')} packets unwrapped." in replay(path).stdout.lower()
    if with_tshark:
        ((packets, _, _, _),) = tshark_streams(path).values()
        assert packets == 28


@pytest.mark.parametrize("tunnel", TUNNELS)
def test_every_tunnel_gives_the_same_stream(write, expected, tunnel):
    count, wrap = TUNNELS[tunnel]
    frames = [(when, wrap(ipv4(udp(packet)))) for when, packet in PACKETS]
    if tunnel == "ipv6 in ip":
        frames = [(when, wrap(ipv6(udp(packet)))) for when, packet in PACKETS]
        expected = {**expected, "source": {"address": "2001:db8::1", "port": 4000},
                    "destination": {"address": "2001:db8::2", "port": 5004}}
    check(write(pcap(frames, RAW)), expected, count, tunnel not in UNKNOWN_TO_TSHARK)


@pytest.mark.parametrize("layer", FRAMES)
def test_every_layer_below_ip_gives_the_same_stream(write, expected, layer):
    count, wrap = FRAMES[layer]
    frames = [(when, wrap(ipv4(udp(packet)))) for when, packet in PACKETS]
    check(write(pcap(frames, ETHERNET)), expected, count, layer not in UNKNOWN_TO_TSHARK)


def test_ipv6_in_a_tunnel(write):
    frames = [(when, ipv4(gre(ipv6(udp(packet)), 0x86dd), protocol=47)) for when, packet in PACKETS]
    stream = only_stream(write(pcap(frames, RAW)))
    assert stream["packets"] == 28 and stream["source"]["address"] == "2001:db8::1"


def test_vlan_on_any(write, expected):
    frames = [(when, struct.pack("!HHIHBB8s", 0x8100, 0, 1, 1, 0, 6, b"\2" * 8) + b"\0\7\x08\0" +
               ipv4(udp(packet))) for when, packet in PACKETS]
    assert only_stream(write(pcap(frames, SLL2))) == expected


def turn_data(packet, kind=0x0017):
    pad = b"\0" * (-len(packet) % 4)
    body = struct.pack("!HH", 0x0012, 8) + b"\0\1\x21\x12\x21\x12\xa4\x42" + \
        struct.pack("!HH", 0x0013, len(packet)) + packet + pad
    return struct.pack("!HHI12s", kind, len(body), 0x2112a442, b"t" * 12) + body


TURN = {
    "channel data": lambda p: struct.pack("!HH", 0x4001, len(p)) + p,
    "last channel": lambda p: struct.pack("!HH", 0x4fff, len(p)) + p,
    "padded channel data": lambda p: struct.pack("!HH", 0x4001, len(p)) + p + b"\0",
    "data indication": turn_data,
    "send indication": lambda p: turn_data(p, 0x0016),
}


@pytest.mark.parametrize("wrap", TURN.values(), ids=TURN)
def test_turn(write, wrap):
    packets = [(when, packet[:-1]) for when, packet in PACKETS]
    plain = only_stream(write(pcap(over_ethernet(packets))))
    path = write(pcap(over_ethernet([(when, wrap(packet)) for when, packet in packets])))
    result, status = replay_json(path)
    assert status == 0 and result["streams"] == [plain]
    assert result["turn"] == result["udp_packets"] == 28
    assert "28 TURN packets unwrapped." in replay(path).stdout


def test_media_on_the_port_of_a_tunnel_is_media(write):
    for port in (2152, 4789, 4790, 6081, 8472, 1701, 6635, 37008):
        frames = over_ethernet(PACKETS, dport=port, sport=port)
        assert only_stream(write(pcap(frames)))["packets"] == 28


def test_protocols_that_are_not_tunnels_are_reported(write):
    good = over_ethernet(PACKETS)
    frames = {
        "esp": ipv4(b"x" * 40, protocol=50), "icmp": ipv4(b"x" * 40, protocol=1),
        "sctp": ipv4(b"x" * 40, protocol=132), "other_ip": ipv4(b"x" * 40, protocol=200),
        "tcp_segments": ipv4(b"x" * 12 + b"\x50" + b"\0" * 30, protocol=6)}
    others = [(2000, ethernet(packet)) for packet in frames.values()] + \
        [(2000, ethernet(b"\0" * 40, 0x0806))]
    path = write(pcap(good + others * 3))
    result, status = replay_json(path)
    assert status == 0 and result["streams"][0]["packets"] == 28
    for count in [*frames, "not_ip"]:
        assert result[count] == 3
    text = replay(path).stdout
    for words in ("3 IPsec packets skipped: encrypted.", "3 ICMP packets", "3 SCTP packets",
                  "3 packets of other IP protocols", "3 TCP segments", "3 frames skipped: no IP"):
        assert words in text


def test_tunnels_in_tunnels_have_an_end(write):
    def nested(depth, packet):
        return packet if depth == 0 else ipv4(nested(depth - 1, packet), protocol=4)
    for depth, deep in ((10, False), (500, True)):
        frames = [(when, nested(depth, ipv4(udp(packet)))) for when, packet in PACKETS]
        result, status = replay_json(write(pcap(frames, RAW)))
        assert (status == 1) == deep and result["too_deep"] == (28 if deep else 0)


def test_cut_by_the_snap_length(write):
    frames = [(when, ipv4(vxlan(ethernet(ipv4(udp(packet)))))) for when, packet in PACKETS]
    headers = len(frames[0][1]) - 160
    for snaplen, key in ((headers, "cut_short"), (headers - 15, "cut_headers"),
                         (25, "cut_headers")):
        result, status = replay_json(write(pcap(frames, RAW, snaplen=snaplen)))
        assert (status == 0) == (snaplen == headers) and result[key] == 28
