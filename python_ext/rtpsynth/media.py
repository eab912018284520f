"""Codecs, the resampler, telephone events, comfort noise and the quality of a call."""
from ._rtpsynth import (
    CallQuality,
    ComfortNoise,
    Decoder,
    Encoder,
    Resampler,
    TelephoneEventReceiver,
    TelephoneEventSender,
    comfort_noise_payload,
    digit_of,
    event_of,
    mos_of,
    noise_level,
    r_factor,
)

__all__ = [
    "CallQuality",
    "ComfortNoise",
    "Decoder",
    "Encoder",
    "Resampler",
    "TelephoneEventReceiver",
    "TelephoneEventSender",
    "comfort_noise_payload",
    "digit_of",
    "event_of",
    "mos_of",
    "noise_level",
    "r_factor",
]
