"""RtpServer's channels for asyncio.

    async with await open_channel(bind_host="127.0.0.1") as channel:
        async for packet in channel:
            channel.send(packet.data, packet.addr)

With jitter_buffer it is frames in order of sequence that come, packets and erasures:

    async with await open_channel(bind_port=5004, jitter_buffer={"capacity": 64}) as channel:
        async for frame in channel:
            ...

Sockets are served by an RtpServer's own threads, which wake the loop once for all that came
together, and only if something waits for it. A channel belongs to the loop that was running when it
was opened, and is used in that loop's thread.
"""

from __future__ import annotations

import abc
import asyncio
import contextlib
import threading
import warnings
import weakref
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Literal, NamedTuple, TypeVar, overload

from ._aio_home import Home
from ._aio_inbox import Inbox
from ._options import JitterBufferOptions

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer
    from typing_extensions import Self

    from .RtpJBuf import FrameWrapper
    from .RtpServer import RtpChannel, RtpServer

__all__ = ["Channel", "FrameChannel", "JitterBufferOptions", "Packet", "open_channel"]

_T = TypeVar("_T")


class Packet(NamedTuple):
    """A datagram that was received."""

    data: bytes
    addr: tuple[str, int]  #: (host, port) of its sender
    rtime_ns: int  #: CLOCK_MONOTONIC, as time.monotonic_ns()


