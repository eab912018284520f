"""One stream through every kind of file, link layer and IP header that rtp_replay reads."""
import random
import struct

import pytest

from replay_tools import (ETHERNET, IPV4, IPV6, LOOP, NULL, RAW, SLL, SLL2, ethernet, ipv4, ipv6,
                          only_stream, over_ethernet, pcap, pcapng, replay_json, rtp, speech, udp)

PACKETS = speech(30, lost=(7, 8))


def tagged(*tags):
    """Wraps IPv4 in Ethernet with VLAN tags of these TPIDs."""
    def wrap(packet):
        for tpid, inner in reversed(list(zip(tags, [*tags[1:], 0x0800]))):
            packet = struct.pack("!HH", 100, inner) + packet
        return ethernet(packet, tags[0])
    return wrap


def sll(packet, protocol=0x0800):
    return struct.pack("!HHH8sH", 0, 1, 6, b"\2" * 8, protocol) + packet


def sll2(packet, protocol=0x0800):
    return struct.pack("!HHIHBB8s", protocol, 0, 1, 1, 0, 6, b"\2" * 8) + packet


LINKS = {
    "ethernet": (ETHERNET, ethernet),
    "ethernet padding": (ETHERNET, lambda p: ethernet(p) + b"\xaa" * 30),
    "vlan": (ETHERNET, tagged(0x8100)),
    "qinq": (ETHERNET, tagged(0x88a8, 0x8100)),
    "old qinq": (ETHERNET, tagged(0x9100, 0x8100)),
    "sll": (SLL, sll),
    "sll vlan": (SLL, lambda p: sll(b"\0\x64\x08\0" + p, 0x8100)),
    "sll2": (SLL2, sll2),
    "null little endian": (NULL, lambda p: b"\2\0\0\0" + p),
    "null big endian": (NULL, lambda p: b"\0\0\0\2" + p),
    "loop": (LOOP, lambda p: b"\0\0\0\2" + p),
    "raw": (RAW, lambda p: p),
    "raw ipv4": (IPV4, lambda p: p),
}
LINKS_V6 = {
    "ethernet": (ETHERNET, lambda p: ethernet(p, 0x86dd)),
    "sll": (SLL, lambda p: sll(p, 0x86dd)),
    "sll2": (SLL2, lambda p: sll2(p, 0x86dd)),
    "null linux": (NULL, lambda p: b"\x0a\0\0\0" + p),
    "null netbsd": (NULL, lambda p: b"\x18\0\0\0" + p),
    "null freebsd": (NULL, lambda p: b"\x1c\0\0\0" + p),
    "null macos": (NULL, lambda p: b"\0\0\0\x1e" + p),
    "raw": (RAW, lambda p: p),
    "raw ipv6": (IPV6, lambda p: p),
}


def expected(write):
    stream = only_stream(write(pcap(over_ethernet(PACKETS))))
    assert stream["packets"] == 28 and stream["lost"] == 2  # the yardstick itself
    return stream


@pytest.mark.parametrize("link", LINKS)
def test_every_link_layer_gives_the_same_stream(write, link):
    kind, wrap = LINKS[link]
    frames = [(when, wrap(ipv4(udp(packet)))) for when, packet in PACKETS]
    assert only_stream(write(pcap(frames, kind))) == expected(write)


def test_padding_of_a_short_frame_is_no_payload(write):
    events = [(1000 + 0.02 * i, rtp(i, 0, b"\1\x0a\0" + bytes([i + 1]), pt=101)) for i in range(9)]
    frames = [(when, frame.ljust(60, b"\0")) for when, frame in over_ethernet(events)]
    assert only_stream(write(pcap(frames)))["codec"] == "telephone-event"


@pytest.mark.parametrize("link", LINKS_V6)
def test_ipv6_over_every_link_layer(write, link):
    kind, wrap = LINKS_V6[link]
    frames = [(when, wrap(ipv6(udp(packet)))) for when, packet in PACKETS]
    stream = only_stream(write(pcap(frames, kind)))
    assert stream["source"] == {"address": "2001:db8::1", "port": 4000}
    assert stream["destination"] == {"address": "2001:db8::2", "port": 5004}
    assert {**stream, "source": 0, "destination": 0} == \
        {**expected(write), "source": 0, "destination": 0}


