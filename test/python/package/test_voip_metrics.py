"""VoIP metrics of RTCP XR: what is built is parsed, and nothing that comes does harm."""
import pickle
import struct

import pytest
import rtpsynth.rtcp
from hypothesis import given, settings
from hypothesis import strategies as st
from rtpsynth.media import CallQuality
from rtpsynth.rtcp import VoipMetrics, build_voip_metrics, parse_voip_metrics

BYTE, SHORT, WORD = (0, 255), (0, 65535), (0, 2**32 - 1)
# Least and most of each field that is a number.
RANGES = {
    "ssrc": WORD, "loss_rate": BYTE, "discard_rate": BYTE, "burst_density": BYTE,
    "gap_density": BYTE, "burst_duration_ms": SHORT, "gap_duration_ms": SHORT,
    "round_trip_delay_ms": SHORT, "end_system_delay_ms": SHORT, "signal_level": (-128, 126),
    "noise_level": (-128, 126), "rerl": (0, 126), "gmin": BYTE, "r_factor": (0, 100),
    "ext_r_factor": (0, 100), "mos_lq": (10, 50), "mos_cq": (10, 50), "buffer_rate": (0, 15),
    "buffer_nominal_ms": SHORT, "buffer_maximum_ms": SHORT, "buffer_abs_maximum_ms": SHORT,
}
WORDS = {"concealment": ("unspecified", "disabled", "enhanced", "standard"),
         "buffer": ("unknown", "reserved", "fixed", "adaptive")}
DELAYS = ("round_trip_delay_ms", "end_system_delay_ms")
# Of the fields that may be unknown, where a block has the byte that says so.
UNKNOWN = {"signal_level": 20, "noise_level": 21, "rerl": 22, "r_factor": 24, "ext_r_factor": 25,
           "mos_lq": 26, "mos_cq": 27}
NONE = VoipMetrics(1)
EXAMPLE = VoipMetrics(
    ssrc=0x01020304, loss_rate=5, discard_rate=6, burst_density=7, gap_density=8,
    burst_duration_ms=0x090a, gap_duration_ms=0x0b0c, round_trip_delay_ms=0x0d0e,
    end_system_delay_ms=0x0f10, signal_level=-17, noise_level=-63, rerl=55, gmin=16, r_factor=93,
    mos_lq=44, mos_cq=43, concealment="enhanced", buffer="adaptive", buffer_rate=9,
    buffer_nominal_ms=40, buffer_maximum_ms=80, buffer_abs_maximum_ms=0x0102)
RECEIVER_REPORT = struct.pack("!BBHI", 0x80, 201, 1, 5)


def again(metrics):
    (reporter, parsed), = parse_voip_metrics(build_voip_metrics(9, [metrics]))
    assert reporter == 9
    return parsed


def test_bytes_by_hand():
    packet = build_voip_metrics(0xa1a2a3a4, [EXAMPLE])
    assert packet == bytes.fromhex(
        "80cf000a a1a2a3a4 07000008 01020304 05060708 090a0b0c 0d0e0f10 efc13710 5d7f2c2b b9000028"
        "00500102")
    (reporter, metrics), = parse_voip_metrics(packet)
    assert reporter == 0xa1a2a3a4 and metrics == EXAMPLE
    assert type(metrics) is VoipMetrics and metrics.ext_r_factor is None
    assert pickle.loads(pickle.dumps(metrics)) == metrics


def test_every_field_is_here():
    assert sorted(RANGES | WORDS) == sorted(VoipMetrics._fields)


@pytest.mark.parametrize("field", RANGES)
def test_each_number_at_its_limits(field):
    least, most = RANGES[field]
    for value in (least, least + 1, most - 1, most):
        metrics = NONE._replace(**{field: value})
        expected = None if field in DELAYS and value == 0 else value
        assert again(metrics) == metrics._replace(**{field: expected})
    for value in (least - 1, most + 1, 2**70):
        with pytest.raises(ValueError) as error:
            build_voip_metrics(9, [EXAMPLE, NONE._replace(**{field: value})])
        assert str(error.value) == f"metrics[1].{field} must be {least}..{most}, not {value}"
    for value in (1.5, "1"):
        with pytest.raises(TypeError, match=rf"metrics\[0\].{field} must be an integer, not "):
            build_voip_metrics(9, [NONE._replace(**{field: value})])
    if field not in UNKNOWN and field not in DELAYS:
        with pytest.raises(TypeError, match=rf"metrics\[0\].{field} must be an integer, not None"):
            build_voip_metrics(9, [NONE._replace(**{field: None})])


