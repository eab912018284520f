"""G.711 mu-law and A-law, and sample rate conversion, of 16-bit PCM."""
from ._rtpsynth import (
    RtpUtils,
    alaw2linear,
    linear2alaw,
    linear2ulaw,
    resample_linear,
    ulaw2linear,
)

__all__ = [
    "RtpUtils",
    "alaw2linear",
    "linear2alaw",
    "linear2ulaw",
    "resample_linear",
    "ulaw2linear",
]
