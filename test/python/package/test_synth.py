"""The packets of RtpSynth: headers, payloads, numbers, bad arguments."""
import inspect
import mmap
import struct
from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rtpsynth import RtpSynth as module
from rtpsynth.RtpSynth import RtpSynth, set_randfunc

SSRC, TIMESTAMP, SEQ = 0x12345678, 0xFFFFFF00, 0xFFFE
METHODS = ["next_pkt", "next_pkts", "next_pkts_into", "skip", "set_mbt", "resync", "pkt_free"]


def pinned(srate=8000, ptime=20):
    """A stream whose first numbers are those above; both wrap soon."""
    numbers = iter([SSRC, TIMESTAMP, SEQ])
    set_randfunc(lambda: next(numbers))
    try:
        return RtpSynth(srate, ptime)
    finally:
        set_randfunc(None)


def packet(index, plen=0, pt=0, pload=b"", marker=None, steps=None, step=160):
    """Packet `index` of pinned(), `steps` steps after the first."""
    steps = index if steps is None else steps
    marker = index == 0 if marker is None else marker
    return struct.pack(
        "!BBHII",
        0x80,
        pt | marker << 7,
        (SEQ + index) % 2**16,
        (TIMESTAMP + steps * step) % 2**32,
        SSRC,
    ) + pload.ljust(plen, b"\0")


def test_packets():
    synth = pinned()
    assert synth.next_pkt(160, 0) == packet(0, 160)
    assert synth.next_pkt(160, 8, b"x" * 160) == packet(1, 160, 8, b"x" * 160)
    assert synth.next_pkt(5, 127, b"abc") == packet(2, 5, 127, b"abc")
    assert synth.next_pkt(0, 96, b"") == packet(3, 0, 96)
    assert synth.next_pkt(3, 0, None) == packet(4, 3)
    assert synth.next_pkt(pt=1, pload=b"a", plen=2) == packet(5, 2, 1, b"a")
    assert synth.next_pkt(65495, 0) == packet(6, 65495)


def test_attributes():
    synth = pinned(11025, 10)
    assert (synth.ssrc, synth.srate, synth.ptime) == (SSRC, 11025, 10)
    for name in "ssrc", "srate", "ptime":
        with pytest.raises(AttributeError):
            setattr(synth, name, 1)


FRACTIONAL = [(11025, 10), (44100, 1), (999, 7), (2**31 - 1, 2**31 - 1)]


