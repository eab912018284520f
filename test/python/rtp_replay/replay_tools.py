"""Runs rtp_replay, and makes captures for it."""
import json
import os
import pathlib
import random
import re
import shutil
import struct
import subprocess

REPLAY = os.environ.get("RTP_REPLAY", "rtp_replay")  # CMake sets it
CAPTURES = pathlib.Path(__file__).resolve().parents[2] / "captures"
SIP_TESTER = pathlib.Path("/usr/share/sip-tester")

# Link types of a capture file (https://www.tcpdump.org/linktypes.html).
NULL, ETHERNET, RAW, LOOP, SLL, IPV4, IPV6, SLL2 = 0, 1, 101, 108, 113, 228, 229, 276


def replay(*args, **kwargs):
    return subprocess.run([REPLAY, *map(str, args)], capture_output=True, text=True, timeout=120,
                          **kwargs)


def replay_json(*args):
    """The JSON object and the exit status."""
    run = replay("--json", *args)
    return json.loads(run.stdout), run.returncode


def only_stream(*args):
    """The one stream of a capture that is in order."""
    result, status = replay_json(*args)
    assert status == 0 and result["error"] is None
    (stream,) = result["streams"]
    return stream


def rtp(seq, ts, payload=b"\xd5" * 160, pt=8, ssrc=0x11223344, marker=False, first=0x80):
    return struct.pack("!BBHII", first, pt | marker << 7, seq % 65536, ts % 2**32, ssrc) + payload


def udp(payload, sport=4000, dport=5004):
    return struct.pack("!HHHH", sport, dport, 8 + len(payload), 0) + payload


def ipv4(payload, src=1, dst=2, protocol=17, fragment=0, options=b""):
    size = 20 + len(options)
    return struct.pack("!BBHHHBBH4B4B", 0x40 | size // 4, 0, size + len(payload), 0, fragment, 64,
                       protocol, 0, 192, 0, 2, src, 192, 0, 2, dst) + options + payload


def ipv6(payload, next_header=17):
    address = bytes.fromhex("20010db8" + "00" * 11)
    return struct.pack("!IHBB", 0x60000000, len(payload), next_header, 64) + \
        address + b"\x01" + address + b"\x02" + payload


def ethernet(payload, ethertype=0x0800):
    return b"\x02" * 12 + struct.pack("!H", ethertype) + payload


def pcap(frames, link=ETHERNET, order="<", nano=False, snaplen=65535):
    """A pcap file of (seconds, frame) pairs."""
    magic = 0xa1b23c4d if nano else 0xa1b2c3d4
    out = [struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, snaplen, link)]
    for when, frame in frames:
        ticks = round(when * (10**9 if nano else 10**6))
        whole, part = divmod(ticks, 10**9 if nano else 10**6)
        kept = frame[:snaplen]
        out += struct.pack(order + "IIII", whole, part, len(kept), len(frame)), kept
    return b"".join(out)


def pcapng(frames, link=ETHERNET):
    """A pcapng file of (seconds, frame) pairs: section header, one interface, enhanced packets."""
    def block(kind, body):
        body += b"\0" * (-len(body) % 4)
        size = struct.pack("<I", len(body) + 12)
        return struct.pack("<I", kind) + size + body + size
    out = block(0x0a0d0d0a, struct.pack("<IHHq", 0x1a2b3c4d, 1, 0, -1))
    out += block(1, struct.pack("<HHI", link, 0, 65535))
    for when, frame in frames:
        ticks = round(when * 10**6)
        out += block(6, struct.pack("<IIIII", 0, ticks >> 32, ticks & 0xffffffff, len(frame),
                                    len(frame)) + frame)
    return out


def speech(count=50, start=65500, lost=(), **kwargs):
    """(seconds, RTP packet) of a PCMA stream, 20 ms a packet, 1 ms of jitter."""
    return [(1000 + 0.02 * i + 0.001 * (i % 2), rtp(start + i, 160 * i, **kwargs))
            for i in range(count) if i not in lost]


def paced(count, seq=0, ts=0, start=1000.0, step=160, **kwargs):
    """A packet every 20 ms, exactly."""
    return [(start + 0.02 * i, rtp(seq + i, ts + step * i, **kwargs)) for i in range(count)]


def press(seq, ts, start, digit=5, updates=17, pt=101):
    """One key press of 20 packets, the last three of them its end."""
    return [(start + 0.02 * i,
             rtp(seq + i, ts, struct.pack("!BBH", digit, 10 | (i >= updates) << 7,
                                          160 * min(i + 1, updates)), pt=pt, marker=i == 0))
            for i in range(updates + 3)]


def srtp(count, every=1, size=186, seed=1, first=0xa0, extension=b""):
    rng = random.Random(seed)
    return [(1000 + 0.02 * i,
             rtp(2000 + i, 1800 * i, extension + rng.randbytes(size), pt=108,
                 first=first if i % every == 0 else first & ~0x20)) for i in range(count)]


def over_ethernet(packets, **kwargs):
    return [(when, ethernet(ipv4(udp(packet, **kwargs)))) for when, packet in packets]


PACED = {"max_jitter_ms": 0, "lost": 0, "duplicates": 0, "reordered": 0, "invalid": 0,
         "collisions": 0}


def figures(stream, expected):
    return {name: stream[name] for name in expected}


def expect(stream, **expected):
    expected = PACED | expected
    assert figures(stream, expected) == expected


STREAM = re.compile(r"\s*[\d.]+\s+[\d.]+\s+(?P<src>\S+)\s+(?P<sport>\d+)\s+(?P<dst>\S+)\s+"
                    r"(?P<dport>\d+)\s+(?P<ssrc>0x[0-9A-F]{8})\s+\S.*?\s+(?P<packets>\d+)\s+"
                    r"(?P<lost>-?\d+) \(\S+%\)(?P<figures>(\s+-?\d+\.\d+){6})")


def tshark(path, *args):
    program = shutil.which("tshark")
    assert program, "tshark is not installed: run cmake/install-deps.sh"
    return subprocess.run(
        [program, "-q", "-n", "--enable-heuristic", "rtp_udp", *args, "-r", path],
        capture_output=True, text=True, check=True).stdout.splitlines()


def tshark_packets(path):
    """(seconds, timestamp) of every RTP packet, in the order of the capture."""
    lines = tshark(path, "-T", "fields", "-e", "frame.time_relative", "-e", "rtp.timestamp")
    return [(float(seconds), int(timestamp, 0)) for seconds, timestamp in map(str.split, lines)]


def tshark_streams(path):
    streams = {}
    for m in filter(None, map(STREAM.match, tshark(path, "-z", "rtp,streams"))):
        numbers = list(map(float, m["figures"].split()))
        delta, jitter = (dict(zip(("min", "mean", "max"), part))
                         for part in (numbers[:3], numbers[3:]))
        key = (m["src"], int(m["sport"]), m["dst"], int(m["dport"]), m["ssrc"])
        streams[key] = (int(m["packets"]), int(m["lost"]), delta, jitter)
    return streams
