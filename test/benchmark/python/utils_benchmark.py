"""RtpUtils side by side with the released package: blocks of 160 and of 160,000 samples. Where the
interpreter still has it (up to 3.12), the standard library's audioop is set against ours as well.
"""
from importlib.util import find_spec

from side_by_side import Case, main

SETUP = """
from array import array
import random
from rtpsynth.RtpUtils import linear2ulaw, resample_linear, ulaw2linear
generator = random.Random(1)
small = array('h', [generator.randrange(-32768, 32768) for _ in range(160)])
large = array('h', [generator.randrange(-32768, 32768) for _ in range(160_000)])
small_codes, large_codes = linear2ulaw(small), linear2ulaw(large)
"""
ALAW = "from rtpsynth.RtpUtils import alaw2linear, linear2alaw"


def g711(samples: str, encode_asked: float, decode_asked: float, size: str) -> list:
    cases = []
    for law, setup in ("ulaw", ""), ("alaw", ALAW):
        for ours, released, asked in [
            (f"linear2{law}({size})", f"linear2ulaw({size})", encode_asked),
            (f"{law}2linear({size}_codes)", f"ulaw2linear({size}_codes)", decode_asked),
        ]:
            what = f"{ours.split('(')[0]}, {samples}"
            cases.append(Case(what, SETUP, released, ours, asked, 1, setup))
    return cases


def resample(samples: str, asked: float, size: str) -> list:
    return [
        Case(f"resample {a} -> {b}, {samples}", SETUP, *[f"resample_linear({size}, {a}, {b})"] * 2,
             asked)
        for a, b in [(8000, 16000), (16000, 8000), (8000, 11025), (48000, 8000), (44100, 8000)]
    ]


AUDIOOP = "import warnings; warnings.simplefilter('ignore'); import audioop"
INTO = """
from rtpsynth import RtpUtils as module
globals().update({name: getattr(module, name) for name in module.__all__})
out, codes_out = array('h', bytes(2 * 320)), bytearray(160)
"""


def beside_audioop() -> list:
    rows = [
        ("lin2ulaw(small, 2)", "linear2ulaw(small)", "linear2ulaw_into(small, codes_out)"),
        ("lin2alaw(small, 2)", "linear2alaw(small)", "linear2alaw_into(small, codes_out)"),
    ]
    for law in "ulaw", "alaw":
        rows.append((f"{law}2lin(small_codes, 2)", f"{law}2linear(small_codes)",
                     f"{law}2linear_to_bytes(small_codes)", f"{law}2linear_into(small_codes, out)"))
    for a, b in (8000, 16000), (16000, 8000):
        rows.append((f"ratecv(small, 2, 1, {a}, {b}, None)", f"resample_linear(small, {a}, {b})",
                     f"resample_linear_to_bytes(small, {a}, {b})",
                     f"resample_linear_into(small, {a}, {b}, out)"))
    return [Case(f"audioop: {ours}", SETUP, f"audioop.{theirs}", ours, 1, 1, INTO, AUDIOOP)
            for theirs, *calls in rows for ours in calls]


CASES = [
    *(beside_audioop() if find_spec("audioop") else []),
    *g711("160 samples", 2, 2, "small"),
    *resample("160 samples", 2, "small"),
    *g711("160,000 samples", 0, 4, "large"),
    *resample("160,000 samples", 4, "large"),
    Case("linear2ulaw(1234)", SETUP, "linear2ulaw(1234)", "linear2ulaw(1234)"),
    Case("ulaw2linear(12)", SETUP, "ulaw2linear(12)", "ulaw2linear(12)"),
]

if __name__ == "__main__":
    main("RtpUtils", CASES, "The released package has no A-law: its mu-law is what ours is set "
         "against.")