FRAMES = over_ethernet(PACKETS)


@pytest.mark.parametrize("content", [
    pcap(FRAMES, order=">"), pcap(FRAMES, nano=True), pcap(FRAMES, order=">", nano=True),
    pcapng(FRAMES)], ids=["big endian", "nanoseconds", "big endian nanoseconds", "pcapng"])
def test_every_file_format_gives_the_same_stream(write, content):
    assert only_stream(write(content)) == expected(write)


EXTENSIONS = {
    "hop-by-hop": lambda p: (0, b"\x11\0" + b"\0" * 6 + p),
    "long routing": lambda p: (43, b"\x11\2" + b"\0" * 22 + p),
    "destination options twice": lambda p: (60, b"\x3c\0" + b"\0" * 6 + b"\x11\0" + b"\0" * 6 + p),
    "authentication": lambda p: (51, b"\x11\4" + b"\0" * 22 + p),
    "atomic fragment": lambda p: (44, b"\x11\0\0\0\0\0\0\1" + p),
}


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_ipv6_extension_headers_are_stepped_over(write, extension):
    frames = []
    for when, packet in PACKETS:
        next_header, body = EXTENSIONS[extension](udp(packet))
        frames.append((when, ipv6(body, next_header)))
    assert only_stream(write(pcap(frames, RAW)))["packets"] == 28


def test_ipv4_options_are_stepped_over(write):
    frames = [(when, ipv4(udp(packet), options=b"\1" * 40)) for when, packet in PACKETS]
    assert only_stream(write(pcap(frames, RAW))) == expected(write)


def test_fragments_are_counted_and_passed_over(write):
    whole = [(when, ipv4(udp(packet))) for when, packet in PACKETS]
    pieces = [(2000, ipv4(udp(PACKETS[0][1]), fragment=0x2000)), (2000, ipv4(b"x" * 99, fragment=5)),
              (2000, ipv6(b"\x11\0\0\1\0\0\0\1" + b"x" * 99, 44))]
    result, status = replay_json(write(pcap(whole + pieces, RAW)))
    assert status == 0 and result["fragments"] == 3 and result["udp_packets"] == 28
    assert result["streams"][0] == expected(write)


def test_packets_cut_short_by_the_snap_length_count(write):
    # P is set and the padding is not in the capture: what is there in its place is no count of it.
    frames = [(when, ipv4(udp(b"\xa0" + packet[1:] + b"\0\0\0\4"))) for when, packet in PACKETS]
    result, status = replay_json(write(pcap(frames, RAW, snaplen=60)))
    assert status == 0 and result["cut_short"] == result["udp_packets"] == 28
    assert result["streams"][0] == expected(write)


def test_contradicting_lengths_are_malformed(write):
    good = ipv4(udp(rtp(1, 1)))
    bad = [good[:19], b"\x44" + good[1:], good[:24], good[:2] + b"\0\x13" + good[4:],
           good[:24] + b"\0\7" + good[26:], ipv6(b"\x11\xff" + b"\0" * 6, 0), ipv6(b"\x11", 60),
           ipv6(b"", 17)]
    result, status = replay_json(write(pcap([(0, frame) for frame in bad], RAW)))
    assert status == 1 and result["malformed"] == len(bad) and result["udp_packets"] == 0


def test_other_protocols_give_no_stream(write):
    frames = [ipv4(b"x" * 40, protocol=6), ipv6(b"x" * 40, 6), ipv6(b"x" * 40, 59), b"\x55" * 60, b""]
    result, status = replay_json(write(pcap([(0, frame) for frame in frames], RAW)))
    assert status == 1 and result["frames"] == len(frames)
    assert result["udp_packets"] == result["malformed"] == result["fragments"] == 0


def test_any_timestamp_or_damaged_byte_gives_a_report_or_an_error(write):
    rng = random.Random(1)
    clean = pcap(over_ethernet(speech(20)))
    for _ in range(100):
        damaged = bytearray(clean)
        for _ in range(rng.randint(1, 30)):
            damaged[rng.randrange(24, len(damaged))] = rng.randrange(256)
        result, status = replay_json("--max-delay", 50, write(damaged))
        assert status in (0, 1) and (status == 0) == (result["error"] is None)
