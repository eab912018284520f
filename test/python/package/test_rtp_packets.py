"""rtpsynth.rtp: packets there and back, and what is no packet."""

import pytest
from any_input import any_of
from hypothesis import strategies as st

from rtpsynth.rtp import RtpPacket, build_rtp, classify, parse_extension, parse_rtp
from rtpsynth.RtpSynth import RtpSynth

u32 = st.integers(0, 2**32 - 1)
extensions = st.one_of(
    st.just((None, b"")),
    st.tuples(st.integers(0, 65535), st.integers(0, 8).flatmap(
        lambda n: st.binary(min_size=4 * n, max_size=4 * n))))
packets = st.builds(
    lambda extension, **fields: RtpPacket(
        **fields, extension_profile=extension[0], extension=extension[1]),
    extension=extensions, payload_type=st.integers(0, 127), seq=st.integers(0, 65535),
    timestamp=u32, ssrc=u32, payload=st.binary(max_size=200), marker=st.booleans(),
    csrcs=st.lists(u32, max_size=15).map(tuple), padding=st.integers(0, 255))


@any_of(packets)
def test_there_and_back(packet):
    built = build_rtp(packet)
    assert parse_rtp(built) == packet
    assert parse_rtp(bytearray(built)) == packet
    assert len(built) >= 12 + len(packet.payload) + packet.padding


@any_of(st.binary(max_size=80))
def test_any_bytes(data):
    kind = classify(data)
    try:
        packet = parse_rtp(data)
    except ValueError as e:
        assert str(e).startswith("packet is not RTP")
    else:
        assert kind in ("rtp", "rtcp")  # whose second byte decides
        again = parse_rtp(build_rtp(packet))
        assert again == packet


def test_of_the_synthesiser():
    synth = RtpSynth(8000, 20)
    first, second = (parse_rtp(p) for p in synth.next_pkts(2, 160, 8, [b"\x55" * 160] * 2))
    assert (first.payload_type, len(first.payload)) == (8, 160)
    assert (second.seq - first.seq) % 65536 == 1
    assert (second.timestamp - first.timestamp) % 2**32 == 160
    assert first.extension_profile is None and first.csrcs == ()


def test_classify():
    for data, kind in ((b"\x80\x00", "rtp"), (b"\x80\xc8", "rtcp"), (b"\x00\x01", "stun"),
                       (b"\x10\x00", "zrtp"), (b"\x16\xfe", "dtls"), (b"\x40\x00", "turn_channel"),
                       (b"\xff", "unknown"), (b"", "unknown")):
        assert classify(data) == kind
    with pytest.raises(TypeError, match="datagram must be a bytes-like object"):
        classify("x")


def test_elements():
    packet = RtpPacket(0, 1, 2, 3, b"x", extension_profile=0xBEDE)
    built = build_rtp(packet, [(1, b"\x05"), (14, b"0123456789abcdef")])
    parsed = parse_rtp(built)
    assert parsed.extension_profile == 0xBEDE and len(parsed.extension) % 4 == 0
    assert parse_extension(0xBEDE, parsed.extension) == [(1, b"\x05"), (14, b"0123456789abcdef")]
    two = build_rtp(packet._replace(extension_profile=0x1003), ((255, b""), (1, bytearray(255))))
    assert parse_extension(0x1003, parse_rtp(two).extension) == [(255, b""), (1, bytes(255))]
    assert parse_extension(0x1234, b"\0\0\0\0") == []
    with pytest.raises(ValueError, match="malformed element"):
        parse_extension(0xBEDE, b"\x1f\0\0\0")


def test_errors():
    good = RtpPacket(0, 1, 2, 3)
    for change, error, words in (
        ({"payload_type": 128}, ValueError, "payload_type must be 0..127"),
        ({"seq": 65536}, ValueError, "seq"),
        ({"timestamp": -1}, ValueError, "timestamp"),
        ({"ssrc": 2**32}, ValueError, "ssrc"),
        ({"ssrc": "x"}, TypeError, "ssrc must be an integer"),
        ({"payload": "x"}, TypeError, "payload must be a bytes-like"),
        ({"payload": bytes(65507)}, ValueError, "65507"),
        ({"csrcs": range(16)}, ValueError, "15 csrcs"),
        ({"csrcs": 5}, TypeError, "iterable"),
        ({"csrcs": [2**32]}, ValueError, "csrcs"),
        ({"extension": b"1234"}, ValueError, "profile"),
        ({"extension_profile": 1, "extension": b"12"}, ValueError, "4 bytes"),
        ({"extension_profile": 65536}, ValueError, "extension_profile"),
        ({"padding": 256}, ValueError, "padding"),
    ):
        with pytest.raises(error, match=words):
            build_rtp(good._replace(**change))
    for elements, error in (([(1, b"x")], ValueError), ([(0, b"x")], ValueError), ([5], TypeError),
                            ([(1, "x")], TypeError)):
        with pytest.raises(error):
            build_rtp(good, elements)
    for elements in ([(15, b"x")], [(1, b"")], [(1, bytes(17))]):
        with pytest.raises(ValueError):
            build_rtp(good._replace(extension_profile=0xBEDE), elements)
    with pytest.raises(ValueError, match="packet is not RTP"):
        parse_rtp(b"\x80")
