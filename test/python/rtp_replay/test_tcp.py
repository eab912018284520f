"""RTP in TCP connections, framed by its length or as TURN and RTSP do; segments in any order."""
import random
import struct

import pytest

from replay_tools import (RAW, ipv4, ipv6, only_stream, pcap, replay, replay_json, rtp, speech, udp)

PACKETS = speech(60)
SYN = 0x02


def tcp(payload, seq, flags=0x18, sport=4000, dport=5004, options=b""):
    return struct.pack("!HHIIBBHHH", sport, dport, seq % 2**32, 1, (20 + len(options)) // 4 << 4,
                       flags, 8192, 0, 0) + options + payload


def framed(packet):
    return struct.pack("!H", len(packet)) + packet


def channel(packet):
    return struct.pack("!HH", 0x4001, len(packet)) + packet + b"\0" * (-len(packet) % 4)


def interleaved(packet):
    return struct.pack("!cBH", b"$", 0, len(packet)) + packet


FRAMINGS = {"rfc 4571": framed, "turn": channel, "rtsp": interleaved}


def segments(packets, frame=framed, seq=2**32 - 2000, **kwargs):
    """(seconds, TCP segment in IPv4) for each packet."""
    out = []
    for when, packet in packets:
        out.append((when, ipv4(tcp(frame(packet), seq, **kwargs), protocol=6)))
        seq += len(frame(packet))
    return out


@pytest.fixture
def write(write):
    return lambda frames, **kwargs: write(pcap(frames, RAW, **kwargs))


@pytest.fixture
def expected(write):
    return only_stream(write([(when, ipv4(udp(packet))) for when, packet in PACKETS]))


@pytest.mark.parametrize("frame", FRAMINGS.values(), ids=FRAMINGS)
@pytest.mark.parametrize("size", [159, 171])
def test_a_segment_a_packet(write, frame, size):
    packets = [(when, packet[:size]) for when, packet in PACKETS]
    expected = only_stream(write([(when, ipv4(udp(packet))) for when, packet in packets]))
    path = write(segments(packets, frame))
    result, status = replay_json(path)
    assert status == 0 and result["streams"] == [expected]
    assert result["tcp_segments"] == result["tcp_packets"] == 60 and result["udp_packets"] == 0
    assert "60 packets framed in TCP connections" in replay(path).stdout


def test_over_ipv6_with_options(write):
    frames = [(when, ipv6(tcp(framed(packet), 174 * i, options=b"\1" * 12), 6))
              for i, (when, packet) in enumerate(PACKETS)]
    assert only_stream(write(frames))["packets"] == 60


@pytest.mark.parametrize("frame", FRAMINGS.values(), ids=FRAMINGS)
@pytest.mark.parametrize("size", [1, 3, 100, 1000, 1460])
def test_segments_of_any_size(write, frame, size):
    data = b"".join(frame(packet) for _, packet in PACKETS)
    frames = [(1000 + at / 8000, ipv4(tcp(data[at:at + size], 7 + at), protocol=6))
              for at in range(0, len(data), size)]
    assert only_stream(write(frames))["packets"] == 60


def test_the_length_in_a_segment_of_its_own(write, expected):
    frames, seq = [], 0
    for when, packet in PACKETS:
        for part in (framed(packet)[:2], packet):
            frames.append((when, ipv4(tcp(part, seq), protocol=6)))
            seq += len(part)
    assert only_stream(write(frames)) == expected


def test_out_of_order_and_repeated(write):
    frames = segments(PACKETS)
    frames[10], frames[12] = frames[12], frames[10]
    frames[30:33] = frames[32:29:-1]
    frames[40:40] = frames[35:40]
    frames[50:50] = frames[50:51]
    result, status = replay_json(write(frames))
    assert status == 0 and result["streams"][0]["packets"] == 60
    assert result["streams"][0]["duplicates"] == result["streams"][0]["reordered"] == 0
    assert result["tcp_missing_bytes"] == 0


