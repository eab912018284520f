"""RtpUtils that writes to a buffer of the caller's, or returns bytes: as the calls that do not."""
import inspect
import sys
import threading
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtpsynth import RtpUtils as module
from rtpsynth.RtpUtils import (
    RtpUtils,
    alaw2linear,
    alaw2linear_into,
    alaw2linear_to_bytes,
    linear2alaw,
    linear2alaw_into,
    linear2ulaw,
    linear2ulaw_into,
    resample_linear,
    resample_linear_into,
    resample_linear_to_bytes,
    ulaw2linear,
    ulaw2linear_into,
    ulaw2linear_to_bytes,
)

ENCODERS = [(linear2ulaw, linear2ulaw_into), (linear2alaw, linear2alaw_into)]
DECODERS = [
    (ulaw2linear, ulaw2linear_into, ulaw2linear_to_bytes),
    (alaw2linear, alaw2linear_into, alaw2linear_to_bytes),
]
INTO = [
    (linear2ulaw_into, "pcm16", ()),
    (linear2alaw_into, "pcm16", ()),
    (ulaw2linear_into, "ulaw", ()),
    (alaw2linear_into, "alaw", ()),
    (resample_linear_into, "pcm16", (8000, 16000)),
]
SAMPLES = st.lists(st.integers(-32768, 32767), max_size=400).map(lambda s: array("h", s))
RATES = st.integers(1, 96000)
SPARE = st.integers(0, 3)


def outputs(size):
    """Buffers of that many bytes, an even number, and the way to read them."""
    filled = b"\x5a" * size
    for out in (bytearray(filled), array("h", filled), array("B", filled),
                memoryview(bytearray(filled)), memoryview(array("h", filled))):
        yield out, lambda out=out: bytes(memoryview(out).cast("B"))


def check(expected, call, spare):
    """What is written is expected, and nothing behind it."""
    wanted = bytes(memoryview(expected).cast("B")) if len(expected) else b""
    size = len(wanted) + len(wanted) % 2 + 2 * spare
    if size == 0:
        return
    for out, read in outputs(size):
        assert call(out) == len(expected)
        assert read() == wanted + b"\x5a" * (size - len(wanted))


@pytest.mark.parametrize("encode, into", ENCODERS)
@given(samples=SAMPLES, spare=SPARE)
def test_encoders(encode, into, samples, spare):
    expected = encode(samples)
    for out in (bytearray(len(samples) + spare), array("B", bytes(len(samples) + spare))):
        assert into(samples, out) == len(samples)
        assert bytes(out) == expected + bytes(spare)
        assert into(pcm16=samples.tobytes(), out=out) == len(samples)


@pytest.mark.parametrize("decode, into, to_bytes", DECODERS)
@given(codes=st.binary(max_size=400), spare=SPARE)
def test_decoders(decode, into, to_bytes, codes, spare):
    expected = decode(codes)
    check(expected, lambda out: into(codes, out), spare)
    check(expected, lambda out: into(bytearray(codes), out), spare)
    result = to_bytes(codes)
    assert type(result) is bytes and result == expected.tobytes()


@given(samples=SAMPLES, in_rate=RATES, out_rate=RATES, spare=SPARE)
def test_resampling(samples, in_rate, out_rate, spare):
    out_rate = min(out_rate, 20 * in_rate)
    expected = resample_linear(samples, in_rate, out_rate)
    check(expected, lambda out: resample_linear_into(samples, in_rate, out_rate, out), spare)
    result = resample_linear_to_bytes(samples, in_rate, out_rate)
    assert type(result) is bytes and result == expected.tobytes()


@given(data=st.binary(min_size=2, max_size=600), at=st.integers(0, 300), to=st.integers(0, 300),
       size=st.integers(1, 300))
def test_input_and_output_may_overlap(data, at, to, size):
    """Wherever they lie in one buffer, of which the input is an even number of bytes."""
    data += data[:1] * (len(data) % 2)
    at, to = at % len(data), to % len(data)
    size = min(size, len(data) - at)
    for encode, into in ENCODERS:
        even = size & ~1
        expected = encode(data[at:at + even])
        block = memoryview(bytearray(data))
        if len(expected) <= len(data) - to:
            assert into(block[at:at + even], block[to:]) == len(expected)
            assert block[to:to + len(expected)] == expected
    out_size = (len(data) - to) & ~1
    calls = [(lambda part, out, i=into: i(part, out), decode(data[at:at + size]), size)
             for decode, into, _ in DECODERS]
    even = size & ~1
    for rates in ((8000, 8000), (8000, 16000), (16000, 8000)):
        calls.append((lambda part, out, r=rates: resample_linear_into(part, *r, out),
                      resample_linear(data[at:at + even], *rates), even))
    for call, expected, taken in calls:
        wanted = expected.tobytes()
        if len(wanted) > out_size:
            continue
        block = memoryview(bytearray(data))
        assert call(block[at:at + taken], block[to:to + out_size]) == len(expected)
        assert block[to:to + len(wanted)] == wanted
        assert block[:to] == data[:to] or at + taken <= 0


