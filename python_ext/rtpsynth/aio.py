"""RtpServer's channels for asyncio.

    async with await open_channel(bind_host="127.0.0.1") as channel:
        async for packet in channel:
            channel.send(packet.data, packet.addr)

With jitter_buffer it is frames in order of sequence that come, packets and erasures:

    async with await open_channel(bind_port=5004, jitter_buffer={"capacity": 64}) as channel:
        async for frame in channel:
            ...

or a function is called with each packet, which costs least:

    channel = await open_channel(bind_port=5004, on_packet=lambda data, addr, rtime_ns: ...)

The loop itself serves the sockets, all of them by one descriptor. With threaded=True an RtpServer's
own threads do, which wake the loop once for all that came together, and only if something waits for
it: for programs that hold up their loop. A channel belongs to the loop that was running when it was
opened, and is used in that loop's thread.
"""

from __future__ import annotations

import abc
import asyncio
import contextlib
import threading
import warnings
import weakref
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Literal, NamedTuple, TypeVar, overload

from ._aio_home import Home
from ._options import JitterBufferOptions
from ._rtpsynth import Inbox

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer
    from typing_extensions import Self

    from .RtpJBuf import FrameWrapper
    from .RtpServer import RtpChannel, RtpServer

__all__ = ["Channel", "FrameChannel", "JitterBufferOptions", "Packet", "open_channel"]

_T = TypeVar("_T")


class Packet(NamedTuple):
    """A datagram that was received.

    data      its bytes
    addr      (host, port) of its sender
    rtime_ns  CLOCK_MONOTONIC, as time.monotonic_ns()
    """

    data: bytes
    addr: tuple[str, int]
    rtime_ns: int


class _Channel(abc.ABC, Generic[_T]):
    """What Channel and FrameChannel have in common."""

    _native: RtpChannel | None = None
    _inbox: Any = None
    _closed = _released = True

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        recv_queue: int,
        on_packet: Callable[[bytes, tuple[str, int], int], object] | None = None,
    ) -> None:
        if isinstance(recv_queue, bool) or not isinstance(recv_queue, int):
            raise TypeError(f"recv_queue must be an int, not {type(recv_queue).__name__}")
        if recv_queue < 1:
            raise ValueError(f"recv_queue must be at least 1, not {recv_queue}")
        self._loop = loop
        self._limit = recv_queue
        self._on_packet = on_packet
        self._lock = threading.RLock()  # a garbage collection may close the channel anywhere
        self._home = Home.enter(loop)
        self._closed = self._released = False

    async def _open(
        self, server: RtpServer | None, threaded: bool, options: dict[str, Any]
    ) -> Self:
        # The executor is given nothing that keeps the channel, since it lets go when it pleases.
        create, home, loop = self._create, self._home, self._loop
        try:
            by_loop = None if threaded or server is not None else home.loops_server()
            wake_loop = _waker(self) if by_loop is None else None
            inbox: Inbox[_T] = Inbox(loop, self._limit, Packet, self._on_packet, wake_loop)
            self._inbox = inbox

            def open_native() -> RtpChannel:
                owner = by_loop or server or home.threads_server()
                return create(owner.create_channel, inbox, options)

            self._native = await loop.run_in_executor(None, open_native)
        except BaseException:
            self.close()
            raise
        self._home.channels.add(self)
        return self

    @staticmethod
    @abc.abstractmethod
    def _create(
        create_channel: Callable[..., RtpChannel], inbox: Inbox[Any], options: dict[str, Any]
    ) -> RtpChannel:
        """The native channel, which fills the inbox."""

    def _opened(self) -> RtpChannel:
        if self._native is None:
            raise RuntimeError("channel is not open yet")
        return self._native

    def _asked(self) -> Inbox[_T]:
        if self._on_packet is not None:
            raise RuntimeError("packets of this channel go to on_packet")
        inbox: Inbox[_T] = self._inbox
        return inbox

    def __aiter__(self) -> Self:
        self._asked()
        return self

    def __anext__(self) -> Awaitable[_T]:
        inbox: Inbox[_T] = self._inbox
        return inbox.next()

    async def recv(self) -> _T:
        """The next, in the order of arrival; of several recv() the first is served first.

        When it is cancelled, nothing is lost. Raises RuntimeError once the channel is closed.
        """
        return await self._asked().take()

    def send(self, data: ReadableBuffer, addr: tuple[str, int] | None = None) -> None:
        """Queues a copy of data, 0..65507 bytes, to the target or to addr; never blocks.

        Raises as RtpChannel.send_pkt: RtpQueueFullError when queue_size packets wait, RuntimeError
        without a target and after close(), ValueError for more bytes than fit into a datagram.
        """
        native = self._native
        if native is None:
            self._opened()
        else:
            native.send_pkt(data, addr)

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
        if self._inbox is not None:
            self._inbox.close()
        self._on_packet = None

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
        """RtpChannel.stats, and dropped: what recv_queue had no room for, or still held at close."""
        return {**self._opened().stats, "dropped": self._inbox.dropped}