class _Channel(abc.ABC, Generic[_T]):
    """What Channel and FrameChannel have in common."""

    _native: RtpChannel | None = None
    _closed = _released = True

    def __init__(self, loop: asyncio.AbstractEventLoop, recv_queue: int) -> None:
        if isinstance(recv_queue, bool) or not isinstance(recv_queue, int):
            raise TypeError(f"recv_queue must be an int, not {type(recv_queue).__name__}")
        if recv_queue < 1:
            raise ValueError(f"recv_queue must be at least 1, not {recv_queue}")
        self._loop = loop
        self._inbox: Inbox[_T] = Inbox(loop, recv_queue)
        self._lock = threading.RLock()  # a garbage collection may close the channel anywhere
        self._home = Home.enter(loop)
        self._closed = self._released = False

    async def _open(self, server: RtpServer | None, options: dict[str, Any]) -> Self:
        # The executor is given nothing that keeps the channel, since it lets go when it pleases.
        create, inbox, home = self._create, self._inbox, self._home

        def open_native() -> RtpChannel:
            return create(inbox, home.server() if server is None else server, options)

        try:
            self._native = await self._loop.run_in_executor(None, open_native)
        except BaseException:
            self.close()
            raise
        this = weakref.ref(self)

        def close_if_alive() -> None:
            channel = this()
            if channel is not None:
                channel.close()

        self._inbox.on_loop_closed = close_if_alive
        self._home.channels.add(self)
        return self

    @staticmethod
    @abc.abstractmethod
    def _create(inbox: Inbox[Any], server: RtpServer, options: dict[str, Any]) -> RtpChannel:
        """The native channel, whose callback fills the inbox."""

    def _opened(self) -> RtpChannel:
        if self._native is None:
            raise RuntimeError("channel is not open yet")
        return self._native

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> _T:
        item = await self._inbox.take()
        if item is None:
            raise StopAsyncIteration
        return item

    async def recv(self) -> _T:
        """The next, in the order of arrival; of several recv() the first is served first.

        When it is cancelled, nothing is lost. Raises RuntimeError once the channel is closed.
        """
        item = await self._inbox.take()
        if item is None:
            raise RuntimeError("channel is closed")
        return item

    def send(self, data: ReadableBuffer, addr: tuple[str, int] | None = None) -> None:
        """Queues a copy of data, 0..65507 bytes, to the target or to addr; never blocks.

        Raises as RtpChannel.send_pkt: RtpQueueFullError when queue_size packets wait, RuntimeError
        without a target and after close(), ValueError for more bytes than fit into a datagram.
        """
        self._opened().send_pkt(data, addr)

    async def set_target(self, host: str, port: int) -> None:
        """Where send() sends to from now on. A name is looked up without holding up the loop.

        Raises ValueError, OSError (no such host), RuntimeError after close().
        """
        await self._loop.run_in_executor(None, self._opened().set_target, host, port)

    def reset_source_lock(self) -> None:
        """Forgets the source that source_policy="first" locked to; the next to prove itself is
        locked to. Raises RuntimeError after close()."""
        self._opened().reset_source_lock()

    def close(self) -> None:
        """Sends what was accepted and closes the socket; a second time, does nothing.

        From then on nothing is handed out any more: iterators end, a recv() that waits raises
        RuntimeError, and what waits in the queue is dropped.
        """
        self._end()
        self._release()

    async def aclose(self) -> None:
        """close(), which does not hold up the loop while packets are being sent."""
        self._end()
        if self._released:
            return
        try:
            released = self._loop.run_in_executor(None, self._release)
        except RuntimeError:  # the loop is ending, and runs nothing elsewhere any more
            self._release()
            return
        await asyncio.shield(released)

    def _end(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._home.channels.discard(self)
        self._inbox.close()

    def _release(self) -> None:
        """In any thread."""
        with self._lock:
            if self._released:
                return
            self._released = True
        if self._native is not None:
            with contextlib.suppress(RuntimeError):  # its server has been shut down
                self._native.close()
        self._home.leave()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    def __del__(self, _warn: Callable[..., None] = warnings.warn) -> None:
        if self._released:
            return
        if not self._closed:
            _warn(f"unclosed {self!r}", ResourceWarning, source=self)
        self._release()

    def __repr__(self) -> str:
        what = "unopened" if self._native is None else "{}:{}".format(*self._native.local_addr)
        return f"<{type(self).__name__} {what}{' closed' if self._closed else ''}>"

    @property
    def local_addr(self) -> tuple[str, int]:
        """(host, port) the socket is bound to, also when closed."""
        return self._opened().local_addr

    @property
    def locked_source(self) -> tuple[str, int] | None:
        """(host, port) of the source that source_policy="first" locked to."""
        return self._opened().locked_source

    @property
    def closed(self) -> bool:
        """True after close(), and after the end of the loop."""
        return self._closed

    @property
    def stats(self) -> dict[str, int]:
        """RtpChannel.stats, and dropped: those that recv_queue had no room for, or that still waited
        in it when the channel closed."""
        return {**self._opened().stats, "dropped": self._inbox.dropped}


class Channel(_Channel[Packet]):
    """A UDP channel, made by open_channel(): an asynchronous iterator of Packet."""

    @staticmethod
    def _create(inbox: Inbox[Any], server: RtpServer, options: dict[str, Any]) -> RtpChannel:
        put, make = inbox.put, Packet._make
        return server.create_channel(lambda batch: put([*map(make, batch)]), batch=True, **options)


class FrameChannel(_Channel["FrameWrapper"]):
    """A UDP channel with a jitter buffer: an asynchronous iterator of RtpJBuf's frames, packets and
    erasures, in order of sequence. A packet's frame has its sender's address in addr."""

    @staticmethod
    def _create(inbox: Inbox[Any], server: RtpServer, options: dict[str, Any]) -> RtpChannel:
        return server.create_channel(frames_in=inbox.put, **options)

    @property
    def jitter_stats(self) -> dict[str, int]:
        """RtpChannel.jitter_stats."""
        stats = self._opened().jitter_stats
        assert stats is not None
        return stats


@overload
async def open_channel(
    bind_host: str | None = None,
    bind_port: int = 0,
    *,
    jitter_buffer: None = None,
    server: RtpServer | None = None,
    recv_queue: int = 1024,
    queue_size: int = 32,
    bind_family: int | Literal["auto", "ipv4", "ipv6"] | None = 0,
    receive_buffer_size: int | None = None,
    send_buffer_size: int | None = None,
    dscp: int | None = None,
    reuse_port: bool = False,
    v6_only: bool = False,
    kernel_timestamps: bool = False,
    coalesce: bool = False,
    source_policy: Literal["any", "target", "first"] = "any",
    probation: int = 4,
) -> Channel: ...


@overload
async def open_channel(
    bind_host: str | None = None,
    bind_port: int = 0,
    *,
    jitter_buffer: int | JitterBufferOptions,
    server: RtpServer | None = None,
    recv_queue: int = 1024,
    queue_size: int = 32,
    bind_family: int | Literal["auto", "ipv4", "ipv6"] | None = 0,
    receive_buffer_size: int | None = None,
    send_buffer_size: int | None = None,
    dscp: int | None = None,
    reuse_port: bool = False,
    v6_only: bool = False,
    kernel_timestamps: bool = False,
    coalesce: bool = False,
    source_policy: Literal["any", "target", "first"] = "any",
    probation: int = 4,
) -> FrameChannel: ...


async def open_channel(
    bind_host: str | None = None,
    bind_port: int = 0,
    *,
    jitter_buffer: int | JitterBufferOptions | None = None,
    server: RtpServer | None = None,
    recv_queue: int = 1024,
    queue_size: int = 32,
    bind_family: int | Literal["auto", "ipv4", "ipv6"] | None = 0,
    receive_buffer_size: int | None = None,
    send_buffer_size: int | None = None,
    dscp: int | None = None,
    reuse_port: bool = False,
    v6_only: bool = False,
    kernel_timestamps: bool = False,
    coalesce: bool = False,
    source_policy: Literal["any", "target", "first"] = "any",
    probation: int = 4,
) -> Channel | FrameChannel:
    """Opens a Channel, or with jitter_buffer a FrameChannel, bound when it is returned.

    jitter_buffer  its capacity in packets, or a dict of RtpJBuf's arguments
    server         an RtpServer, which the caller shuts down after the channel is closed; default:
                   one with tick_hz=None that the loop's channels share. It ends when the last of
                   them is closed or collected.
    recv_queue     packets or frames kept until they are asked for; when there are more, the oldest
                   are dropped and counted in stats["dropped"]

    The other arguments are those of RtpServer.create_channel. Sockets are made, and names looked
    up, in the loop's default executor. At the end of the loop (asyncio.run, or
    loop.shutdown_asyncgens) its channels are closed; one that is dropped unclosed is closed too,
    with a ResourceWarning.

    Raises as create_channel: TypeError, ValueError, OSError with errno (EADDRINUSE, …),
    RuntimeError if the server is shut down.
    """
    options: dict[str, Any] = dict(locals())  # all of the arguments, by name
    loop = asyncio.get_running_loop()
    for name in ("server", "recv_queue"):
        del options[name]
    if jitter_buffer is None:
        return await Channel(loop, recv_queue)._open(server, options)
    return await FrameChannel(loop, recv_queue)._open(server, options)
