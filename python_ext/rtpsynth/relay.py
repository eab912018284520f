"""A relay of RTP and RTCP between the two legs of a call: RtpRelay."""

from ._rtpsynth import LegOptions, PortRange, RtpRelay

__all__ = ["LegOptions", "PortRange", "RtpRelay"]
