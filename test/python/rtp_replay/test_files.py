"""One stream through every kind of capture file: sections, interfaces, byte orders, gzip."""
import gzip
import struct
import subprocess

import pytest

from replay_tools import (CAPTURES, ETHERNET, NULL, RAW, REPLAY, SIP_TESTER, SLL2, ipv4,
                          only_stream, over_ethernet, pcap, replay, replay_json, speech, udp)

PACKETS = speech(30, lost=(7, 8))
FRAMES = over_ethernet(PACKETS)


class Pcapng:
    """Writes blocks in a byte order."""

    def __init__(self, order="<"):
        self.order = order

    def pack(self, form, *values):
        return struct.pack(self.order + form, *values)

    def block(self, kind, body):
        body += b"\0" * (-len(body) % 4)
        size = self.pack("I", len(body) + 12)
        return self.pack("I", kind) + size + body + size

    def option(self, code, value):
        return self.pack("HH", code, len(value)) + value + b"\0" * (-len(value) % 4)

    def section(self, options=b"", length=-1):
        return self.block(0x0a0d0d0a, self.pack("IHHq", 0x1a2b3c4d, 1, 0, length) + options)

    def interface(self, link=ETHERNET, snaplen=65535, options=b""):
        return self.block(1, self.pack("HHI", link, 0, snaplen) + options)

    def enhanced(self, when, frame, interface=0, rate=10**6, snaplen=65535, options=b""):
        ticks, kept = round(when * rate), frame[:snaplen]
        return self.block(6, self.pack("IIIII", interface, ticks >> 32, ticks & 0xffffffff,
                                       len(kept), len(frame)) +
                          kept + b"\0" * (-len(kept) % 4) + options)

    def obsolete(self, when, frame, interface=0):
        ticks = round(when * 10**6)
        return self.block(2, self.pack("HHIIII", interface, 3, ticks >> 32, ticks & 0xffffffff,
                                       len(frame), len(frame)) + frame)

    def simple(self, frame, snaplen=65535):
        return self.block(3, self.pack("I", len(frame)) + frame[:snaplen])

    def tsresol(self, value):
        return self.option(9, bytes([value]))

    def tsoffset(self, seconds):
        return self.option(14, self.pack("q", seconds))


L, B = Pcapng("<"), Pcapng(">")
MIDDLE = len(FRAMES) // 2


def section(writer, frames, **kwargs):
    return writer.section() + writer.interface() + \
        b"".join(writer.enhanced(when, frame, **kwargs) for when, frame in frames)


def raw(frame):
    return frame[14:]


