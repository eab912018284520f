"""What the public modules are made of; import from those."""

from .RtpJBuf import (
    ERSFrame as ERSFrame,
    FrameWrapper as FrameWrapper,
    RJB_ENOMEM as RJB_ENOMEM,
    RTPFrame as RTPFrame,
    RTPFrameType as RTPFrameType,
    RTPFrameUnion as RTPFrameUnion,
    RTPInfo as RTPInfo,
    RTPPacket as RTPPacket,
    RTPParseError as RTPParseError,
    RTPProfile as RTPProfile,
    RTP_PARSER_OK as RTP_PARSER_OK,
    RtpJBuf as RtpJBuf,
)
from .RtpProc import (
    ChannelProcError as ChannelProcError,
    RtpProc as RtpProc,
    RtpProcChannel as RtpProcChannel,
)
from .RtpServer import (
    RtpChannel as RtpChannel,
    RtpQueueFullError as RtpQueueFullError,
    RtpServer as RtpServer,
)
from .RtpSynth import (
    RtpSynth as RtpSynth,
    set_randfunc as set_randfunc,
)
from .RtpUtils import (
    RtpUtils as RtpUtils,
    alaw2linear as alaw2linear,
    alaw2linear_into as alaw2linear_into,
    alaw2linear_to_bytes as alaw2linear_to_bytes,
    linear2alaw as linear2alaw,
    linear2alaw_into as linear2alaw_into,
    linear2ulaw as linear2ulaw,
    linear2ulaw_into as linear2ulaw_into,
    resample_linear as resample_linear,
    resample_linear_into as resample_linear_into,
    resample_linear_to_bytes as resample_linear_to_bytes,
    ulaw2linear as ulaw2linear,
    ulaw2linear_into as ulaw2linear_into,
    ulaw2linear_to_bytes as ulaw2linear_to_bytes,
)

__version__: str
