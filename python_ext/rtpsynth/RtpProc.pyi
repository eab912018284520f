from collections.abc import Callable
from types import TracebackType
from typing import Literal, final
from typing_extensions import Self

__all__ = ["ChannelProcError", "RtpProc", "RtpProcChannel"]

class ChannelProcError(RuntimeError): ...

@final
class RtpProcChannel:
    @property
    def closed(self) -> bool: ...
    @property
    def id(self) -> int: ...
    def close(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        exc_type: type[BaseException] | None = ...,
        exc: BaseException | None = ...,
        traceback: TracebackType | None = ...,
        /,
    ) -> Literal[False]: ...

@final
class RtpProc:
    def __new__(cls) -> Self: ...
    @property
    def stats(self) -> dict[str, int]: ...
    def create_channel(self, proc_in: Callable[[int, int], int | None]) -> RtpProcChannel: ...
    def shutdown(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        exc_type: type[BaseException] | None = ...,
        exc: BaseException | None = ...,
        traceback: TracebackType | None = ...,
        /,
    ) -> Literal[False]: ...
