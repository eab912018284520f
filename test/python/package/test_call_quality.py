"""CallQuality, and the E-model against the oracle emodel.py."""
import math
import random

import emodel
import pytest
from rtpsynth.media import CallQuality, mos_of, r_factor

# The ranges of G.107, table 1.
RANGES = {"SLR": (0, 18), "RLR": (-5, 14), "STMR": (10, 20), "LSTR": (13, 23), "Ds": (-3, 3),
          "TELR": (5, 65), "WEPL": (5, 110), "T": (0, 500), "Tr": (0, 1000), "Ta": (0, 500),
          "qdu": (1, 14), "Ie": (0, 40), "Bpl": (4.3, 40), "Ppl": (0, 20), "BurstR": (1, 8),
          "Nc": (-80, -40), "Nfor": (-80, -50), "Ps": (35, 85), "Pr": (35, 85), "A": (0, 20),
          "sT": (0.4, 1), "mT": (20, 150)}
NAMES = {"BurstR": "burst_r", "A": "advantage"}


def rates(parameters):
    return (r_factor(**{NAMES.get(name, name.lower()): p for name, p in parameters.items()}),
            emodel.r_factor(**parameters))


def test_equals_the_oracle():
    """100,000 random sets: all parameters, or some of them beside defaults."""
    chance = random.Random(107)
    worst = worst_mos = 0
    for i in range(100_000):
        names = RANGES if i % 2 else chance.sample(list(RANGES), chance.randint(1, 6))
        ours, expected = rates({name: chance.uniform(*RANGES[name]) for name in names})
        worst = max(worst, abs(ours - expected))
        worst_mos = max(worst_mos, abs(mos_of(ours) - emodel.mos(expected)))
    print(f"worst difference {worst:.2g} of R, {worst_mos:.2g} of MOS")
    assert worst < 0.01 and worst_mos < 0.01


def test_equals_the_oracle_at_the_ends_of_the_ranges():
    """Also where G.107 takes another branch: STMR below 9 and above 20, Ta about mT."""
    for name, ends in {**RANGES, "STMR": (8.5, 9, 20, 21, 25), "Ta": (0, 99, 100, 101)}.items():
        for end in ends:
            for more in ({}, {"T": 30, "Tr": 60}):
                ours, expected = rates({**more, name: end})
                assert abs(ours - expected) < 0.01


def test_defaults():
    assert r_factor() == pytest.approx(93.2, abs=0.01)
    assert mos_of(r_factor()) == pytest.approx(4.41, abs=0.005)
    assert mos_of(r=-5) == 1 and mos_of(101) == 4.5 and mos_of(math.nan) == 1
    with pytest.raises(TypeError):
        r_factor(slr="8")
    with pytest.raises(TypeError, match="unexpected keyword"):
        r_factor(SLR=8)


def test_unknown_before_there_is_anything_to_judge():
    quality = CallQuality()
    quality.set_delay(10**8, 10**8)
    quality.received(0)
    assert (quality.r, quality.mos, quality.listening_mos) == (None, None, None)
    assert (quality.expected, quality.loss_percent, quality.burst_ratio) == (0, 0, 1)


def test_a_call():
    quality = CallQuality(codec="PCMU")
    for _ in range(10):
        quality.received(98)
        quality.lost()
        quality.discarded(packets=1)
    assert (quality.expected, quality.loss_percent) == (1000, 2)
    assert quality.burst_ratio == pytest.approx(2 * 0.98)
    assert quality.r == pytest.approx(
        emodel.r_factor(Bpl=25.1, Ppl=2, BurstR=quality.burst_ratio), abs=0.01)
    assert quality.mos == quality.listening_mos == mos_of(quality.r)
    quality.set_delay(200_000_000, 80_000_000, 120_000_000)
    assert quality.r == pytest.approx(
        emodel.r_factor(Bpl=25.1, Ppl=2, BurstR=quality.burst_ratio, T=200, Tr=400, Ta=200),
        abs=0.01)
    assert quality.mos < quality.listening_mos
    before = quality.r
    quality.set_codec("G729")
    assert quality.r < before
    quality.set_codec("pcmu", concealed=False)
    assert quality.r < before
    quality.__init__()
    assert quality.mos is None


def test_errors():
    with pytest.raises(ValueError, match="codec 'speex'"):
        CallQuality("speex")
    with pytest.raises(TypeError, match="codec must be a str"):
        CallQuality(8)
    quality = CallQuality()
    with pytest.raises(ValueError, match="packets"):
        quality.lost(-1)
    with pytest.raises(ValueError, match="end_system_ns"):
        quality.set_delay(0, -1)
    with pytest.raises(ValueError, match="remote_end_system_ns"):
        quality.set_delay(0, 0, 10**13)
    with pytest.raises(TypeError, match="not initialised"):
        CallQuality.__new__(CallQuality).received()
