from collections.abc import Callable, Sequence
from typing import Literal, final, overload
from typing_extensions import Self, TypeAlias, disjoint_base

from _typeshed import ReadableBuffer

from ._options import JitterBufferOptions
from .RtpJBuf import FrameWrapper
from .voice import Audio, Bye, Codec, Digit, Played, Quiet, Source, VoiceCall

__all__ = ["RtpChannel", "RtpQueueFullError", "RtpServer"]

_Address: TypeAlias = tuple[str, int]
_Packet: TypeAlias = tuple[bytes, _Address, int]
_PacketIn: TypeAlias = Callable[[bytes, _Address, int], object]
_BatchIn: TypeAlias = Callable[[list[_Packet]], object]
_FramesIn: TypeAlias = Callable[[list[FrameWrapper]], object]
_Family: TypeAlias = int | Literal["auto", "ipv4", "ipv6"] | None
_SourcePolicy: TypeAlias = Literal["any", "target", "first"]

class RtpQueueFullError(Exception): ...

@final
class RtpChannel:
    @property
    def local_addr(self) -> _Address: ...
    @property
    def locked_source(self) -> _Address | None: ...
    @property
    def closed(self) -> bool: ...
    @property
    def stats(self) -> dict[str, int]: ...
    @property
    def jitter_stats(self) -> dict[str, int] | None: ...
    def set_target(self, host: str, port: int) -> None: ...
    def send_pkt(self, data: ReadableBuffer, addr: _Address | None = None) -> None: ...
    def reset_source_lock(self) -> None: ...
    def close(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, *exc: object) -> Literal[False]: ...

@disjoint_base
class RtpServer:
    def __init__(self, tick_hz: float | None = 200) -> None: ...
    @property
    def tick_ns(self) -> int | None: ...
    @property
    def stats(self) -> dict[str, int]: ...
    @overload
    def create_channel(
        self,
        pkt_in: _PacketIn,
        bind_host: str | None = None,
        bind_port: int = 0,
        queue_size: int = 32,
        bind_family: _Family = 0,
        *,
        batch: Literal[False] = False,
        frames_in: None = None,
        jitter_buffer: None = None,
        other_in: None = None,
        receive_buffer_size: int | None = None,
        send_buffer_size: int | None = None,
        dscp: int | None = None,
        reuse_port: bool = False,
        v6_only: bool = False,
        kernel_timestamps: bool = False,
        coalesce: bool = False,
        source_policy: _SourcePolicy = "any",
        probation: int = 4,
    ) -> RtpChannel: ...
    @overload
    def create_channel(
        self,
        pkt_in: _BatchIn,
        bind_host: str | None = None,
        bind_port: int = 0,
        queue_size: int = 32,
        bind_family: _Family = 0,
        *,
        batch: Literal[True],
        frames_in: None = None,
        jitter_buffer: None = None,
        other_in: None = None,
        receive_buffer_size: int | None = None,
        send_buffer_size: int | None = None,
        dscp: int | None = None,
        reuse_port: bool = False,
        v6_only: bool = False,
        kernel_timestamps: bool = False,
        coalesce: bool = False,
        source_policy: _SourcePolicy = "any",
        probation: int = 4,
    ) -> RtpChannel: ...
    @overload
    def create_channel(
        self,
        pkt_in: None = None,
        bind_host: str | None = None,
        bind_port: int = 0,
        queue_size: int = 32,
        bind_family: _Family = 0,
        *,
        batch: Literal[False] = False,
        frames_in: _FramesIn,
        jitter_buffer: int | JitterBufferOptions,
        other_in: _PacketIn | None = None,
        receive_buffer_size: int | None = None,
        send_buffer_size: int | None = None,
        dscp: int | None = None,
        reuse_port: bool = False,
        v6_only: bool = False,
        kernel_timestamps: bool = False,
        coalesce: bool = False,
        source_policy: _SourcePolicy = "any",
        probation: int = 4,
    ) -> RtpChannel: ...
    def create_call(
        self,
        on_event: Callable[[Audio | Digit | Played | Quiet | Source | Bye], object] | None = None,
        bind_host: str | None = None,
        bind_port: int = 0,
        *,
        peer: _Address | None = None,
        codec: str | Codec | Sequence[str | Codec] = "PCMU",
        dtmf: int | None = 101,
        rate: int = 8000,
        ptime_ms: int = 20,
        latch: Literal["none", "once", "follow"] = "none",
        idle: Literal["silence", "comfort_noise", "nothing"] = "silence",
        audio: bool = True,
        srtp: tuple[str, str] | None = None,
        noise: int | None = 13,
        rtcp_mux: bool = True,
        play_queue: float = 10,
        audio_queue: int = 50,
        event_queue: int = 32,
        pause_after: float | None = 5,
        quiet_after: float | None = None,
        probation: int = 4,
        relatch_after: float = 5,
        bind_family: _Family = 0,
        receive_buffer_size: int | None = None,
        send_buffer_size: int | None = None,
        dscp: int | None = None,
        v6_only: bool = False,
    ) -> VoiceCall: ...
    def shutdown(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, *exc: object) -> Literal[False]: ...
