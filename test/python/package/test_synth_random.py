"""set_randfunc: how the function is called, what it may do, and what it may raise."""
import concurrent.futures
import functools
import json
import os
import random
import struct
import sys

import pytest
from rtpsynth.RtpSynth import RtpSynth, set_randfunc


@pytest.fixture(autouse=True)
def system_random_again():
    yield
    set_randfunc(None)


def numbers(synth):
    """SSRC, timestamp, seq of the next packet."""
    seq, timestamp, ssrc = struct.unpack("!xxHII", synth.next_pkt(0, 0))
    return ssrc, timestamp, seq


def test_the_order_is_ssrc_timestamp_seq():
    values = iter([0x11111111, 0x22222223, 0x33334444])
    set_randfunc(lambda: next(values))
    assert numbers(RtpSynth(8000, 20)) == (0x11111111, 0x22222222, 0x4444)
    assert list(values) == []


@pytest.mark.parametrize(
    "value, ssrc", [(-1, 2**32 - 1), (10**30, 10**30 % 2**32), (2**32 + 6, 6), (True, 1)]
)
def test_the_low_32_bits_count(value, ssrc):
    set_randfunc(lambda: value)
    assert numbers(RtpSynth(8000, 20)) == (ssrc, ssrc & ~1, ssrc & 0xFFFF)


def test_functions_of_bits():
    calls = []

    def of_bits(bits):
        calls.append(bits)
        return 8

    generator = random.Random(1)
    expected = random.Random(1)
    for f in of_bits, functools.partial(of_bits), lambda *a: of_bits(*a):
        set_randfunc(f)
        assert RtpSynth(8000, 20).ssrc == 8
    assert calls == [32] * 9
    for f in generator.getrandbits, lambda *a: generator.getrandbits(*a):
        set_randfunc(f)
        synth = RtpSynth(8000, 20)
        drawn = [expected.getrandbits(32) for _ in range(3)]
        assert numbers(synth) == (drawn[0], drawn[1] & ~1, drawn[2] & 0xFFFF)


def test_a_call_without_arguments_is_tried_first():
    calls = []
    set_randfunc(lambda bits=5: calls.append(bits) or 1)
    RtpSynth(8000, 20)
    assert calls == [5, 5, 5]


def raises(error):
    def f():
        raise error

    return f


class Odd(BaseException):
    pass


@pytest.mark.parametrize("error", [ValueError("mine"), TypeError("mine"), Odd("mine")])
def test_what_it_raises_reaches_the_caller(error):
    set_randfunc(raises(error))
    with pytest.raises(type(error), match="mine") as caught:
        RtpSynth(8000, 20)
    assert caught.value is error


def test_errors_inside_a_function_of_bits_reach_the_caller():
    def of_bits(bits):
        raise TypeError("mine")

    set_randfunc(of_bits)
    with pytest.raises(TypeError, match="mine"):
        RtpSynth(8000, 20)


def test_functions_that_cannot_be_called():
    set_randfunc(lambda a, b: 1)
    with pytest.raises(TypeError, match="2 required positional arguments"):
        RtpSynth(8000, 20)


@pytest.mark.parametrize("value", [None, 1.5, "1", b"1"])
def test_other_results_are_refused(value):
    set_randfunc(lambda: value)
    with pytest.raises(TypeError, match="random function must return an int, not"):
        RtpSynth(8000, 20)


@pytest.mark.parametrize("fails", [0, 1, 2])
def test_a_failure_changes_nothing(fails):
    synth = RtpSynth(8000, 20)
    before = numbers(synth)
    draws = []

    def f():
        draws.append(1)
        return 1 // (fails + 1 - len(draws)) if len(draws) == fails + 1 else 4

    set_randfunc(f)
    with pytest.raises(ZeroDivisionError):
        synth.__init__(16000, 30)
    assert len(draws) == fails + 1
    assert (synth.srate, synth.ptime) == (8000, 20)
    assert numbers(synth) == (before[0], (before[1] + 160) % 2**32, (before[2] + 1) % 2**16)


def test_bad_arguments_draw_nothing():
    calls = []
    set_randfunc(lambda: calls.append(1) or 1)
    for arguments in (0, 20), (8000, -1), ("a", 20), ():
        with pytest.raises((ValueError, TypeError)):
            RtpSynth(*arguments)
    assert calls == []


def test_objects_that_are_not_callable_are_refused():
    set_randfunc(lambda: 6)
    for wrong in 5, "f", 0:
        with pytest.raises(TypeError, match="f must be callable or None, not"):
            set_randfunc(wrong)
    with pytest.raises(TypeError):
        set_randfunc()
    assert RtpSynth(8000, 20).ssrc == 6
    set_randfunc(f=None)
    assert len({RtpSynth(8000, 20).ssrc for _ in range(50)}) > 40


def test_it_may_replace_itself():
    class Source:
        def __call__(self):
            set_randfunc(None)
            return 4

    set_randfunc(Source())  # nothing else refers to it
    assert numbers(RtpSynth(8000, 20)) == (4, 4, 4)
    set_randfunc(None)


def test_it_may_make_a_stream():
    made = []
    depth = 0

    def f():
        nonlocal depth
        if depth < 5:
            depth += 1
            made.append(RtpSynth(8000, 20))
            depth -= 1
        return 6

    set_randfunc(f)
    assert RtpSynth(8000, 20).ssrc == 6
    assert len(made) == sum(3**n for n in range(1, 6))
    assert {synth.ssrc for synth in made} == {6}


def test_endless_recursion_is_an_error():
    set_randfunc(lambda: RtpSynth(8000, 20))
    with pytest.raises(RecursionError):
        RtpSynth(8000, 20)


def test_references():
    def f():
        return 6

    before = sys.getrefcount(f)
    set_randfunc(f)
    assert sys.getrefcount(f) == before + 1
    for _ in range(100):
        RtpSynth(8000, 20)
        set_randfunc(f)
    assert sys.getrefcount(f) == before + 1
    set_randfunc(None)
    assert sys.getrefcount(f) == before


def test_a_child_draws_numbers_of_its_own():
    RtpSynth(8000, 20)  # so that there is something to be inherited
    read, write = os.pipe()
    drawn = []
    for _ in range(5):
        child = os.fork()
        if child == 0:
            drawn = [numbers(RtpSynth(8000, 20)) for _ in range(10)]
            os.write(write, json.dumps(drawn).encode() + b"\n")
            os._exit(0)
        assert os.waitpid(child, 0) == (child, 0)
        drawn += [numbers(RtpSynth(8000, 20)) for _ in range(10)]
    os.close(write)
    with os.fdopen(read) as lines:
        drawn += [tuple(n) for line in lines for n in json.loads(line)]
    assert len(drawn) == len(set(drawn)) == 100


def test_threads_draw_numbers_of_their_own():
    with concurrent.futures.ThreadPoolExecutor(4) as threads:
        drawn = list(threads.map(lambda _: numbers(RtpSynth(8000, 20)), range(20_000)))
    assert len(set(drawn)) == len(drawn)
