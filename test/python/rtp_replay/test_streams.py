"""What rtp_replay makes of streams that are not as they should be."""
import random
import re
import struct

import pytest

from replay_tools import (RAW, ethernet, expect, ipv4, ipv6, only_stream, over_ethernet,
                          paced, pcap, press, replay, replay_json, rtp, speech, srtp, udp)

@pytest.fixture
def write(tmp_path):
    def write(packets, wrap=over_ethernet):
        path = tmp_path / "capture.pcap"
        path.write_bytes(pcap(wrap(packets)))
        return path
    return write


# --- Proof

def in_order(indices):
    return [(1000 + 0.02 * at, rtp(500 + i, 160 * i)) for at, i in enumerate(indices)]


@pytest.mark.parametrize("indices, reordered", [
    ([i ^ 1 for i in range(200)], 100),
    (list(range(0, 200, 2)), 0),
    (list(range(0, 200, 4)), 0),
    (list(range(0, 200, 5)), 0),
    ([40 * (i // 3) + (0, 7, 15)[i % 3] for i in range(60)], 0),
    ([4 * (i // 2) + 2 * (1 - i % 2) for i in range(100)], 50),
    ([i - i % 4 + 3 - i % 4 for i in range(200)], 150),
], ids=["swapped pairs", "every other one missing", "three of four missing",
        "four of five missing", "three within 16",
        "swapped and missing", "windows of four reversed"])
def test_a_stream_proves_itself_out_of_order_and_with_gaps(write, indices, reordered):
    stream = only_stream(write(in_order(indices)))
    assert stream["packets"] == len(indices) and stream["reordered"] == reordered
    first = indices[0]
    assert stream["lost"] == max(indices) - first + 1 - sum(i >= first for i in indices)


def dns(i):
    flags = [0x8180, 0x8182, 0x8183, 0x8185][i % 4]  # no error, server failure, no name, refused
    name = b"\7example\3com\0\0\1\0\1"
    return struct.pack("!HHHHHH", random.Random(i).randrange(65536), flags, 1, 0, 0, 1) + name


def random_bytes(i):
    return random.Random(i).randbytes(100)


def quic(i):
    return bytes([0xc0]) + b"\0\0\0\1\x08" + b"\x11" * 8 + random.Random(i).randbytes(80)


def stun(i):
    return struct.pack("!HHI", 1, 0, 0x2112a442) + random.Random(i).randbytes(12)


def rtcp(i):
    return struct.pack("!BBHIIIIII", 0x80, 200, 6, 0x11223344, i, i, 160 * i, i, 160 * i)


def sip(i):
    return b"OPTIONS sip:example.com SIP/2.0\r\nCSeq: %d OPTIONS\r\n\r\n" % i


def numbers_without_a_clock(i):
    return rtp(i * 3, random.Random(i).randrange(2**32))


def numbers_in_order_without_a_clock(i):
    return rtp(i, random.Random(i).randrange(2**32))


def types_at_random(i):
    return rtp(i * 3, 160 * i, pt=random.Random(i).randrange(64))


@pytest.mark.parametrize("other", [dns, random_bytes, quic, stun, rtcp, sip,
                                   numbers_without_a_clock,
                                   numbers_in_order_without_a_clock, types_at_random],
                         ids=lambda f: f.__name__)
def test_what_is_not_rtp_is_no_stream(write, other):
    result, status = replay_json(write([(1000 + 0.02 * i, other(i)) for i in range(500)]))
    assert status == 1 and result["streams"] == []
    assert result["unproven_packets"] <= 500


def test_packets_that_prove_nothing_are_counted(write):
    run, _ = replay_json(write(paced(9) + [(1001, rtp(i * 999, i, ssrc=i)) for i in range(7)]))
    assert len(run["streams"]) == 1 and run["unproven_packets"] == 7
    assert "7 packets could be RTP, but fewer than three of an SSRC fit together" in \
        replay(write(paced(9) + [(1001, rtp(i * 999, i, ssrc=i)) for i in range(7)])).stdout


def test_a_stream_that_goes_on_under_another_ssrc_needs_no_other_proof(write):
    packets = [(1000 + 0.02 * i, rtp(700 + i, 160 * i, ssrc=0xa1 + (i >= 50) + (i >= 51)))
               for i in range(100)]
    result, _ = replay_json(write(packets))
    assert [s["packets"] for s in result["streams"]] == [50, 1, 49]
    assert result["unproven_packets"] == 0
    packets[50] = (1001, rtp(9999, 5, ssrc=0xa2))  # this one does not go on
    result, _ = replay_json(write(packets))
    assert [s["packets"] for s in result["streams"]] == [50, 49]
    assert result["unproven_packets"] == 1


# --- Clocks

def test_telephone_events_make_no_jitter(write):
    packets = paced(150, pt=0) + press(150, 24000, 1003.0) + \
        paced(150, 170, 27200, 1003.4, pt=0)
    path = write(packets)
    for options in [], ["--clock", "101=8000"], ["--clock", "101=48000"]:
        stream = only_stream(path, *options)
        expect(stream, codec="PCMU+telephone-event", packets=320, clock_rate=8000)


def test_four_bytes_are_no_event(write):
    silk = [(1000 + 0.02 * i, rtp(i, 160 * i, b"\1\x0a\0\xa0", pt=101)) for i in range(50)]
    assert only_stream(write(silk))["codec"] == "PT 101"
    still = [(1000 + 0.02 * i, rtp(i, 160, b"\xff\xff\xff\xff", pt=101)) for i in range(50)]
    assert only_stream(write(still))["codec"] == "PT 101"


@pytest.mark.parametrize("pt", [13, 19])
def test_comfort_noise_makes_no_jitter(write, pt):
    noise = [(1001 + 0.3 * i, rtp(50 + i, 8000 + 2400 * i + 77 * (i % 2), b"\x40", pt=pt))
             for i in range(5)]
    stream = only_stream(write(paced(50, pt=0) + noise + paced(50, 55, 20000, 1002.5, pt=0)))
    expect(stream, packets=105, codec="PCMU+CN")


def test_each_payload_type_has_its_own_clock(write):
    packets, ts, when = [], 0, 1000.0
    for pt, step in (0, 160), (111, 320), (0, 160), (99, 960), (26, 1800), (9, 160):
        for _ in range(50):
            packets.append((when, rtp(len(packets), ts, pt=pt)))
            ts += step
            when += 0.02
    stream = only_stream(write(packets), "--clock", "111=16000", "--clock", "99=48000")
    expect(stream, packets=300, clock_rate=8000)
    assert [p["clock_rate"] for p in stream["payload_types"]] == [8000, 16000, 48000, 90000, 8000]


def test_video_that_sends_a_frame_in_pieces_jitters_as_rfc_3550_says(write):
    packets = [(1000 + 0.04 * (i // 4) + 0.001 * (i % 4), rtp(i, 3600 * (i // 4), pt=96))
               for i in range(200)]
    assert only_stream(write(packets), "--clock", "96=90000")["max_jitter_ms"] > 0.5


# --- Numbers

@pytest.mark.parametrize("behind", [1, 50, 99, 100, 101, 400, 899])
def test_a_restart_behind_is_a_restart(write, behind):
    packets = paced(900, 100, 50000) + paced(400, 1000 - behind, 7_000_000, 1018.0)
    stream = only_stream(write(packets))
    expect(stream, packets=1300, restarts=1, rejected=1, erasures=0)
    assert "1 restart of the sequence numbers" in replay(write(packets)).stdout


def test_a_restart_of_numbers_and_timestamps_both(write):
    # The same packets again, as a player of captures sends them in a loop.
    expect(only_stream(write(paced(300, 100, 50000) + paced(300, 100, 50000, 1006.0))),
           packets=600, restarts=1, rejected=1)


@pytest.mark.parametrize("lost", [2998, 3050, 40000, 66000, 140000])
def test_a_long_outage_is_loss(write, lost):
    packets = paced(250, 1000) + \
        paced(250, 1250 + lost, 160 * (250 + lost), 1000 + 0.02 * (250 + lost))
    stream = only_stream(write(packets))
    expect(stream, packets=500, lost=lost, restarts=0, rejected=0)


def test_duplicates_make_up_for_no_loss(write):
    packets = [(when + twice, p) for i, (when, p) in enumerate(paced(100, 50)) if i % 20
               for twice in (0, 0.00002)]
    expect(only_stream(write(packets[2:])), packets=188, lost=4, duplicates=94,
           max_jitter_ms=pytest.approx(0.02, abs=0.001))
    row = re.search(r"PCMA +(\d+) +(\d+) \((.*?)%\) +(\d+) ", replay(write(packets[2:])).stdout)
    assert row.groups() == ("188", "4", "4.1", "94")


def test_two_senders_under_one_ssrc_are_reported(write):
    a = paced(200, 100)
    b = [(when + 0.005, p) for when, p in paced(200, 30000, 999999)]
    path = write(sorted(a + b))
    expect(only_stream(path), packets=400, collisions=200, rejected=200, restarts=0)
    assert "two senders use this SSRC (RFC 3550 8.2), seen 200 times" in replay(path).stdout


# --- Padding

def padded(payload_size, count, **kwargs):
    rest = (bytes(payload_size) + bytes([count]))[1:][:payload_size]
    return rtp(kwargs.pop("seq"), kwargs.pop("ts"), rest, first=0xa0, **kwargs)


@pytest.mark.parametrize("packets", [
    srtp(300), srtp(300, every=10), srtp(300, size=30), srtp(40), srtp(300, size=1000),
    srtp(300, first=0xb0, extension=b"\xbe\xde\0\1\x10\1\0\0"),
], ids=["all", "some", "short", "few", "long", "extension"])
def test_srtp_with_the_padding_bit_loses_nothing(write, packets):
    stream = only_stream(write(packets), "--clock", "108=90000")
    expect(stream, packets=len(packets), encrypted=True, erasures=0)
    assert "encrypted (SRTP)" in replay(write(packets)).stdout


@pytest.mark.parametrize("size, count", [(255, 0), (100, 255), (1, 0), (20, 21), (0, 0)])
def test_a_probe_with_impossible_padding_is_invalid_and_not_lost(write, size, count):
    packets = [p if i % 10 != 9 else (p[0], padded(size, count, seq=10 + i, ts=160 * i))
               for i, p in enumerate(paced(300, 10))]
    expect(only_stream(write(packets)), packets=270, invalid=30, encrypted=False, erasures=0)
    assert "30 packets of invalid RTP (RFC 3550 5.1), received and not lost" in replay(write(packets)).stdout


def test_one_wrong_padding_among_many_is_no_encryption(write):
    # Blocks of a cipher, say: any count is of so few bytes that random ones would rarely be right.
    packets = [(1000 + 0.02 * i, rtp(i, 160 * i, bytes(100 + i % 60) + bytes([1 + i % 60]),
                                     first=0xa0)) for i in range(100)]
    packets[50] = (1001, rtp(50, 8000, bytes(151), first=0xa0))
    expect(only_stream(write(packets)), packets=99, invalid=1, encrypted=False)


def test_valid_padding_is_not_mentioned(write):
    packets = [p if i % 3 else (p[0], padded(200, 1 + i % 200, seq=10 + i, ts=160 * i))
               for i, p in enumerate(paced(300, 10))]
    expect(only_stream(write(packets)), packets=300, encrypted=False)


def test_other_malformed_packets_of_a_stream_are_invalid_too(write):
    packets = paced(100, 10)
    for i in 20, 21, 50:
        extension_too_long = rtp(10 + i, 160 * i, b"\xbe\xde\xff\xff", first=0x90)
        packets[i] = (packets[i][0], extension_too_long)
    packets[60] = (packets[60][0], rtp(70, 160 * 60, b"", first=0x8f))  # 15 CSRCs that are not there
    expect(only_stream(write(packets)), packets=96, invalid=4)


def test_ipv6(write):
    wrap = lambda packets: [(w, ethernet(ipv6(udp(p)), 0x86dd)) for w, p in packets]
    packets = paced(250, 1000) + paced(250, 4300, 160 * 3300, 1066.0)
    expect(only_stream(write(packets, wrap)), packets=500, lost=3050)


# --- Many

def test_streams_left_out_are_counted(tmp_path):
    path = tmp_path / "many.pcap"
    path.write_bytes(pcap([(1000 + 0.02 * seq, ipv4(udp(rtp(seq, 160 * seq, b"", ssrc=ssrc))))
                           for seq in range(3) for ssrc in range(12_000)], RAW))
    result, status = replay_json(path)
    assert status == 0 and len(result["streams"]) == 10_000 and result["streams_left_out"] == 2000
    assert "2000 are left out" in replay(path).stdout


def test_recorded_speech_needs_no_notes(write):
    (line,) = [line for line in replay(write(speech())).stdout.splitlines()
               if line.startswith("            ") and "Jitter" not in line]
    assert line.split() == ["MOS", "4.41", "(R", "93.2),", "max", "delta", "21.0", "ms"]
