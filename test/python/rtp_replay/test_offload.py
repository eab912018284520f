"""Datagrams that receive offload has joined before they were captured."""
import struct

import pytest

from replay_tools import only_stream, over_ethernet, pcap, replay, replay_json, rtp, speech

PACKETS = speech(1)


def several(packets, count):
    """Each datagram holds so many packets, and has the last one's arrival time."""
    return [(packets[i:i + count][-1][0], b"".join(p for _, p in packets[i:i + count]))
            for i in range(0, len(packets), count)]


@pytest.mark.parametrize("count", [2, 3, 10, 29])
def test_receive_offload_is_undone(write, count):
    packets = speech(29)
    path = write(pcap(over_ethernet(several(packets, count))))
    result, status = replay_json(path)
    assert status == 0 and result["streams"][0]["packets"] == 29
    assert result["streams"][0]["missing"] == 0 and result["udp_packets"] == -(-29 // count)
    joined = -(-29 // count) - (29 % count == 1)
    assert result["coalesced"] == joined and result["coalesced_unclear"] == 0
    assert result["coalesced_packets"] == 29 - (29 % count == 1)
    assert f"{joined} UDP packet" in replay(path).stdout


def test_the_last_of_several_may_be_shorter(write):
    packets = [(when, p if i % 4 != 3 else p[:100]) for i, (when, p) in enumerate(speech(40))]
    result, status = replay_json(write(pcap(over_ethernet(several(packets, 4)))))
    assert status == 0 and result["coalesced"] == 10 and result["streams"][0]["packets"] == 40


def test_several_that_are_cut_short_count_as_far_as_they_are_there(write):
    frames = over_ethernet(several(speech(40), 4))
    result, status = replay_json(write(pcap(frames, snaplen=42 + 2 * 172 + 20)))
    assert status == 0 and result["coalesced"] == 10
    assert result["streams"][0]["packets"] == 30  # the fourth header of each is not there


def test_several_whose_headers_are_not_there_are_told(write):
    path = write(pcap(over_ethernet(several(speech(40), 4)), snaplen=300))
    result, _ = replay_json(path)
    assert result["coalesced_packets"] == result["coalesced_not_captured"] == 20
    assert "20 packets in those whose headers were not captured" in replay(path).stdout


@pytest.mark.parametrize("count", [2, 4])
def test_a_packet_that_is_lost_among_several_is_one_lost(write, count):
    packets = [p for i, p in enumerate(speech(45)) if i % 9 != 5]
    result, status = replay_json(write(pcap(over_ethernet(several(packets, count)))))
    assert status == 0 and result["coalesced"] == 40 // count and result["coalesced_unclear"] == 0
    assert result["streams"][0]["packets"] == 40 and result["streams"][0]["missing"] == 5


@pytest.mark.parametrize("order", [(0, 2, 1, 3), (1, 0, 3, 2), (3, 2, 1, 0)])
def test_several_out_of_order(write, order):
    packets = speech(40)
    packets = [packets[i + k] for i in range(0, 40, 4) for k in order]
    for count in (2, 4):
        stream = only_stream(write(pcap(over_ethernet(several(packets, count)))))
        assert stream["packets"] == 40 and stream["missing"] == 0 and stream["reordered"] > 0


def test_several_that_repeat_their_number_are_told_and_left_as_they_are(write):
    packets = [p for p in speech(20) for _ in range(2)]
    path = write(pcap(over_ethernet(several(packets, 2))))
    result, _ = replay_json(path)
    assert result["coalesced"] == 0 and result["coalesced_unclear"] == 20
    assert "20 UDP packets that may be several RTP packets" in replay(path).stdout


def sender_report(ssrc=None, more=b""):
    return struct.pack("!BBH", 0x80, 200, 6) + (ssrc or PACKETS[0][1][8:12]) + b"\0" * 20 + more


@pytest.mark.parametrize("count", [1, 2, 4])
def test_the_last_of_several_may_be_rtcp(write, count):
    datagrams = [(when, data + (sender_report() if i % 2 else b""))
                 for i, (when, data) in enumerate(several(speech(40), count))]
    result, status = replay_json(write(pcap(over_ethernet(datagrams))))
    assert status == 0 and result["streams"][0]["packets"] == 40
    assert result["coalesced"] == 40 // count // (2 if count == 1 else 1)
    assert result["coalesced_packets"] == (20 if count == 1 else 40)


@pytest.mark.parametrize("pattern", [(0, 1, 0, 1), (0, 0, 1, 1), (0, 1, 1, 0), (0, 1, 2, 0, 1, 2)])
def test_several_of_several_streams(write, pattern):
    streams = [iter(speech(60, ssrc=5 + s)) for s in range(3)]
    packets = [next(streams[s]) for _ in range(10) for s in pattern]
    result, status = replay_json(write(pcap(over_ethernet(several(packets, len(pattern))))))
    assert status == 0 and result["coalesced"] == 10
    assert result["coalesced_packets"] == len(packets)
    assert [s["packets"] for s in result["streams"]] == \
        [10 * pattern.count(s) for s in sorted(set(pattern))]
    assert all(s["missing"] == 0 for s in result["streams"])


PAYLOADS = {
    "its own header": lambda i: rtp(i, 160 * i, b"\xd5" * 150),
    "bytes like a header's": lambda i: b"\x80" * 160,
    "repeated blocks": lambda i: struct.pack("!BBHI", 0x80, 0, i, 160 * i) * 20,
    "another stream's packet": lambda i: b"\xd5" * 148 + rtp(i, 160 * i, b"\xd5" * 148, ssrc=77),
    "the packet before (RFC 2198)": lambda i:
        struct.pack("!BHB", 0x80, 160 << 10 >> 8 | 80, 160) + b"\0" + b"\xd5" * 320,
    "recovery of a packet (RFC 5109)": lambda i:
        struct.pack("!BBHIHHH", 0, 0, i, 160 * i, 160, 160, 0x8000) + b"\x80" * 160,
    "a packet far away": lambda i: b"\xd5" * 160 + rtp(i + 300, 160 * i),
    "a larger packet": lambda i: b"\xd5" * 20 + rtp(i + 1, 160 * i),
    "RTCP of another": lambda i: b"\xd5" * 160 + sender_report(b"\0\0\0\7"),
    "RTCP that does not end": lambda i: b"\xd5" * 160 + sender_report(more=b"1234"),
}


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
def test_a_payload_that_looks_like_packets_is_a_payload(write, payload):
    packets = [(1000 + 0.02 * i, rtp(i, 160 * i, payload(i))) for i in range(30)]
    result, status = replay_json(write(pcap(over_ethernet(packets))))
    assert status == 0 and result["coalesced"] == 0
    assert [s["packets"] for s in result["streams"]] == [30]
