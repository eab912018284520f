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
    linear2alaw as linear2alaw,
    linear2ulaw as linear2ulaw,
    resample_linear as resample_linear,
    ulaw2linear as ulaw2linear,
)

__version__: str
