"""G.711 of the package RtpUtils, against tables made from the recommendation."""
import bisect
import ctypes
import inspect
import mmap
import sys
import threading
from array import array

import pytest
from rtpsynth import RtpUtils as module
from rtpsynth.RtpUtils import (
    RtpUtils,
    alaw2linear,
    linear2alaw,
    linear2ulaw,
    resample_linear,
    ulaw2linear,
)

PARAMETERS = {
    "linear2ulaw": ["pcm16"],
    "linear2alaw": ["pcm16"],
    "ulaw2linear": ["ulaw"],
    "alaw2linear": ["alaw"],
    "resample_linear": ["pcm16", "in_rate", "out_rate"],
}
PARAMETERS |= {
    **{f"{name}_into": [*names, "out"] for name, names in PARAMETERS.items()},
    **{f"{name}_to_bytes": PARAMETERS[name]
       for name in ("ulaw2linear", "alaw2linear", "resample_linear")},
}
NAMES = list(PARAMETERS)
ENCODERS = [linear2ulaw, linear2alaw]
DECODERS = [ulaw2linear, alaw2linear]
ALL_SAMPLES = array("h", range(-32768, 32768))


def ulaw_starts():
    """The lowest biased magnitude of each of the 128 steps: table 2a of G.711, times 4."""
    return [(16 + step) << (segment + 3) for segment in range(8) for step in range(16)]


def alaw_starts():
    """The lowest magnitude of each of the 128 steps: table 1a of G.711, times 8."""
    starts = [step * 16 for step in range(32)]
    return starts + [(16 + step) << (s + 3) for s in range(2, 8) for step in range(16)]


ULAW_STARTS, ALAW_STARTS = ulaw_starts(), alaw_starts()


def expected_ulaw(sample):
    magnitude = min(abs(sample), 32635) + 0x84
    step = bisect.bisect_right(ULAW_STARTS, magnitude) - 1
    return (step | (0x80 if sample < 0 else 0)) ^ 0xFF


def expected_alaw(sample):
    magnitude = sample if sample >= 0 else -sample - 1
    step = bisect.bisect_right(ALAW_STARTS, magnitude) - 1
    return (step | (0x80 if sample >= 0 else 0)) ^ 0x55


