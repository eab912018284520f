from typing import Final, SupportsFloat, SupportsIndex

from typing_extensions import TypeAlias, disjoint_base

from .RtpJBuf import RtpJBuf
from .RtpProc import RtpProc
from .RtpServer import RtpChannel, RtpServer
from .media import CallQuality, Playout
from .relay import PortRange, RtpRelay
from .rtcp import ReceiverStats

__all__ = ["CONTENT_TYPE", "MetricsPage"]

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

_Source: TypeAlias = (
    RtpServer
    | RtpChannel
    | RtpProc
    | RtpRelay
    | PortRange
    | RtpJBuf
    | Playout
    | CallQuality
    | ReceiverStats
)

@disjoint_base
class MetricsPage:
    def __init__(self) -> None: ...
    def add(self, source: _Source, labels: dict[str, str] | None = None) -> None: ...
    def counter(
        self, name: str, help: str, value: SupportsIndex, labels: dict[str, str] | None = None
    ) -> None: ...
    def gauge(
        self, name: str, help: str, value: SupportsFloat, labels: dict[str, str] | None = None
    ) -> None: ...
    def text(self) -> str: ...
