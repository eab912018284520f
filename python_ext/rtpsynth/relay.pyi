from collections.abc import Callable, Iterable
from typing import Literal, SupportsIndex, final

from typing_extensions import Self, TypeAlias, disjoint_base

from .RtpServer import RtpServer

__all__ = ["LegOptions", "PortRange", "RtpRelay"]

_Address: TypeAlias = tuple[str, int]
_Leg: TypeAlias = Literal["a", "b"]
_Kind: TypeAlias = Literal["unknown", "media", "event", "comfort_noise"]
_Codec: TypeAlias = str | tuple[str, int | None] | tuple[str, int | None, str]

@disjoint_base
class PortRange:
    def __init__(
        self,
        first: SupportsIndex = 16384,
        last: SupportsIndex = 32767,
        host: str = "0.0.0.0",
        single: object = False,
    ) -> None: ...
    @property
    def stats(self) -> dict[str, int]: ...

@disjoint_base
class LegOptions:
    def __init__(
        self,
        peer: _Address | None = None,
        *,
        bind_host: str = "0.0.0.0",
        bind_port: SupportsIndex = 0,
        rtcp_mux: bool = True,
        latch: Literal["none", "once", "follow"] = "follow",
        probation: SupportsIndex = 4,
        relatch_after_ns: SupportsIndex = 5000000000,
        clock_rate: SupportsIndex = 8000,
        payload_types: dict[int, int | None] | None = None,
        drop_unmapped: bool = False,
        formats: dict[int, tuple[int, _Kind]] | None = None,
        cname: str = "",
        forward_bye: bool = False,
        transcode: Iterable[tuple[_Codec, _Codec]] | None = None,
        local_crypto: str | None = None,
        remote_crypto: str | None = None,
        queue_size: SupportsIndex = 32,
        receive_buffer_size: SupportsIndex | None = None,
        send_buffer_size: SupportsIndex | None = None,
        dscp: SupportsIndex | None = None,
        v6_only: bool = False,
    ) -> None: ...

@final
class RtpRelay:
    def __new__(
        cls,
        server: RtpServer,
        a: LegOptions,
        b: LegOptions,
        ports: PortRange | None = None,
        *,
        media_timeout_ns: SupportsIndex | None = None,
        on_media_timeout: Callable[[RtpRelay, _Leg], object] | None = None,
        on_source_changed: Callable[[RtpRelay, _Leg, _Address], object] | None = None,
    ) -> Self: ...
    @property
    def closed(self) -> bool: ...
    def local_addr(self, leg: _Leg) -> _Address: ...
    def rtcp_addr(self, leg: _Leg) -> _Address: ...
    def target(self, leg: _Leg) -> _Address | None: ...
    def set_peer(self, leg: _Leg, peer: _Address) -> None: ...
    def set_crypto(
        self, leg: _Leg, local_crypto: str | None, remote_crypto: str | None
    ) -> None: ...
    def stats(self, leg: _Leg) -> dict[str, int]: ...
    def source_stats(self, leg: _Leg) -> dict[str, int]: ...
    def close(self, done: Callable[[RtpRelay, OSError | None], object] | None = None) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, *exc: object) -> Literal[False]: ...