def test_in_place():
    samples = array("h", range(-32000, 32000, 37))
    expected = linear2ulaw(samples)
    block = array("h", samples)
    assert linear2ulaw_into(block, memoryview(block).cast("B")) == len(samples)
    assert bytes(memoryview(block).cast("B"))[:len(samples)] == expected
    half = bytearray(2 * len(expected))
    half[:len(expected)] = expected
    assert ulaw2linear_into(memoryview(half)[:len(expected)], half) == len(expected)
    assert half == ulaw2linear(expected).tobytes()



@pytest.mark.parametrize("into, name, rates", INTO)
def test_too_small(into, name, rates):
    data = b"\x10\x20" * 8
    wanted = {"linear2ulaw_into": 8, "linear2alaw_into": 8, "ulaw2linear_into": 32,
              "alaw2linear_into": 32, "resample_linear_into": 32}[into.__name__]
    unit = 1 if wanted == 8 else 2
    for size in (0, unit, wanted - unit):
        out = bytearray(b"\x5a" * size)
        with pytest.raises(ValueError, match=f"^out must have room for {wanted // unit} "):
            into(data, *rates, out)
        assert out == b"\x5a" * size
    assert into(data, *rates, bytearray(wanted)) == wanted // unit
    assert into(b"", *rates, bytearray()) == 0


@pytest.mark.parametrize("into, name, rates", INTO)
def test_bad_buffers(into, name, rates):
    data = bytes(16)
    read_only = (bytes(64), memoryview(bytearray(64)).toreadonly())
    for out in (*read_only, memoryview(bytearray(128))[::2]):
        with pytest.raises(BufferError, match="^out must be a writable"):
            into(data, *rates, out)
    for out in (None, 5, "text", [0] * 64, object()):
        with pytest.raises(TypeError, match="^out must be a writable"):
            into(data, *rates, out)
    for typecode in "HiIlLqQfd" if "linear_into" in into.__name__ else "hHiIlLqQfd":
        with pytest.raises(TypeError, match="^out must be a writable .* not a buffer of format"):
            into(data, *rates, array(typecode, [0] * 64))
    for wrong in (None, 5, "text", [1, 2]):
        with pytest.raises(TypeError, match=f"^{name} must be "):
            into(wrong, *rates, bytearray(64))
    with pytest.raises(BufferError):
        into(memoryview(bytearray(16))[::2], *rates, bytearray(64))
    if name == "pcm16":
        with pytest.raises(ValueError, match="^pcm16 must have an even number of bytes, not 15"):
            into(bytes(15), *rates, bytearray(64))
    if "linear_into" in into.__name__:
        with pytest.raises(ValueError, match="^out must have an even number of bytes, not 65"):
            into(data, *rates, bytearray(65))


@pytest.mark.parametrize("call, rest", [(resample_linear_into, [bytearray(99)]),
                                        (resample_linear_to_bytes, [])])
def test_bad_rates(call, rest):
    for rates, name in (((0, 1), "in_rate"), ((1, 0), "out_rate"), ((1 << 32, 1), "in_rate")):
        with pytest.raises(ValueError, match=name):
            call(bytes(4), *rates, *rest)


@pytest.mark.parametrize("wrong", [None, "text", 5, [1]])
def test_to_bytes_refuses(wrong):
    for call, name in ((ulaw2linear_to_bytes, "ulaw"), (alaw2linear_to_bytes, "alaw"),
                       (lambda x: resample_linear_to_bytes(x, 1, 1), "pcm16")):
        with pytest.raises(TypeError, match=f"^{name} must be "):
            call(wrong)


def test_documented():
    for name in module.__all__:
        if name.endswith(("_into", "_to_bytes")):
            assert getattr(module, name) is getattr(RtpUtils, name)
            assert inspect.getdoc(getattr(module, name))
    assert str(inspect.signature(ulaw2linear_into)) == "(ulaw, out)"
    assert (str(inspect.signature(resample_linear_into)) == "(pcm16, in_rate, out_rate, out)")


def test_buffers_are_let_go():
    data, out = bytearray(64), bytearray(128)
    counts = sys.getrefcount(data), sys.getrefcount(out)
    ulaw2linear_into(data, out)
    linear2ulaw_into(data, out)
    resample_linear_into(data, 8000, 8000, out)
    with pytest.raises(ValueError):
        ulaw2linear_into(out, data)
    data.append(1), out.append(1)  # which an exported buffer refuses
    assert counts == (sys.getrefcount(data), sys.getrefcount(out))


def test_large_blocks_in_several_threads():
    """They are computed without the interpreter's lock."""
    codes = bytes(range(256)) * 4096
    expected = ulaw2linear(codes).tobytes()
    results = [bytearray(len(expected)) for _ in range(4)]
    threads = [threading.Thread(target=ulaw2linear_into, args=(codes, out)) for out in results]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert all(out == expected for out in results)
    block = bytearray(expected)
    block[:len(codes)] = codes
    ulaw2linear_into(memoryview(block)[:len(codes)], block)
    assert block == expected