def _waker(channel: _Channel[Any]) -> Callable[[Callable[[], None] | None], None]:
    """What a server's thread calls when something has come for the channel."""
    loop, this = channel._loop, weakref.ref(channel)

    def wake_loop(wake: Callable[[], None] | None) -> None:
        try:
            if not loop.is_closed():
                if wake is not None:
                    loop.call_soon_threadsafe(wake)
                return
        except RuntimeError:  # it was closed just now
            pass
        alive = this()
        if alive is not None:
            alive.close()

    return wake_loop


class Channel(_Channel[Packet]):
    """A UDP channel, made by open_channel(): an asynchronous iterator of Packet."""

    @staticmethod
    def _create(
        create_channel: Callable[..., RtpChannel], inbox: Inbox[Any], options: dict[str, Any]
    ) -> RtpChannel:
        return create_channel(inbox, **options)


class FrameChannel(_Channel["FrameWrapper"]):
    """A UDP channel with a jitter buffer: an asynchronous iterator of RtpJBuf's frames, packets and
    erasures, in order of sequence. A packet's frame has its sender's address in addr."""

    @staticmethod
    def _create(
        create_channel: Callable[..., RtpChannel], inbox: Inbox[Any], options: dict[str, Any]
    ) -> RtpChannel:
        return create_channel(frames_in=inbox, **options)

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
    on_packet: Callable[[bytes, tuple[str, int], int], object] | None = None,
    server: RtpServer | None = None,
    threaded: bool = False,
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
    on_packet: None = None,
    server: RtpServer | None = None,
    threaded: bool = False,
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
    on_packet: Callable[[bytes, tuple[str, int], int], object] | None = None,
    server: RtpServer | None = None,
    threaded: bool = False,
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
    on_packet      called in the loop as on_packet(data, (host, port), rtime_ns) with each packet,
                   instead of recv() and iteration; not together with jitter_buffer. What it raises
                   goes to loop.call_exception_handler(), and the next packet comes. It is not
                   called after close(), and has the contextvars of whoever opened the channel
    server         an RtpServer, which the caller shuts down after the channel is closed; default:
                   one that sends at once and that the loop's channels share. It ends when the last
                   of them is closed or collected.
    threaded       threads serve the sockets, not the loop: they go on receiving and sending while
                   the loop is held up. So it is with server, and with a loop without add_reader
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
    for name in ("on_packet", "server", "recv_queue", "threaded"):
        del options[name]
    if on_packet is not None and not callable(on_packet):
        raise TypeError("on_packet must be callable")
    if jitter_buffer is None:
        return await Channel(loop, recv_queue, on_packet)._open(server, threaded, options)
    if on_packet is not None:
        raise TypeError("on_packet and jitter_buffer do not go together")
    return await FrameChannel(loop, recv_queue)._open(server, threaded, options)
