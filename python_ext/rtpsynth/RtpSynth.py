"""Makes RTP packets: sequence numbers, timestamps and markers as RFC 3550 has them."""
from ._rtpsynth import RtpSynth, set_randfunc

__all__ = ["RtpSynth", "set_randfunc"]
