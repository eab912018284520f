"""Python functions called at the times they ask for: RtpProc, a singleton, schedules them."""

from ._rtpsynth import ChannelProcError, RtpProc, RtpProcChannel

__all__ = ["ChannelProcError", "RtpProc", "RtpProcChannel"]