@pytest.mark.parametrize("srate, ptime", FRACTIONAL)
def test_fractional_steps_never_drift(srate, ptime):
    synth = pinned(srate, ptime)
    packets = [synth.next_pkt(0, 0) for _ in range(500)]
    packets += synth.next_pkts(20_000, 0, 0)
    buffer = bytearray(12 * 20_000)
    assert synth.next_pkts_into(buffer, 0, 0) == 20_000
    stamps = [struct.unpack_from("!I", data, 4)[0] for data in packets]
    stamps += [stamp for (stamp,) in struct.iter_unpack("!4xI4x", buffer)]
    wanted = [(TIMESTAMP + i * srate * ptime // 1000) % 2**32 for i in range(len(stamps))]
    assert stamps == wanted


def test_skip_moves_the_timestamp_alone():
    synth = pinned()
    synth.next_pkt(0, 0)
    assert synth.skip(3) is None
    assert synth.next_pkt(0, 0) == packet(1, steps=4)
    synth.skip(npkts=0)
    synth.skip(2**31 - 1)
    assert synth.next_pkt(0, 0) == packet(2, steps=5 + 2**31 - 1)


def test_set_mbt_is_for_one_packet():
    synth = pinned()
    assert synth.set_mbt(0) == 1
    assert synth.next_pkt(0, 0) == packet(0, marker=False)
    for index, (state, marker) in enumerate(
        [(1, True), (True, True), (-1, True), (10**30, True), (False, False)], 1
    ):
        assert synth.set_mbt(new_st=state) == 0
        assert synth.next_pkt(0, 0) == packet(index, marker=marker)
    assert synth.set_mbt(1) == 0 and synth.set_mbt(1) == 1 and synth.set_mbt(0) == 1
    assert type(synth.set_mbt(0)) is int


def test_pkt_free_takes_anything():
    synth = pinned()
    for thing in synth.next_pkt(0, 0), 5, None, synth:
        assert synth.pkt_free(thing) is None
    assert synth.pkt_free(obj=b"") is None
    assert synth.next_pkt(0, 0) == packet(1)


def buffers(data):
    area = mmap.mmap(-1, len(data))
    area.write(data)
    return [bytearray(data), memoryview(data), memoryview(b"x" + data)[1:], array("H", data), area]


@pytest.mark.parametrize("index", range(5))
def test_payloads_in_any_buffer(index):
    synth = pinned()
    data = bytes(range(100))
    assert synth.next_pkt(110, 0, buffers(data)[index]) == packet(0, 110, 0, data)
    assert synth.next_pkts(2, 100, 0, [data, buffers(data)[index]]) == [
        packet(1, 100, 0, data),
        packet(2, 100, 0, data),
    ]


class Index:
    def __init__(self, value):
        self.value = value

    def __index__(self):
        if isinstance(self.value, Exception):
            raise self.value
        return self.value


def test_objects_with_index_are_numbers():
    synth = RtpSynth(Index(8000), Index(20))
    assert (synth.srate, synth.ptime) == (8000, 20)
    synth = pinned()
    assert synth.next_pkt(Index(4), Index(8)) == packet(0, 4, 8)
    synth.skip(Index(2))
    assert synth.set_mbt(Index(1)) == 0
    assert synth.next_pkt(True, False) == packet(1, 1, marker=True, steps=3)


BAD_PLEN = [-1, 65496, 2**31, 2**63, 10**30, -(10**30)]
BAD_PT = [-1, 128, 2**32, 10**30, -(10**30)]
NO_NUMBER = [None, 1.0, "1", b"1", [1]]
GAPS = memoryview(bytes(8))[::2]

BAD_CALLS = [
    *[("next_pkt", (n, 0), ValueError, "plen must be 0..65495") for n in BAD_PLEN],
    *[("next_pkt", (0, n), ValueError, "pt must be 0..127") for n in BAD_PT],
    *[("next_pkt", (n, 0), TypeError, "plen must be an integer") for n in NO_NUMBER],
    *[("next_pkt", (0, n), TypeError, "pt must be an integer") for n in NO_NUMBER],
    ("next_pkt", (2, 0, b"abc"), ValueError, "pload must be at most plen"),
    ("next_pkt", (2, 0, bytearray(3)), ValueError, "pload must be at most plen"),
    ("next_pkt", (2, 0, "ab"), TypeError, "pload"),
    ("next_pkt", (2, 0, 5), TypeError, "pload"),
    ("next_pkt", (8, 0, GAPS), BufferError, ""),
    ("next_pkt", (Index(ZeroDivisionError()), 0), ZeroDivisionError, ""),
    ("next_pkt", (Index("no"), 0), TypeError, ""),
    ("next_pkt", (1,), TypeError, "pt"),
    ("next_pkt", (1, 2, b"", 4), TypeError, "at most 3"),
    *[("next_pkts", (n, 0, 0), ValueError, "n must be 0..") for n in [-1, 10**30]],
    *[("next_pkts", (n, 0, 0), TypeError, "n must be an integer") for n in NO_NUMBER],
    *[("next_pkts", (1, n, 0), ValueError, "plen must be 0..65495") for n in BAD_PLEN],
    *[("next_pkts", (1, 0, n), ValueError, "pt must be 0..127") for n in BAD_PT],
    ("next_pkts", (2**62, 0, 0), MemoryError, ""),
    ("next_pkts", (2, 2, 0, [b"a"]), ValueError, "ploads must have n .2. items, not 1"),
    ("next_pkts", (2, 2, 0, [b"a"] * 3), ValueError, "ploads must have n .2. items, not 3"),
    ("next_pkts", (2, 2, 0, [b"a", b"abc"]), ValueError, "pload must be at most plen"),
    ("next_pkts", (2, 2, 0, [b"a", bytearray(3)]), ValueError, "pload must be at most plen"),
    ("next_pkts", (2, 2, 0, [b"a", None]), TypeError, "item of ploads"),
    ("next_pkts", (2, 2, 0, b"ab"), TypeError, "item of ploads"),
    ("next_pkts", (2, 2, 0, "ab"), TypeError, "item of ploads"),
    ("next_pkts", (2, 8, 0, [b"a", GAPS]), BufferError, ""),
    ("next_pkts", (2, 2, 0, 5), TypeError, "ploads must be a sequence"),
    ("next_pkts", (2, 2, 0, {b"a": 1, b"b": 2}), TypeError, "ploads must be a sequence"),
    ("next_pkts_into", (b"x" * 24, 0, 0), BufferError, ""),
    ("next_pkts_into", (memoryview(bytearray(48))[::2], 0, 0), BufferError, ""),
    ("next_pkts_into", (5, 0, 0), TypeError, "buf must be a bytes-like object"),
    ("next_pkts_into", (bytearray(24), -1, 0), ValueError, "plen must be 0..65495"),
    ("next_pkts_into", (bytearray(24), 0, 128), ValueError, "pt must be 0..127"),
    *[("skip", (n,), ValueError, "npkts must be 0..2147483647") for n in [-1, 2**31, 10**30]],
    *[("skip", (n,), TypeError, "npkts must be an integer") for n in NO_NUMBER],
    *[("set_mbt", (n,), TypeError, "new_st must be an integer") for n in NO_NUMBER],
    ("set_mbt", (Index(ZeroDivisionError()),), ZeroDivisionError, ""),
    ("set_mbt", (), TypeError, "new_st"),
    ("resync", (1, 2, 3), TypeError, "at most 2"),
    ("pkt_free", (), TypeError, "obj"),
]


@pytest.mark.parametrize("name, arguments, error, message", BAD_CALLS)
def test_bad_arguments_change_nothing(name, arguments, error, message):
    synth = pinned()
    with pytest.raises(error, match=message):
        getattr(synth, name)(*arguments)
    with pytest.raises(TypeError):
        getattr(synth, name)(*arguments, nothing=1)
    assert synth.next_pkt(0, 0) == packet(0)


@pytest.mark.parametrize("number", [0, -1, -8000, 2**31, 10**30, -(10**30)])
def test_rates_and_times_out_of_range(number):
    for arguments, name in ((number, 20), "srate"), ((8000, number), "ptime"):
        with pytest.raises(ValueError, match=f"{name} must be 1..2147483647"):
            RtpSynth(*arguments)


@pytest.mark.parametrize("wrong", NO_NUMBER)
def test_rates_and_times_of_other_types(wrong):
    for arguments, name in ((wrong, 20), "srate"), ((8000, wrong), "ptime"):
        with pytest.raises(TypeError, match=f"{name} must be an integer"):
            RtpSynth(*arguments)


def test_constructor_arguments():
    assert RtpSynth(ptime=30, srate=16000).ptime == 30
    for arguments, keywords in ((), {}), ((1,), {}), ((1, 2, 3), {}), ((1, 2), {"x": 3}):
        with pytest.raises(TypeError):
            RtpSynth(*arguments, **keywords)


def test_batches():
    synth = pinned()
    assert synth.next_pkts(0, 160, 0) == [] and synth.next_pkts(0, 0, 0, []) == []
    assert synth.next_pkts(3, 4, 8) == [packet(i, 4, 8) for i in range(3)]
    ploads = (b"", b"ab", b"abcd")
    wanted = [packet(3 + i, 4, 0, pload) for i, pload in enumerate(ploads)]
    assert synth.next_pkts(n=3, plen=4, pt=0, ploads=ploads) == wanted
    assert synth.next_pkt(0, 0) == packet(6)


def test_batches_into_a_buffer():
    synth = pinned()
    for room, count in (0, 0), (15, 0), (16, 1), (47, 2), (48, 3):
        buffer = bytearray(b"\xee" * room)
        first = struct.unpack_from("!xxH", synth.next_pkt(0, 0))[0] + 1 - SEQ & 0xFFFF
        assert synth.next_pkts_into(buffer, 4, 8) == count
        wanted = b"".join(packet(first + i, 4, 8, marker=False) for i in range(count))
        assert buffer == wanted + b"\xee" * (room - len(wanted))
    area = mmap.mmap(-1, 100)
    assert synth.next_pkts_into(area, 0, 0) == 8
    assert synth.next_pkts_into(buf=memoryview(bytearray(24))[12:], plen=0, pt=0) == 1


operation = st.one_of(
    st.tuples(st.just("next"), st.integers(0, 300), st.integers(0, 127), st.binary(max_size=300)),
    st.tuples(st.just("batch"), st.integers(0, 9), st.integers(0, 50), st.integers(0, 127)),
    st.tuples(st.just("into"), st.integers(0, 500), st.integers(0, 50), st.integers(0, 127)),
    st.tuples(st.just("skip"), st.integers(0, 2**31 - 1)),
    st.tuples(st.just("mark"), st.integers(-2, 2)),
)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.integers(1, 200_000), st.integers(1, 200), st.lists(operation, max_size=30))
def test_any_sequence_of_calls(srate, ptime, operations):
    synth = pinned(srate, ptime)
    index, steps, marker = 0, 0, True

    def wanted(plen, pt, pload=b""):
        nonlocal index, steps, marker
        media = (TIMESTAMP + steps * srate * ptime // 1000) % 2**32
        seq = (SEQ + index) % 2**16
        header = struct.pack("!BBHII", 0x80, pt | marker << 7, seq, media, SSRC)
        index, steps, marker = index + 1, steps + 1, False
        return header + pload.ljust(plen, b"\0")

    for name, *arguments in operations:
        if name == "next":
            plen, pt, pload = arguments
            pload = pload[:plen]
            assert synth.next_pkt(plen, pt, pload) == wanted(plen, pt, pload)
        elif name == "batch":
            n, plen, pt = arguments
            assert synth.next_pkts(n, plen, pt) == [wanted(plen, pt) for _ in range(n)]
        elif name == "into":
            room, plen, pt = arguments
            buffer = bytearray(room)
            n = synth.next_pkts_into(buffer, plen, pt)
            assert n == room // (12 + plen)
            assert buffer[: n * (12 + plen)] == b"".join(wanted(plen, pt) for _ in range(n))
        elif name == "skip":
            synth.skip(*arguments)
            steps += arguments[0]
        else:
            assert synth.set_mbt(*arguments) == marker
            marker = arguments[0] != 0


def test_documentation_and_signatures():
    assert sorted(module.__all__) == ["RtpSynth", "set_randfunc"]
    assert RtpSynth.__module__ == "rtpsynth.RtpSynth" and RtpSynth.__qualname__ == "RtpSynth"
    assert str(inspect.signature(RtpSynth)) == "(srate, ptime)"
    signatures = {name: str(inspect.signature(getattr(RtpSynth, name))) for name in METHODS}
    assert signatures == {
        "next_pkt": "(self, /, plen, pt, pload=None)",
        "next_pkts": "(self, /, n, plen, pt, ploads=None)",
        "next_pkts_into": "(self, /, buf, plen, pt)",
        "skip": "(self, /, npkts)",
        "set_mbt": "(self, /, new_st)",
        "resync": "(self, /, ts=0, seq=0)",
        "pkt_free": "(self, /, obj)",
    }
    assert list(inspect.signature(set_randfunc).parameters) == ["f"]
    for thing in RtpSynth, set_randfunc, *(getattr(RtpSynth, name) for name in METHODS):
        assert len(inspect.getdoc(thing)) > 20