def test_the_first_segments_out_of_order(write):
    frames = segments(PACKETS)
    frames[:3] = frames[2::-1]
    stream = only_stream(write(frames))
    assert stream["packets"] == 60 and stream["missing"] == stream["duplicates"] == 0


def test_segments_that_overlap(write):
    data = b"".join(framed(packet) for _, packet in PACKETS)
    rng = random.Random(1)
    frames, at = [], 0
    while at < len(data):
        begin, at = max(0, at - rng.randrange(300)), at + rng.randrange(1, 400)
        frames.append((1000 + at / 8000, ipv4(tcp(data[begin:at], begin), protocol=6)))
    stream = only_stream(write(frames))
    assert stream["packets"] == 60 and stream["duplicates"] == 0


def test_a_segment_that_was_not_captured_is_told_and_passed(write):
    frames = segments(PACKETS)
    del frames[20]
    path = write(frames)
    result, status = replay_json(path)
    assert status == 0 and result["streams"][0]["packets"] == 59
    assert result["streams"][0]["missing"] == 1 and result["tcp_missing_bytes"] == 174
    assert "174 bytes of TCP connections not captured." in replay(path).stdout


def cut(data, size, without=()):
    """(seconds, IPv4 packet) for each segment of so many bytes but for those of these numbers."""
    return [(1000 + at / 8000, ipv4(tcp(data[at:at + size], at), protocol=6))
            for k, at in enumerate(range(0, len(data), size)) if k not in without]


@pytest.mark.parametrize("frame", FRAMINGS.values(), ids=FRAMINGS)
@pytest.mark.parametrize("size", [500, 1448])
@pytest.mark.parametrize("without", [(10,), (5, 20), range(4)])
def test_gaps_where_packets_do_not_end_with_segments(write, frame, size, without):
    data = b"".join(frame(packet) for _, packet in speech(300))
    begin = min(without) == 0  # the capture begins in the middle of a packet
    result, status = replay_json(write(cut(data, size, without)))
    assert status == 0 and result["tcp_missing_bytes"] == (0 if begin else size * len(without))
    packets = 300 * (len(data) - size * len(without)) / len(data)
    assert packets - 3 * len(without) <= result["tcp_packets"] <= packets + len(without)
    assert result["streams"][0]["missing"] == (0 if begin else 300 - result["tcp_packets"])


@pytest.mark.parametrize("frame", FRAMINGS.values(), ids=FRAMINGS)
@pytest.mark.parametrize("byte", [0x80, 0x24, 0x40, 0xd5, None])
def test_gaps_in_audio_and_video_of_any_content(write, frame, byte):
    rng = random.Random(3)
    data = b""
    for i in range(200):
        video = rng.randbytes(1400) if byte is None else bytes([byte]) * 1400
        data += frame(rtp(i, 160 * i)) + frame(rtp(i, 3000 * i, video, pt=96, ssrc=5))
    result, status = replay_json(write(cut(data, 1448, (10, 100))))
    assert status == 0 and result["tcp_missing_bytes"] == 2896
    assert [s["packets"] >= 196 for s in result["streams"]] == [True, True]
    assert all(s["packets"] + s["missing"] == 200 for s in result["streams"])


@pytest.mark.parametrize("frame", FRAMINGS.values(), ids=FRAMINGS)
def test_cut_by_the_snap_length(write, frame):
    result, status = replay_json(write(segments(PACKETS, frame), snaplen=100))
    assert status == 0 and result["streams"][0]["packets"] == 60
    assert result["streams"][0]["missing"] == 0


def test_a_new_connection_between_the_same_ports(write):
    first, second = PACKETS[:30], PACKETS[30:]
    for flags in (SYN, None):  # with the handshake in the capture, and without
        frames = segments(first, seq=1000)
        if flags:
            frames.append((1000.6, ipv4(tcp(b"", 3_000_000_000, SYN), protocol=6)))
        frames += segments(second, seq=3_000_000_001)
        assert only_stream(write(frames))["packets"] == 60


