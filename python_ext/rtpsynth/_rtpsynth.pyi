"""What the public modules are made of; import from those."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable
from typing import Any, Generic, Literal, SupportsFloat, SupportsIndex, TypeVar, final
from typing_extensions import Self, disjoint_base

from _typeshed import ReadableBuffer

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
from .media import (
    CallQuality as CallQuality,
    ComfortNoise as ComfortNoise,
    Decoder as Decoder,
    Encoder as Encoder,
    PacketLossConcealer as PacketLossConcealer,
    Playout as Playout,
    Resampler as Resampler,
    TelephoneEventReceiver as TelephoneEventReceiver,
    TelephoneEventSender as TelephoneEventSender,
    comfort_noise_payload as comfort_noise_payload,
    digit_of as digit_of,
    event_of as event_of,
    mos_of as mos_of,
    noise_level as noise_level,
    r_factor as r_factor,
)
from .metrics import MetricsPage as MetricsPage
from .relay import (
    LegOptions as LegOptions,
    PortRange as PortRange,
    RtpRelay as RtpRelay,
)
from .rtcp import ReportBlock, RtcpPacket, RtpSource, VoipMetrics
from .rtp import RtpPacket
from .sdp import SdpDescription, SdpFormat, SdpMedia
from .voice import Codec, Played

__version__: str

def _parse_sdp(
    text: str | ReadableBuffer,
    description: type[SdpDescription],
    media: type[SdpMedia],
    format: type[SdpFormat],
) -> SdpDescription: ...
def _generate_crypto(suite: str = "AES_CM_128_HMAC_SHA1_80", tag: int = 1) -> str: ...
def _fmtp_parameter(fmtp: str, name: str) -> str | None: ...
def _build_voip_metrics(
    ssrc: int, metrics: Iterable[VoipMetrics], type: type[VoipMetrics]
) -> bytes: ...
def _parse_voip_metrics(
    datagram: ReadableBuffer, type: type[VoipMetrics]
) -> list[tuple[int, VoipMetrics]]: ...

def _classify(
    datagram: ReadableBuffer,
) -> Literal["rtp", "rtcp", "stun", "zrtp", "dtls", "turn_channel", "unknown"]: ...
def _parse_rtp(packet: ReadableBuffer, type: type[RtpPacket]) -> RtpPacket: ...
def _build_rtp(
    payload_type: int,
    seq: int,
    timestamp: int,
    ssrc: int,
    payload: ReadableBuffer,
    marker: bool,
    csrcs: Iterable[int],
    extension_profile: int | None,
    extension: ReadableBuffer,
    padding: int,
    elements: Iterable[tuple[int, ReadableBuffer]],
) -> bytes: ...
def _parse_extension(profile: int, extension: ReadableBuffer) -> list[tuple[int, bytes]]: ...
def _parse_rtcp(datagram: ReadableBuffer, reduced_size: bool) -> list[RtcpPacket]: ...
def _build_rtcp(packets: Iterable[RtcpPacket | bytes], reduced_size: bool) -> bytes: ...

_T = TypeVar("_T")
_Kind = Literal["unknown", "media", "event", "comfort_noise"]
_SessionOutcome = Literal[
    "accepted", "probation", "conflict", "collision", "looped", "left", "refused", "malformed"
]

@disjoint_base
class ReceiverStats:
    def __init__(
        self,
        clock_rate: SupportsIndex = 8000,
        min_sequential: SupportsIndex = 2,
        max_dropout: SupportsIndex = 3000,
        max_misorder: SupportsIndex = 100,
    ) -> None: ...
    @property
    def valid(self) -> bool: ...
    @property
    def stats(self) -> dict[str, int]: ...
    def set_format(
        self, payload_type: SupportsIndex, clock_rate: SupportsIndex, kind: _Kind = "media"
    ) -> None: ...
    def update(
        self, packet: ReadableBuffer, now_ns: SupportsIndex
    ) -> Literal[
        "in_order", "reordered", "duplicate", "restarted", "probation", "rejected"
    ]: ...
    def sender_report_received(
        self, wall_clock_ns: SupportsIndex | None, now_ns: SupportsIndex
    ) -> None: ...
    def make_report(self, ssrc: SupportsIndex, now_ns: SupportsIndex) -> ReportBlock: ...

@disjoint_base
class RtpSession:
    def __init__(
        self,
        cname: str,
        *,
        ssrc: SupportsIndex | None = None,
        clock_rate: SupportsIndex = 8000,
        bandwidth: SupportsFloat = 64000,
        reduced_minimum: bool = False,
        header_size: SupportsIndex = 28,
        max_sources: SupportsIndex = 32,
        max_members: SupportsIndex = 64,
        probation: SupportsIndex = 2,
        seed: SupportsIndex | None = None,
    ) -> None: ...
    @property
    def ssrc(self) -> int: ...
    @property
    def next_rtcp_ns(self) -> int | None: ...
    @property
    def minimum_rtcp_size(self) -> int: ...
    @property
    def sources(self) -> tuple[RtpSource, ...]: ...
    @property
    def members(self) -> int: ...
    @property
    def senders(self) -> int: ...
    @property
    def stats(self) -> dict[str, int]: ...
    def set_format(
        self, payload_type: SupportsIndex, clock_rate: SupportsIndex, kind: _Kind = "media"
    ) -> None: ...
    def join(self, now_ns: SupportsIndex) -> None: ...
    def sent(self, packet: ReadableBuffer, now_ns: SupportsIndex) -> None: ...
    def receive_rtp(
        self, packet: ReadableBuffer, now_ns: SupportsIndex, addr: Hashable = None
    ) -> _SessionOutcome: ...
    def receive_rtcp(
        self, datagram: ReadableBuffer, now_ns: SupportsIndex, addr: Hashable = None
    ) -> _SessionOutcome: ...
    def make_rtcp(
        self,
        now_ns: SupportsIndex,
        wall_clock_ns: SupportsIndex | None = None,
        max_size: SupportsIndex = 1200,
        metrics: Iterable[VoipMetrics] | None = None,
    ) -> bytes: ...
    def leave(self, now_ns: SupportsIndex, reason: str = "") -> None: ...
    def source_moved(self, ssrc: SupportsIndex, addr: Hashable) -> None: ...
    def find(self, ssrc: SupportsIndex) -> RtpSource | None: ...

@final
class Inbox(Generic[_T]):
    """What a channel of aio has received; takes the place of create_channel's callback."""

    def __new__(
        cls,
        loop: asyncio.AbstractEventLoop,
        limit: int,
        packet_type: type[tuple[Any, ...]],
        on_packet: Callable[[bytes, tuple[str, int], int], object] | None = None,
        wake_loop: Callable[[Callable[[], None] | None], None] | None = None,
    ) -> Self: ...
    @property
    def dropped(self) -> int: ...
    def next(self) -> Awaitable[_T]: ...
    def take(self) -> Awaitable[_T]: ...
    def wake(self) -> None: ...
    def close(self) -> None: ...