def middles(starts, last, bias):
    ends = starts[1:] + [last]
    return [(start + end) // 2 - bias for start, end in zip(starts, ends)]


ULAW_MIDDLES = middles(ULAW_STARTS, 32 << 10, 0x84)
ALAW_MIDDLES = middles(ALAW_STARTS, 32 << 10, 0)


def expected_linear_of_ulaw(code):
    bits = code ^ 0xFF
    return ULAW_MIDDLES[bits & 0x7F] * (-1 if bits & 0x80 else 1)


def expected_linear_of_alaw(code):
    bits = code ^ 0x55
    return ALAW_MIDDLES[bits & 0x7F] * (1 if bits & 0x80 else -1)


@pytest.mark.parametrize(
    "encode, expected", [(linear2ulaw, expected_ulaw), (linear2alaw, expected_alaw)]
)
def test_every_sample_encodes_as_the_tables_say(encode, expected):
    wanted = bytes(expected(sample) for sample in ALL_SAMPLES)
    assert encode(ALL_SAMPLES) == wanted
    assert bytes(encode(sample) for sample in ALL_SAMPLES) == wanted
    assert encode(ALL_SAMPLES.tobytes()) == wanted


@pytest.mark.parametrize(
    "decode, expected",
    [(ulaw2linear, expected_linear_of_ulaw), (alaw2linear, expected_linear_of_alaw)],
)
def test_every_code_decodes_as_the_tables_say(decode, expected):
    wanted = array("h", [expected(code) for code in range(256)])
    decoded = decode(bytes(range(256)))
    assert type(decoded) is array and decoded.typecode == "h" and decoded == wanted
    assert [decode(code) for code in range(256)] == list(wanted)


@pytest.mark.parametrize("encode, decode", zip(ENCODERS, DECODERS))
def test_decoded_codes_encode_to_themselves(encode, decode):
    for code in range(256):
        again = encode(decode(code))
        assert again == code or (encode is linear2ulaw and (code, again) == (0x7F, 0xFF))


def test_known_values():
    assert (linear2ulaw(0), linear2ulaw(32767), linear2ulaw(-32768)) == (0xFF, 0x80, 0x00)
    assert (linear2alaw(0), linear2alaw(32767), linear2alaw(-32768)) == (0xD5, 0xAA, 0x2A)
    assert (ulaw2linear(0xFF), ulaw2linear(0), ulaw2linear(0x80)) == (0, -32124, 32124)
    assert (alaw2linear(0xD5), alaw2linear(0x55), alaw2linear(0xAA)) == (8, -8, 32256)


@pytest.mark.parametrize("encode", ENCODERS)
def test_any_int_is_clipped(encode):
    for big in 32768, 2**31, 2**63, 2**64, 10**30:
        assert encode(big) == encode(32767)
        assert encode(-big) == encode(-32768)
    assert encode(True) == encode(1)


@pytest.mark.parametrize("decode", DECODERS)
def test_the_low_8_bits_of_any_int_are_decoded(decode):
    for number in 0, 255, 256, 300, -1, -200, 2**64 + 5, 10**30, -(10**30), True:
        assert decode(number) == decode(number % 256)


class Index:
    def __init__(self, value):
        self.value = value

    def __index__(self):
        if isinstance(self.value, Exception):
            raise self.value
        return self.value


class Scalar(ctypes.c_int16):
    """A buffer without dimensions that stands for an int, as numpy's scalars do."""

    def __index__(self):
        return self.value


class IndexableBytes(bytearray):
    def __index__(self):
        return 1


def test_what_stands_for_an_int_is_one():
    assert linear2ulaw(Index(-5)) == linear2ulaw(-5)
    assert linear2ulaw(Scalar(1234)) == linear2ulaw(1234)
    assert alaw2linear(Index(7)) == alaw2linear(7)
    assert linear2ulaw(IndexableBytes(4)) == b"\xff\xff"
    for call in ENCODERS + DECODERS:
        with pytest.raises(ZeroDivisionError):
            call(Index(ZeroDivisionError()))
        with pytest.raises(TypeError):
            call(Index("no"))


SAMPLES = array("h", [0, 1, -1, 1000, -1000, 32767, -32768])


def every_buffer_of(samples):
    data = samples.tobytes()
    area = mmap.mmap(-1, len(data))
    area.write(data)
    return [
        samples,
        data,
        bytearray(data),
        memoryview(samples),
        memoryview(data),
        memoryview(data).cast("b"),
        memoryview(data).cast("c"),
        memoryview(b"x" + data)[1:],  # not aligned
        memoryview(data).cast("h").cast("B").cast("B", (len(samples), 2)),
        (ctypes.c_int16 * len(samples))(*samples),
        array("b", data),
        area,
    ]


@pytest.mark.parametrize("index", range(12))
def test_samples_come_in_any_buffer(index):
    buffer = every_buffer_of(SAMPLES)[index]
    for encode in ENCODERS:
        assert encode(buffer) == encode(SAMPLES)
    assert resample_linear(buffer, 8000, 8000) == SAMPLES
    assert resample_linear(buffer, 8000, 11025) == resample_linear(SAMPLES, 8000, 11025)


@pytest.mark.parametrize("decode", DECODERS)
def test_codes_come_in_any_buffer_of_bytes(decode):
    codes = bytes(range(250, 256))
    area = mmap.mmap(-1, len(codes))
    area.write(codes)
    for buffer in bytearray(codes), memoryview(b"xx" + codes)[2:], array("B", codes), area:
        assert decode(buffer) == decode(codes)


@pytest.mark.parametrize("typecode", "HiIlLqQfd")
def test_buffers_of_other_elements_are_refused(typecode):
    for call in ENCODERS + DECODERS:
        with pytest.raises(TypeError, match="format"):
            call(array(typecode, [1, 2]))
    with pytest.raises(TypeError, match="pcm16"):
        resample_linear(array(typecode, [1, 2]), 8000, 8000)


def test_decoders_refuse_samples():
    for decode in DECODERS:
        with pytest.raises(TypeError, match="law"):
            decode(SAMPLES)


def test_samples_in_foreign_byte_order_are_refused():
    order = ctypes.BigEndianStructure if sys.byteorder == "little" else ctypes.LittleEndianStructure

    class Foreign(order):
        _fields_ = [("samples", ctypes.c_int16 * 2)]

    foreign = memoryview(Foreign().samples)
    assert foreign.format in (">h", "<h")
    with pytest.raises(TypeError, match="pcm16"):
        linear2ulaw(foreign)


@pytest.mark.parametrize("wrong", [None, "text", 1.5, [1, 2], object()])
def test_other_objects_are_refused(wrong):
    for call in ENCODERS + DECODERS:
        with pytest.raises(TypeError, match="pcm16|law"):
            call(wrong)
    with pytest.raises(TypeError, match="pcm16"):
        resample_linear(wrong, 8000, 8000)


def test_odd_bytes_and_gaps_are_refused():
    for call in ENCODERS + [lambda pcm: resample_linear(pcm, 1, 2)]:
        with pytest.raises(ValueError, match="pcm16 must have an even number of bytes, not 3"):
            call(b"abc")
        with pytest.raises(BufferError):
            call(memoryview(bytes(8))[::2])


def test_nothing_becomes_nothing():
    for encode, decode in zip(ENCODERS, DECODERS):
        assert encode(b"") == b"" and encode(array("h")) == b""
        assert decode(b"") == array("h")


def test_arguments():
    assert linear2ulaw(pcm16=5) == RtpUtils.linear2ulaw(5) == RtpUtils().linear2ulaw(5)
    assert ulaw2linear(ulaw=b"a") == ulaw2linear(b"a")
    assert alaw2linear(alaw=b"a") == alaw2linear(b"a")
    for call in ENCODERS + DECODERS:
        for arguments in (), (1, 2):
            with pytest.raises(TypeError):
                call(*arguments)
        with pytest.raises(TypeError, match="unexpected keyword"):
            call(nothing=1)


def test_the_class_has_what_the_module_has():
    assert sorted(module.__all__) == sorted(NAMES + ["RtpUtils"])
    assert RtpUtils.__module__ == "rtpsynth.RtpUtils" and RtpUtils.__doc__
    for name in NAMES:
        f = getattr(module, name)
        assert getattr(RtpUtils, name) is f and f.__doc__ and f.__module__ == "rtpsynth.RtpUtils"
        assert str(inspect.signature(f)) == str(inspect.signature(getattr(RtpUtils, name)))
    parameters = {name: list(inspect.signature(getattr(module, name)).parameters) for name in NAMES}
    assert parameters == PARAMETERS


def test_arguments_are_let_go():
    samples = array("h", [1, 2, 3])
    codes = bytearray(b"abc")
    before = sys.getrefcount(samples), sys.getrefcount(codes)
    for _ in range(100):
        linear2ulaw(samples), resample_linear(samples, 8000, 8001), ulaw2linear(codes)
        with pytest.raises(TypeError):
            ulaw2linear(samples)
    assert (sys.getrefcount(samples), sys.getrefcount(codes)) == before
    samples.append(4)  # a buffer still in use could not grow
    codes.append(4)


def test_large_blocks_in_several_threads():
    samples = ALL_SAMPLES * 16  # 2 MiB: the interpreter is let go
    wanted = linear2ulaw(ALL_SAMPLES) * 16, linear2alaw(ALL_SAMPLES) * 16
    back = ulaw2linear(wanted[0][: len(ALL_SAMPLES)]) * 16
    failures = []

    def work():
        for _ in range(5):
            results = linear2ulaw(samples), linear2alaw(samples)
            if results != wanted or ulaw2linear(results[0]) != back:
                failures.append(1)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
