"""resample_linear of the package RtpUtils, against its definition in plain Python."""
from array import array
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rtpsynth.RtpUtils import resample_linear

RATES = [1, 2, 3, 7, 999, 8000, 11025, 16000, 22050, 44100, 48000, 96000, 2**32 - 1]
sample = st.integers(-32768, 32767)


def expected(samples, in_rate, out_rate):
    """Python's floats are doubles, and round() goes half to even."""
    if not samples:
        return array("h")
    result = array("h")
    for i in range(max(1, round(Fraction(len(samples) * out_rate, in_rate)))):
        position = i * in_rate / out_rate
        j = int(position)
        if j >= len(samples) - 1:
            result.append(samples[-1])
        else:
            a, b = samples[j], samples[j + 1]
            result.append(max(-32768, min(32767, round(a + (b - a) * (position - j)))))
    return result


@settings(max_examples=400, deadline=None, derandomize=True)
@given(
    st.lists(sample, max_size=300),
    st.sampled_from(RATES) | st.integers(1, 2**17),
    st.sampled_from(RATES) | st.integers(1, 2**17),
)
def test_is_what_the_definition_says(samples, in_rate, out_rate):
    if len(samples) * out_rate > 20_000 * in_rate:
        out_rate = in_rate * 20_000 // len(samples) or 1
    samples = array("h", samples)
    result = resample_linear(samples, in_rate, out_rate)
    assert type(result) is array and result.typecode == "h"
    assert result == expected(samples, in_rate, out_rate)


@pytest.mark.parametrize("in_rate", [8000, 11025, 16000, 44100, 48000])
@pytest.mark.parametrize("out_rate", [8000, 11025, 16000, 44100, 48000])
def test_usual_rates(in_rate, out_rate):
    samples = array("h", [(i * 7919 + 5) % 65536 - 32768 for i in range(in_rate // 50)])
    assert resample_linear(samples, in_rate, out_rate) == expected(samples, in_rate, out_rate)


def test_lengths_are_rounded_half_to_even():
    lengths = [len(resample_linear(bytes(2 * n), 2, 1)) for n in range(12)]
    assert lengths == [0, 1, 1, 2, 2, 2, 3, 4, 4, 4, 5, 6]


def test_equal_rates_copy():
    samples = array("h", [1, 2, 3])
    copy = resample_linear(samples, 8000, 8000)
    assert copy == samples and copy is not samples
    copy.append(4)
    assert len(samples) == 3


def test_the_last_sample_is_held():
    assert resample_linear(array("h", [1, 2, 3]), 8000, 16000) == array("h", [1, 2, 2, 2, 3, 3])
    assert resample_linear(array("h", [-32768]), 1, 5) == array("h", [-32768] * 5)


@pytest.mark.parametrize("rate", [0, -1, -8000, 2**32, 10**30, -(10**30)])
def test_rates_out_of_range(rate):
    with pytest.raises(ValueError, match="in_rate must be 1..4294967295"):
        resample_linear(b"ab", rate, 8000)
    with pytest.raises(ValueError, match="out_rate must be 1..4294967295"):
        resample_linear(b"ab", 8000, rate)


def test_rates_of_other_types():
    for rate in 8000.0, "8000", None:
        with pytest.raises(TypeError, match="in_rate must be an integer"):
            resample_linear(b"ab", rate, 8000)
        with pytest.raises(TypeError, match="out_rate must be an integer"):
            resample_linear(b"ab", 8000, rate)


def test_results_that_no_memory_holds():
    with pytest.raises(MemoryError):
        resample_linear(bytes(2**22), 1, 2**32 - 1)


def test_arguments():
    wanted = resample_linear(b"abcd", 8000, 16000)
    assert resample_linear(pcm16=b"abcd", in_rate=8000, out_rate=16000) == wanted
    assert resample_linear(b"abcd", 8000, out_rate=16000) == wanted
    with pytest.raises(TypeError, match="out_rate"):
        resample_linear(b"abcd", 8000)
