"""Makes, sends, receives and reorders RTP media streams by the thousand."""

from . import RtpJBuf, RtpProc, RtpServer, RtpSynth, RtpUtils, media, metrics, relay, rtcp, rtp, sdp
from ._rtpsynth import __version__

__all__ = [
    "RtpJBuf",
    "RtpProc",
    "RtpServer",
    "RtpSynth",
    "RtpUtils",
    "__version__",
    "media",
    "metrics",
    "relay",
    "rtcp",
    "rtp",
    "sdp",
]