@final
class VoiceCall:
    """Public as rtpsynth.voice.VoiceCall."""

    @property
    def local_addr(self) -> tuple[str, int]: ...
    @property
    def peer(self) -> tuple[str, int] | None: ...
    @property
    def closed(self) -> bool: ...
    @property
    def quality(self) -> CallQuality: ...
    @property
    def stats(self) -> dict[str, Any]: ...
    def play(self, pcm: ReadableBuffer, item: int = 0, timeout: float | None = None) -> bool: ...
    def drained(self, timeout: float | None = None) -> None: ...
    def clear(self) -> Played: ...
    def end_item(self) -> None: ...
    def set_play_rate(self, rate: int) -> None: ...
    def send_digits(
        self, digits: str, on_ms: int = 100, off_ms: int = 60, volume: int = 10
    ) -> None: ...
    def set_peer(self, host: str, port: int) -> None: ...
    def set_codec(self, codec: str | Codec) -> None: ...
    def set_srtp(self, keys: tuple[str, str] | None) -> None: ...
    def close(self, reason: str = "") -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, *exc: object) -> Literal[False]: ...
    def _play(
        self, pcm: ReadableBuffer, item: int, create_future: Callable[[], asyncio.Future[bool]]
    ) -> Literal[True] | tuple[asyncio.Future[bool], int]: ...
    def _drain(
        self, create_future: Callable[[], asyncio.Future[bool]]
    ) -> tuple[asyncio.Future[bool], int]: ...
    def _cancel(self, id: int) -> None: ...

@final
class LoopServer:
    """The channels of aio that their event loop runs; the calls of voice, which a thread runs."""

    def __new__(cls, loop: asyncio.AbstractEventLoop, threaded: bool = False) -> Self: ...
    @property
    def inherited(self) -> bool: ...
    def create_channel(self, *args: Any, **kwargs: Any) -> RtpChannel: ...
    def create_call(self, *args: Any, **kwargs: Any) -> VoiceCall: ...
    def poll(self) -> None: ...
    def go_on(self) -> None: ...
    def on_time(self) -> None: ...
    def fileno(self) -> int: ...
    def shutdown(self) -> None: ...