FILES = {
    "little endian": section(L, FRAMES),
    "big endian": section(B, FRAMES),
    "little, then big endian": section(L, FRAMES[:MIDDLE]) + section(B, FRAMES[MIDDLE:]),
    "big, then little endian": section(B, FRAMES[:MIDDLE]) + section(L, FRAMES[MIDDLE:]),
    "obsolete packets": L.section() + L.interface() + b"".join(L.obsolete(*f) for f in FRAMES),
    "two link types": L.section() + L.interface() + L.interface(RAW) + b"".join(
        L.enhanced(when, raw(frame) if i % 2 else frame, i % 2)
        for i, (when, frame) in enumerate(FRAMES)),
    "two snap lengths": L.section() + L.interface(snaplen=262144) + L.interface(snaplen=0) +
        b"".join(L.enhanced(*f, i % 2) for i, f in enumerate(FRAMES)),
    "an interface described later": L.section() + L.interface() +
        b"".join(L.enhanced(*f) for f in FRAMES[:MIDDLE]) + L.interface(NULL) +
        b"".join(L.enhanced(when, b"\2\0\0\0" + raw(frame), 1) for when, frame in FRAMES[MIDDLE:]),
    "another link type in another section": section(L, FRAMES[:MIDDLE]) + B.section() +
        B.interface(RAW) + b"".join(B.enhanced(when, raw(f)) for when, f in FRAMES[MIDDLE:]),
    "nanoseconds": L.section() + L.interface(options=L.tsresol(9)) +
        b"".join(L.enhanced(*f, rate=10**9) for f in FRAMES),
    "milliseconds, big endian": B.section() + B.interface(options=B.tsresol(3)) +
        b"".join(B.enhanced(*f, rate=10**3) for f in FRAMES),
    "picoseconds": L.section() + L.interface(options=L.tsresol(12)) +
        b"".join(L.enhanced(*f, rate=10**12) for f in FRAMES),
    "a power of two": L.section() + L.interface(options=L.tsresol(0x80 | 30)) +
        b"".join(L.enhanced(*f, rate=2**30) for f in FRAMES),
    "an offset": L.section() + L.interface(options=L.option(2, b"eth0") + L.tsoffset(900)) +
        b"".join(L.enhanced(when - 900, frame) for when, frame in FRAMES),
    "an offset of one interface": L.section() + L.interface() +
        L.interface(options=L.tsoffset(-(10**9))) +
        b"".join(L.enhanced(when + (i % 2) * 10**9, frame, i % 2)
                 for i, (when, frame) in enumerate(FRAMES)),
    "resolutions of two interfaces": L.section() + L.interface(options=L.tsresol(9)) +
        L.interface(options=L.tsresol(4) + L.option(0, b"") + L.tsresol(1)) +
        b"".join(L.enhanced(*f, i % 2, rate=10**(4 if i % 2 else 9))
                 for i, f in enumerate(FRAMES)),
    "other blocks and options": L.section(L.option(1, b"a comment")) + L.block(4, b"names" * 99) +
        L.interface(options=L.option(1, b"x" * 999)) + L.block(0x80001234, b"") +
        b"".join(L.enhanced(*f, options=L.option(1, b"y" * (i % 5))) + L.block(5, b"statistics")
                 for i, f in enumerate(FRAMES)),
    "gzip of pcap": gzip.compress(pcap(FRAMES)),
    "gzip of pcapng": gzip.compress(section(B, FRAMES)),
    "gzip in members": b"".join(gzip.compress(part) for part in (
        pcap(FRAMES)[:1000], b"", pcap(FRAMES)[1000:])),
    "gzip and something behind it": gzip.compress(pcap(FRAMES)) + b"\0" * 512,
    "gzip not compressed": gzip.compress(pcap(FRAMES), 0),
    "records of a patched libpcap": b"\x34\xcd\xb2\xa1" + pcap([])[4:] + b"".join(
        struct.pack("<IIIIIHBB", int(when), round(when % 1 * 10**6), len(f), len(f), 1, 0, 0, 0) + f
        for when, f in FRAMES),
    "a check sequence's length beside the link type": pcap(FRAMES)[:20] + b"\1\0\0\x24" +
        pcap(FRAMES)[24:],
}


@pytest.fixture
def expected(write):
    stream = only_stream(write(pcap(FRAMES)))
    assert stream["packets"] == 28 and stream["missing"] == 2  # the yardstick itself
    return stream


@pytest.mark.parametrize("name", FILES)
def test_every_file_gives_the_same_stream(write, expected, name):
    assert only_stream(write(FILES[name])) == expected


@pytest.mark.parametrize("name", FILES)
def test_standard_input_as_well(write, expected, name):
    with open(write(FILES[name]), "rb") as file:
        run = replay("--json", "-", stdin=file)
    assert run.returncode == 0 and '"packets": 28' in run.stdout


def test_a_pipe(expected):
    run = subprocess.run([REPLAY, "--json", "-"], input=FILES["gzip of pcapng"],
                         capture_output=True)
    assert run.returncode == 0 and b'"packets": 28' in run.stdout


def test_simple_packets_have_no_time(write):
    content = L.section() + L.interface(snaplen=100) + \
        b"".join(L.simple(frame, 100) for _, frame in FRAMES)
    stream = only_stream(write(content))
    assert stream["packets"] == 28 and stream["duration_s"] == 0
    result, _ = replay_json(write(content))
    assert result["cut_short"] == 28


def test_a_file_that_is_cut_off_is_told_as_far_as_it_goes(write):
    for content in (section(L, FRAMES), section(B, FRAMES)):
        size = (len(content) - 48) // 28
        for cut in range(48, len(content), 41):
            frames, left = divmod(cut - 48, size)
            result, status = replay_json(write(content[:cut]))
            # The frame is there before the end of its block is.
            assert result["frames"] in (frames, frames + 1)
            if left:
                assert status == 1 and "ends early, after" in result["error"]


