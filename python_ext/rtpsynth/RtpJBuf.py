"""The jitter buffer: RTP datagrams in, frames in order of sequence out."""
from ._rtpsynth import (ERSFrame, FrameWrapper, RJB_ENOMEM, RTP_PARSER_OK, RTPFrame, RTPFrameType,
                        RTPFrameUnion, RTPInfo, RTPPacket, RTPParseError, RTPProfile, RtpJBuf)

__all__ = ["ERSFrame", "FrameWrapper", "RJB_ENOMEM", "RTP_PARSER_OK", "RTPFrame", "RTPFrameType",
           "RTPFrameUnion", "RTPInfo", "RTPPacket", "RTPParseError", "RTPProfile", "RtpJBuf"]
