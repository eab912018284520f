import sys
from collections.abc import Iterable
from typing import Final, Literal, Union, final
from typing_extensions import SupportsIndex, disjoint_base

from _typeshed import ReadableBuffer, structseq

__all__ = [
    "ERSFrame",
    "FrameWrapper",
    "RJB_ENOMEM",
    "RTP_PARSER_OK",
    "RTPFrame",
    "RTPFrameType",
    "RTPFrameUnion",
    "RTPInfo",
    "RTPPacket",
    "RTPParseError",
    "RTPProfile",
    "RtpJBuf",
]

RTP_PARSER_OK: Final[int]
RJB_ENOMEM: Final[int]

class RTPParseError(Exception):
    code: int

class RTPFrameType:
    RTP: Final = 0
    ERS: Final = 1

@final
class RTPProfile(structseq[Union[str, int]], tuple[str, int, int, str]):
    if sys.version_info >= (3, 10):
        __match_args__: Final = ("encoding_name", "clock_rate", "channels", "kind")
    @property
    def encoding_name(self) -> str: ...
    @property
    def clock_rate(self) -> int: ...
    @property
    def channels(self) -> int: ...
    @property
    def kind(self) -> str: ...

@final
class RTPInfo:
    @property
    def seq(self) -> int: ...
    @property
    def ts(self) -> int: ...
    @property
    def ssrc(self) -> int: ...
    @property
    def pt(self) -> int: ...
    @property
    def marker(self) -> bool: ...
    @property
    def data_size(self) -> int: ...
    @property
    def data_offset(self) -> int: ...
    @property
    def nsamples(self) -> int: ...
    @property
    def appendable(self) -> bool: ...
    @property
    def rtp_profile(self) -> RTPProfile | None: ...

@final
class RTPPacket:
    @property
    def info(self) -> RTPInfo: ...
    @property
    def lseq(self) -> int: ...
    @property
    def data(self) -> int: ...

@final
class RTPFrameUnion:
    @property
    def rtp(self) -> RTPPacket: ...
    @property
    def ers(self) -> None: ...

@final
class RTPFrame:
    @property
    def type(self) -> Literal[0]: ...
    @property
    def frame(self) -> RTPFrameUnion: ...

@final
class ERSFrame:
    @property
    def type(self) -> Literal[1]: ...
    @property
    def lseq_start(self) -> int: ...
    @property
    def lseq_end(self) -> int: ...
    @property
    def ts_diff(self) -> int: ...
    @property
    def restart(self) -> bool: ...

@final
class FrameWrapper:
    @property
    def content(self) -> RTPFrame | ERSFrame: ...
    @property
    def data(self) -> ReadableBuffer | None: ...
    @property
    def rtp_data(self) -> bytes | None: ...
    @property
    def opaque(self) -> object: ...
    @property
    def addr(self) -> tuple[str, int] | None: ...

@disjoint_base
class RtpJBuf:
    def __init__(
        self,
        capacity: SupportsIndex,
        max_delay_ns: SupportsIndex | None = None,
        max_dropout: SupportsIndex = 3000,
        max_misorder: SupportsIndex = 3000,
    ) -> None: ...
    def udp_in(
        self, data: ReadableBuffer, opaque: object = None, now_ns: SupportsIndex = 0
    ) -> list[FrameWrapper]: ...
    def udp_in_many(
        self,
        datagrams: Iterable[ReadableBuffer],
        opaque: object = None,
        now_ns: SupportsIndex = 0,
    ) -> list[FrameWrapper]: ...
    def expire(self, now_ns: SupportsIndex) -> list[FrameWrapper]: ...
    def flush(self) -> list[FrameWrapper]: ...
    @property
    def dropped(self) -> int: ...
    @property
    def stats(self) -> dict[str, int]: ...
    @property
    def next_deadline_ns(self) -> int | None: ...