def test_both_directions_are_apart(write):
    there = segments(PACKETS)
    back = [(when, ipv4(tcp(framed(packet), 77 + 174 * i, sport=5004, dport=4000), 2, 1, 6))
            for i, (when, packet) in enumerate(speech(60, ssrc=5))]
    frames = [frame for pair in zip(there, back) for frame in pair]
    result, status = replay_json(write(frames))
    assert status == 0 and [s["packets"] for s in result["streams"]] == [60, 60]


def test_turn_requests_and_stun_between_the_packets(write):
    stun = struct.pack("!HHI12s", 0x0004, 0, 0x2112a442, b"t" * 12)
    for frame, message in ((channel, stun), (framed, framed(stun))):
        data = [message + frame(packet) for _, packet in PACKETS]
        frames, seq = [], 0
        for (when, _), part in zip(PACKETS, data):
            frames.append((when, ipv4(tcp(part, seq), protocol=6)))
            seq += len(part)
        assert only_stream(write(frames))["packets"] == 60


def test_rtsp_messages_between_the_packets(write):
    answer = b"RTSP/1.0 200 OK\r\nCSeq: 4\r\n\r\n"
    body = b"RTSP/1.0 200 OK\r\nContent-Length: 7\r\n\r\nv=0\r\n\r\n"
    frames, seq = [], 0
    for i, (when, packet) in enumerate(PACKETS):
        part = (answer if i % 3 == 0 else body if i % 3 == 1 else b"") + interleaved(packet)
        frames.append((when, ipv4(tcp(part, seq), protocol=6)))
        seq += len(part)
    assert only_stream(write(frames))["packets"] == 60


def test_other_connections_give_neither_packets_nor_notes(write):
    rng = random.Random(2)
    frames, seq = [], 0
    for i in range(500):
        data = rng.randbytes(rng.randrange(1, 1460))
        frames.append((i / 50, ipv4(tcp(data, seq), protocol=6)))
        seq += len(data)
    frames += [(20, ipv4(tcp(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 20, 1, sport=9), protocol=6))]
    result, status = replay_json(write(frames))
    assert status == 1 and result["tcp_segments"] == 501 and result["tcp_packets"] == 0


@pytest.mark.parametrize("data", [b"\x80", b"\x80\x08\x80\0", b"$\0\0\x10\x80\0\0\0",
                                  b"@\1\0\x0c\x80\0\0\0" + b"\0" * 8], ids=repr)
def test_a_connection_whose_bytes_repeat_carries_no_packets(write, data):
    result, status = replay_json(write(cut((data * 200_000)[3:200_000], 1447)))
    assert status == 1 and result["tcp_packets"] == 0


def test_impossible_headers(write):
    frames = [ipv4(tcp(b"", 1)[:19], protocol=6), ipv4(b"x" * 12 + b"\x40" + b"x" * 20, protocol=6),
              ipv4(b"x" * 12 + b"\xf0" + b"x" * 20, protocol=6)]
    result, _ = replay_json(write([(0, frame) for frame in frames]))
    assert result["malformed"] == result["tcp_segments"] == 3


def test_a_flood_of_connections_and_of_gaps_takes_no_more_memory(write):
    # Each connection lacks its second byte, so that the rest of it is held.
    frames = []
    for i in range(20_000):
        frames.append((1000, ipv4(tcp(b"\0", 0, sport=i, dport=i), protocol=6)))
        frames.append((1000, ipv4(tcp(rtp(i, i, b"x" * 1400), 2, sport=i, dport=i), protocol=6)))
    result, status = replay_json(write(frames))
    assert status == 1 and result["tcp_segments"] == 40_000
    assert result["tcp_missing_bytes"] == 20_000