@pytest.mark.parametrize("field", WORDS)
def test_each_word(field):
    for word in WORDS[field]:
        metrics = EXAMPLE._replace(**{field: word})
        assert again(metrics) == metrics
    with pytest.raises(ValueError) as error:
        build_voip_metrics(9, [EXAMPLE._replace(**{field: "other"})])
    words = "'{}', '{}', '{}' or '{}'".format(*WORDS[field])
    assert str(error.value) == f"metrics[0].{field} must be {words}, not 'other'"
    with pytest.raises(TypeError, match=rf"metrics\[0\].{field} must be a str, not int"):
        build_voip_metrics(9, [EXAMPLE._replace(**{field: 2})])


def test_unknown_is_none_as_the_packet_says_it():
    packet = build_voip_metrics(9, [NONE])
    assert {packet[8 + at] for at in UNKNOWN.values()} == {127}
    assert packet[8 + 16 : 8 + 20] == bytes(4)  # delays
    assert again(NONE) == NONE
    assert [getattr(NONE, field) for field in (*UNKNOWN, *DELAYS)] == [None] * 9


@pytest.mark.parametrize("field", UNKNOWN)
def test_bytes_without_a_meaning_are_unknown(field):
    """RFC 3611 section 4.7.5: values out of range must be ignored."""
    packet = bytearray(build_voip_metrics(9, [NONE]))
    least, most = RANGES[field]
    for byte in range(256):
        packet[8 + UNKNOWN[field]] = byte
        value = byte - 256 if least < 0 and byte > 127 else byte
        (_, metrics), = parse_voip_metrics(packet)
        assert getattr(metrics, field) == (value if least <= value <= most else None)


def test_a_compound_of_several_reporters():
    many = [NONE._replace(ssrc=n) for n in range(31)]
    datagram = (RECEIVER_REPORT + build_voip_metrics(5, many) + build_voip_metrics(6, [])
                + build_voip_metrics(2**32 - 1, iter([EXAMPLE])))
    assert parse_voip_metrics(memoryview(datagram)) \
        == [(5, metrics) for metrics in many] + [(2**32 - 1, EXAMPLE)]
    for nothing in (RECEIVER_REPORT, build_voip_metrics(6, [])):
        assert parse_voip_metrics(nothing) == []


def test_what_is_malformed_hides_nothing_else():
    short_block = struct.pack("!BBHIBBHI", 0x80, 207, 3, 7, 7, 0, 1, 0)
    past_the_end = struct.pack("!BBHIBBH", 0x80, 207, 2, 7, 7, 0, 8)
    other_block = struct.pack("!BBHIBBH", 0x80, 207, 2, 7, 200, 0, 0)
    datagram = short_block + past_the_end + other_block + build_voip_metrics(5, [EXAMPLE])
    assert parse_voip_metrics(datagram) == [(5, EXAMPLE)]


def test_errors():
    for ssrc in (-1, 2**32):
        with pytest.raises(ValueError, match="ssrc must be 0..4294967295, not"):
            build_voip_metrics(ssrc, [])
    with pytest.raises(ValueError, match="metrics must be at most 31, not 32"):
        build_voip_metrics(1, [NONE] * 32)
    for wrong in ((1,), tuple(NONE), 7, None):
        with pytest.raises(TypeError, match=r"metrics\[1\] must be a VoipMetrics, not"):
            build_voip_metrics(1, [NONE, wrong])
    with pytest.raises(TypeError, match=r"metrics\[0\] must be a VoipMetrics"):
        build_voip_metrics(1, [tuple.__new__(VoipMetrics, (1, 2))])
    with pytest.raises(TypeError):
        build_voip_metrics(1, 7)
    for nothing in (b"", b"\x80\xcf\0", b"\x80\0\0\0" + bytes(8), RECEIVER_REPORT[:-1]):
        with pytest.raises(ValueError, match="datagram is not RTCP: "):
            parse_voip_metrics(nothing)
    with pytest.raises(TypeError, match="datagram must be a bytes-like object, not str"):
        parse_voip_metrics("")


