"""Fragmented IP packets: in any order, repeated, overlapping, missing."""
import struct

import pytest

from replay_tools import (RAW, ipv4, ipv6, only_stream, pcap, replay, replay_json, rtp, speech,
                          tshark_streams, udp)

PACKETS = [(when, rtp(65500 + i, 160 * i, bytes(range(250)) * 4))
           for i, (when, _) in enumerate(speech(30))]


def pieces4(when, payload, id, size=400, protocol=17):
    """(seconds, IPv4 packet) for each piece of so many bytes."""
    for at in range(0, len(payload), size):
        packet = ipv4(payload[at:at + size], protocol=protocol,
                      fragment=at // 8 | (0x2000 if at + size < len(payload) else 0))
        yield when, packet[:4] + struct.pack("!H", id) + packet[6:]


def pieces6(when, payload, id, size=400, protocol=17):
    for at in range(0, len(payload), size):
        head = struct.pack("!BBHI", protocol, 0, at | (at + size < len(payload)), id)
        yield when, ipv6(head + payload[at:at + size], 44)


@pytest.fixture
def write(write):
    return lambda frames, **kwargs: write(pcap(frames, RAW, **kwargs))


@pytest.fixture
def whole(write):
    stream = only_stream(write([(when, ipv4(udp(packet))) for when, packet in PACKETS]))
    assert stream["packets"] == 30
    return stream


def each(pieces, change=list, **kwargs):
    """All packets in pieces, those of each changed by a function."""
    return [piece for i, (when, packet) in enumerate(PACKETS)
            for piece in change(list(pieces(when, udp(packet), i, **kwargs)))]


ORDERS = {
    "in order": list,
    "backwards": lambda p: p[::-1],
    "the last first": lambda p: p[-1:] + p[:-1],
    "each twice": lambda p: [q for q in p for _ in range(2)][:-1],
    "repeated before the last": lambda p: p[:-1] + p[:-1] + p[-1:],
}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("pieces", [pieces4, pieces6])
def test_put_together_in_any_order(write, whole, pieces, order):
    path = write(each(pieces, ORDERS[order]))
    result, status = replay_json(path)
    addresses = {key: whole[key] for key in ("source", "destination")}
    assert status == 0 and {**result["streams"][0], **addresses} == whole
    assert result["reassembled"] == 30 and result["fragments_unused"] == 0
    assert "30 IP datagrams reassembled from fragments." in replay(path).stdout
    ((packets, lost, _, _),) = tshark_streams(path).values()
    assert (packets, lost) == (30, 0)


@pytest.mark.parametrize("pieces", [pieces4, pieces6])
def test_many_tiny_pieces(write, pieces):
    assert only_stream(write(each(pieces, size=8)))["packets"] == 30


def test_pieces_of_several_packets_mixed(write):
    frames = each(pieces4)
    frames = [frames[i + k] for i in range(0, len(frames), 9) for k in (0, 3, 6, 4, 7, 1, 2, 5, 8)]
    result, status = replay_json(write(frames))
    assert status == 0 and result["streams"][0]["packets"] == 30 == result["reassembled"]


@pytest.mark.parametrize("lost", [0, 1, 2])
def test_a_packet_that_lacks_a_piece_is_missing_and_told(write, lost):
    frames = each(pieces4)
    del frames[10 * 3 + lost]
    path = write(frames)
    result, status = replay_json(path)
    assert status == 0 and result["streams"][0]["packets"] == 29
    assert result["streams"][0]["missing"] == 1
    assert result["fragments"] == 89 and result["fragments_unused"] == 2
    assert "2 IP fragments skipped" in replay(path).stdout


@pytest.mark.parametrize("every", [1, 5])
@pytest.mark.parametrize("pieces", [pieces4, pieces6])
def test_a_capture_filtered_by_ports_has_first_pieces_only(write, pieces, every):
    whole = ipv4 if pieces is pieces4 else lambda data: ipv6(data, 17)
    frames = [next(pieces(when, udp(packet), i)) if i % every == 0 else (when, whole(udp(packet)))
              for i, (when, packet) in enumerate(PACKETS)]
    path = write(frames)
    result, status = replay_json(path)
    assert status == 0 and result["udp_packets"] == 30
    assert result["streams"][0]["packets"] == 30 and result["streams"][0]["missing"] == 0
    assert result["fragments"] == result["fragments_alone"] == result["cut_short"] == 30 // every
    assert result["fragments_unused"] == result["reassembled"] == 0
    assert f"{30 // every} IP fragments used as truncated datagrams" in replay(path).stdout


def test_one_that_came_without_its_rest_before_others_came_with_theirs(write):
    frames = each(pieces4)
    result, status = replay_json(write(frames[:1] + [(when + 1, f) for when, f in frames[3:]]))
    assert status == 0 and result["streams"][0]["packets"] == 30  # two of them in part
    assert result["reassembled"] == 28 and result["fragments_alone"] == 2
    # From then on, one is missing.
    del frames[61:63]
    result, status = replay_json(write(frames))
    assert result["fragments_alone"] == 0 and result["fragments_unused"] == 1
    assert result["streams"][0]["missing"] == 1


def test_overlaps_that_agree_do_not_matter(write):
    def overlapping(when, payload, id):
        pieces = list(pieces4(when, payload, id))
        again = list(pieces4(when, payload, id, size=256))
        return [again[0], pieces[1], again[1], pieces[2], pieces[0]]
    assert only_stream(write(each(overlapping)))["packets"] == 30


def test_pieces_that_contradict_each_other_restart_reassembly(write):
    def with_an_old_one(when, payload, id):
        old, *_ = pieces4(when, b"\xee" * len(payload), id)
        return [old, *pieces4(when, payload, id)]
    result, status = replay_json(write(each(with_an_old_one)))
    assert status == 0 and result["streams"][0]["packets"] == 30
    assert result["fragments_unused"] == 30


def test_an_identifier_may_come_again(write):
    frames = [piece for when, packet in PACKETS for piece in pieces4(when, udp(packet), 7)]
    assert only_stream(write(frames))["packets"] == 30
    # The first half of one, and the second of another that came a minute later, are no packet.
    one, other = (list(pieces4(0, udp(PACKETS[0][1]), 7)), list(pieces4(60, udp(PACKETS[0][1]), 7)))
    result, _ = replay_json(write(one[:2] + other[2:]))
    assert result["reassembled"] == 0 and result["fragments_unused"] == 3


def test_cut_by_the_snap_length_they_count_as_far_as_they_are_there(write):
    result, status = replay_json(write(each(pieces4), snaplen=100))
    assert status == 0 and result["streams"][0]["packets"] == 30
    assert result["reassembled"] == result["cut_short"] == 30


def test_a_tunnel_in_pieces_with_pieces_in_it(write):
    frames = []
    for i, (when, packet) in enumerate(PACKETS):
        for k, (_, inner) in enumerate(pieces4(when, udp(packet), i, size=800)):
            gre = b"\0\0\x08\0" + inner
            frames += pieces4(when, gre, 1000 + 2 * i + k, size=200, protocol=47)
    result, status = replay_json(write(frames))
    assert status == 0 and result["streams"][0]["packets"] == 30
    assert result["gre"] == 60 and result["reassembled"] == 90


def test_extension_headers_in_the_pieces(write):
    frames = [piece for i, (when, packet) in enumerate(PACKETS)
              for piece in pieces6(when, b"\x11\0" + b"\0" * 6 + udp(packet), i, protocol=60)]
    assert only_stream(write(frames))["packets"] == 30


def test_impossible_lengths(write):
    frames = [ipv4(b"x" * 7, fragment=0x2000), ipv4(b"", fragment=0x2001),
              ipv4(b"x" * 999, fragment=0x1fff), ipv6(b"\x11\0\xff\xf8\0\0\0\1" + b"x" * 99, 44)]
    result, status = replay_json(write([(0, frame) for frame in frames]))
    assert status == 1 and result["fragments"] == result["fragments_unused"] == 4


def test_more_than_fits_is_given_up_oldest_first(write):
    begun = [list(pieces4(0, udp(PACKETS[0][1]), i))[0] for i in range(2000)]
    ended = [piece for i in (0, 500, 1500, 1999)
             for piece in list(pieces4(0, udp(rtp(i, i, b"x" * 990)), i))[1:]]
    result, _ = replay_json(write(begun + ended))
    assert result["reassembled"] == 2 and result["fragments"] == 2008
    assert result["fragments_unused"] == 2008 - 6
