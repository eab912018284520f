"""G.711 mu-law and A-law, and sample rate conversion, of 16-bit PCM."""
from ._rtpsynth import (
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

__all__ = [
    "RtpUtils",
    "alaw2linear",
    "alaw2linear_into",
    "alaw2linear_to_bytes",
    "linear2alaw",
    "linear2alaw_into",
    "linear2ulaw",
    "linear2ulaw_into",
    "resample_linear",
    "resample_linear_into",
    "resample_linear_to_bytes",
    "ulaw2linear",
    "ulaw2linear_into",
    "ulaw2linear_to_bytes",
]