def test_a_field_s_index_may_change_the_list():
    class Index:
        def __index__(self):
            metrics.clear()
            return 3

    metrics = [EXAMPLE._replace(loss_rate=Index()), EXAMPLE]
    assert parse_voip_metrics(build_voip_metrics(1, metrics)) \
        == [(1, EXAMPLE._replace(loss_rate=3)), (1, EXAMPLE)]
    assert metrics == []


def test_the_datagram_may_change_while_objects_are_made(monkeypatch):
    """As another thread, or a finalizer, may write to a bytearray."""
    def make(*fields):
        datagram[:] = b"\xff" * len(datagram)
        return VoipMetrics(*fields)

    datagram = bytearray(build_voip_metrics(5, [EXAMPLE, NONE]) + build_voip_metrics(6, [NONE]))
    monkeypatch.setattr(rtpsynth.rtcp, "VoipMetrics", make)
    assert parse_voip_metrics(datagram) == [(5, EXAMPLE), (5, NONE), (6, NONE)]


def test_metrics_of_a_call():
    quality = CallQuality("PCMU")
    assert quality.metrics(7, 20_000_000) == VoipMetrics(7)
    for _ in range(16):
        quality.received(62)
        quality.lost()
        quality.discarded()
    before = quality.metrics(ssrc=7, ptime_ns=20_000_000)
    assert (before.ssrc, before.loss_rate, before.discard_rate, before.gmin) == (7, 4, 4, 16)
    assert before.mos_lq == round(10 * quality.listening_mos)
    assert (before.r_factor, before.mos_cq, before.round_trip_delay_ms) == (None, None, None)
    quality.set_delay(200_000_000, 60_000_000)
    metrics = quality.metrics(7, 20_000_000)
    assert metrics.r_factor == round(quality.r) and metrics.mos_cq == round(10 * quality.mos)
    assert (metrics.round_trip_delay_ms, metrics.end_system_delay_ms) == (200, 60)
    assert metrics.burst_duration_ms > 0 and metrics.gap_duration_ms > 0
    assert again(metrics) == metrics
    assert quality.metrics(7, 40_000_000).gap_duration_ms == 2 * metrics.gap_duration_ms
    for arguments, name in (((-1, 0), "ssrc"), ((2**32, 0), "ssrc"), ((0, -1), "ptime_ns"),
                            ((0, 3_600_000_000_001), "ptime_ns")):
        with pytest.raises(ValueError, match=f"^{name} must be 0.."):
            quality.metrics(*arguments)


SETTINGS = settings(max_examples=300, deadline=None, derandomize=True, database=None)
METRICS = st.builds(
    VoipMetrics,
    **{field: st.one_of(st.integers(max(least, 1) if field in DELAYS else least, most),
                        *([st.none()] if field in UNKNOWN or field in DELAYS else []))
       for field, (least, most) in RANGES.items()},
    **{field: st.sampled_from(words) for field, words in WORDS.items()})


@SETTINGS
@given(st.integers(*WORD), st.lists(METRICS, max_size=31))
def test_what_is_built_is_parsed(ssrc, metrics):
    assert parse_voip_metrics(build_voip_metrics(ssrc, metrics)) == [(ssrc, m) for m in metrics]


@SETTINGS
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=40))
def test_any_block_is_read_and_written_again(block, tail):
    """What a receiver understood survives being passed on."""
    packet = struct.pack("!BBHIBBH", 0x80, 207, 10, 9, 7, 0, 8) + block
    (_, metrics), = parse_voip_metrics(packet)
    assert again(metrics) == metrics
    try:
        assert parse_voip_metrics(packet + tail)[0] == (9, metrics)
    except ValueError:
        assert tail


@SETTINGS
@given(st.binary(max_size=100))
def test_any_bytes(data):
    try:
        assert all(again(metrics) == metrics for _, metrics in parse_voip_metrics(data))
    except ValueError as error:
        assert "datagram is not RTCP" in str(error)
