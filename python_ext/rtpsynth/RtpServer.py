"""UDP channels by the thousand: RtpServer makes them, RtpChannel is one."""

from ._rtpsynth import RtpChannel, RtpQueueFullError, RtpServer

__all__ = ["RtpChannel", "RtpQueueFullError", "RtpServer"]