def test_gzip_that_is_cut_off_or_damaged_is_told_as_far_as_it_goes(write):
    whole = gzip.compress(pcap(over_ethernet(speech(2000))))
    result, status = replay_json(write(whole[:len(whole) // 2]))
    assert status == 1 and "the compressed data ends early" in result["error"]
    assert 300 < result["streams"][0]["packets"] < 1700
    result, status = replay_json(write(whole[:-1]))
    assert status == 1 and result["streams"][0]["packets"] == 2000
    damaged = bytearray(whole)
    damaged[len(whole) // 2:len(whole) // 2 + 9] = b"\xff" * 9
    result, status = replay_json(write(damaged))
    assert status == 1 and "damaged" in result["error"]
    assert 300 < result["streams"][0]["packets"] < 1700


@pytest.mark.parametrize("content, reason", [
    (b"\n\r\r\n" + b"\x1c\0\0\0" + b"\0" * 20, "byte order"),
    (L.block(0x0a0d0d0a, L.pack("IHHq", 0x1a2b3c4d, 2, 0, -1)), "version 2"),
    (L.section() + L.enhanced(0, b""), "interface 0"),
    (L.section() + L.interface() + L.enhanced(0, b"", 1), "interface 1"),
    (L.section() + L.interface() + L.block(6, b"\0" * 16), "too short"),
    (L.section() + L.interface() + L.pack("III", 6, 34, 0), "34 bytes"),
    (L.section() + L.interface() + L.pack("IIIIIIII", 6, 2**31, 0, 0, 0, 2**30, 1, 1),
     "a frame of"),
    (L.section() + L.interface() + L.pack("III", 6, 32, 0), "cut off"),
    (L.section() + L.interface() + L.pack("III", 99, 2**32 - 4, 0), "cut off"),
    (pcap([])[:10], "cut off"),
    (gzip.compress(b"no capture"), "not a capture"),
    (gzip.compress(pcap(FRAMES))[:5], "ends early"),
], ids=range(12))
def test_damaged_files_name_what_is_wrong(write, content, reason):
    run = replay(write(content))
    assert run.returncode == 1 and reason in run.stderr


def test_interfaces_without_end(write):
    run = replay(write(L.section() + L.interface() * 65537))
    assert run.returncode == 1 and "more than 65536 interfaces" in run.stderr


def test_link_types_that_are_not_understood_are_told(write):
    content = section(L, FRAMES) + L.section() + L.interface(195) + L.interface(220) + \
        b"".join(L.enhanced(*f, i % 2) for i, f in enumerate(FRAMES))
    path = write(content)
    result, status = replay_json(path)
    assert status == 0 and result["streams"][0]["packets"] == 28
    assert result["unknown_link"] == 28 and result["unknown_link_types"] == [195, 220]
    assert "28 frames of an unsupported link layer: type 195, 220." in replay(path).stdout


def test_nothing_else_than_a_link_type_that_is_not_understood(write):
    run = replay(write(pcap(FRAMES, link=195)))
    assert run.returncode == 1 and "unsupported link layer: type 195." in run.stdout


def nflog(packet, family=2, order="<"):
    attributes = b""
    for kind, value in ((1, b"\0\0\0\0"), (10, b"prefix\0"), (9, packet)):
        attributes += struct.pack(order + "HH", len(value) + 4, kind) + value + \
            b"\0" * (-len(value) % 4)
    return bytes([family, 0, 0, 1]) + attributes


def wlan(packet, control=b"\x08\x01", more=b"", pad=b""):
    header = control + b"\0\0" + b"\2" * 18 + b"\0\0" + more
    return header + pad + b"\xaa\xaa\3\0\0\0\x08\0" + packet


def radiotap(frame, fields=b"\x10", present=2):
    return struct.pack("<BBHI", 0, 0, 8 + len(fields), present) + fields + frame


LINKS = {
    "ppp": (9, lambda p: b"\0\x21" + p),
    "ppp compressed": (9, lambda p: b"\x21" + p),
    "ppp in hdlc": (50, lambda p: b"\xff\3\0\x21" + p),
    "ppp with direction": (204, lambda p: b"\1\xff\3\0\x21" + p),
    "ppp over ethernet": (51, lambda p: b"\x11\0\0\1" + struct.pack("!H", 2 + len(p)) +
                          b"\0\x21" + p),
    "cisco hdlc": (104, lambda p: b"\x0f\0\x08\0" + p),
    "mpls": (219, lambda p: b"\0\x01\x01\x40" + p),
    "nflog": (239, nflog),
    "nflog big endian": (239, lambda p: nflog(p, order=">")),
    "raw of bsd": (12, lambda p: p),
    "raw of openbsd": (14, lambda p: p),
    "802.11": (105, wlan),
    "802.11 qos": (105, lambda p: wlan(p, b"\x88\x01", b"\0\0")),
    "802.11 between stations": (105, lambda p: wlan(p, b"\x08\x03", b"\2" * 6)),
    "802.11 ht control": (105, lambda p: wlan(p, b"\x88\x81", b"\0\0\1\2\3\4")),
    "radiotap": (127, lambda p: radiotap(wlan(p))),
    "radiotap padding": (127, lambda p: radiotap(wlan(p, b"\x88\x01", b"\0\0", b"\0\0"), b"\x30")),
    "radiotap time and words": (127, lambda p: radiotap(
        wlan(p, b"\x88\x01", b"\0\0", b"\0\0"), b"\0\0\0\0\0\0\0\0" + b"t" * 8 + b"\x20",
        0x80000003)),
    "802.3 with snap": (ETHERNET, lambda p: b"\2" * 12 + struct.pack("!H", 8 + len(p)) +
                        b"\xaa\xaa\3\0\0\0\x08\0" + p),
    "802.2 of linux cooked": (SLL2, lambda p: struct.pack(
        "!HHIHBB8s", 4, 0, 1, 1, 0, 6, b"\2" * 8) + b"\xaa\xaa\3\0\0\0\x08\0" + p),
}


@pytest.mark.parametrize("link", LINKS)
def test_more_link_layers(write, expected, link):
    kind, wrap = LINKS[link]
    frames = [(when, wrap(ipv4(udp(packet)))) for when, packet in PACKETS]
    assert only_stream(write(pcap(frames, kind))) == expected


@pytest.mark.parametrize("count", [1, 2, 3, 28])
@pytest.mark.parametrize("check", [b"", b"fcs!"])
def test_wireless_frames_of_several(write, count, check):
    packets = [packet[:172 - i % 4] for i, (_, packet) in enumerate(PACKETS)]  # so padding differs
    frames = []
    for i in range(0, 28, count):
        body = b""
        for packet in packets[i:i + count]:
            data = b"\xaa\xaa\3\0\0\0\x08\0" + ipv4(udp(packet))
            body += b"\0" * (-len(body) % 4) + b"\2" * 12 + struct.pack("!H", len(data)) + data
        frames.append((PACKETS[i][0], b"\x88\1" + b"\0" * 22 + b"\x80\0" + body + check))
    path = write(pcap(frames, 105))
    result, status = replay_json(path)
    assert status == 0 and result["streams"][0]["packets"] == 28 and result["cut_short"] == 0
    assert result["a_msdu"] == len(frames) and result["malformed"] == result["not_ip"] == 0
    assert "with several frames in one (A-MSDU) split" in replay(path).stdout
    result, _ = replay_json(write(pcap(frames, 105, snaplen=100)))
    assert result["udp_packets"] == result["cut_short"] == len(frames)
    assert result["cut_headers"] == sum(count > 1 and i + 1 < 28 for i in range(0, 28, count))
    broken = [(when, frame[:38] + b"\xff\xff" + frame[40:]) for when, frame in frames]
    assert replay_json(write(pcap(broken, 105)))[0]["malformed"] == len(frames)


def test_encrypted_wireless_frames_are_told(write):
    frames = [(when, wlan(ipv4(udp(packet)), b"\x08\x41")) for when, packet in PACKETS]
    path = write(pcap(frames, 105))
    result, status = replay_json(path)
    assert status == 1 and result["encrypted_wlan"] == 28
    assert "28 802.11 frames skipped: encrypted." in replay(path).stdout


@pytest.mark.parametrize("path", [*sorted(CAPTURES.glob("*.pcap*")), SIP_TESTER / "g711a.pcap"],
                         ids=lambda p: p.name)
def test_recorded_captures_compressed(write, path):
    plain, _ = replay_json(path)
    packed, _ = replay_json(write(gzip.compress(path.read_bytes())))
    assert {**packed, "file": 0} == {**plain, "file": 0}
