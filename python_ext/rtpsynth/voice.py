"""Telephone calls: audio and digits over RTP.

For asyncio:

    async with await open_call("0.0.0.0:0", peer=("192.0.2.7", 4000), rate=24000) as call:
        async for event in call:
            match event:
                case Audio(pcm):              # 20 ms of samples of 16 bits
                    await call.play(pcm)      # an echo
                case Digit("#"):
                    break

A thread of C++ sends and receives, on time and without the interpreter's lock, whatever the program
does. It wakes the loop once for all that came for its calls together.

For programs without a loop, RtpServer(tick_hz=None).create_call() makes a VoiceCall, which calls a
function with the same events and whose methods wait by themselves.
"""

from __future__ import annotations

import asyncio
import contextlib
import warnings
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias, Union

from ._aio_home import Home
from ._rtpsynth import Inbox, VoiceCall

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer
    from typing_extensions import Self

    from .media import CallQuality

__all__ = [
    "Audio",
    "Bye",
    "Call",
    "Codec",
    "Digit",
    "Event",
    "Played",
    "Quiet",
    "Source",
    "VoiceCall",
    "open_call",
]


class Audio(NamedTuple):
    """A tick of received audio, ptime_ms long. There are no gaps from the first packet on, but that
    Audio pauses when no packet has come for pause_after seconds.

    pcm      its samples at the call's rate, 16 bits each in the machine's byte order
    kind     "speech", "stretched" or "compressed" (to change the delay), "concealed" (packets are
             missing), "comfort_noise" or "silence"
    time_ns  when it begins, CLOCK_MONOTONIC, as time.monotonic_ns()
    skipped  ticks that are missing before it, after a pause or because audio_queue was full
    """

    pcm: bytes
    kind: str
    time_ns: int = 0
    skipped: int = 0


class Digit(NamedTuple):
    """A key was pressed and released (RFC 4733). There is one for each press.

    digit  one of 0..9 * # A..D; "" for an event that is no key
    ms     how long it was pressed
    event  the event's code, 0..255
    """

    digit: str
    ms: int
    event: int = 0


class Played(NamedTuple):
    """The last audio of an item was sent; or what clear() returns.

    item  the number that play() was given; None from clear(): nothing was being played
    ms    how much of it was sent
    """

    item: int | None
    ms: int


class Quiet(NamedTuple):
    """No RTP has come for quiet_after. Comes once, until RTP comes again.

    s  seconds since the last packet, or since the call was opened
    """

    s: float


class Source(NamedTuple):
    """RTP is played from a source that is new, or that has another address than before.

    addr   its (host, port)
    ssrc   its SSRC, 0..4294967295
    first  whether there was none before
    """

    addr: tuple[str, int]
    ssrc: int = 0
    first: bool = False


class Bye(NamedTuple):
    """The source that is played has ended its stream (RTCP BYE).

    reason  "" if it gave none
    ssrc    its SSRC
    """

    reason: str
    ssrc: int = 0


class Codec(NamedTuple):
    """A codec as SDP describes it.

    encoding      as in a=rtpmap: "PCMU/8000", "opus/48000/2"
    payload_type  0..127; None: the static one of RFC 3551, which not every codec has
    fmtp          as in a=fmtp
    """

    encoding: str
    payload_type: int | None = None
    fmtp: str = ""


Event: TypeAlias = Union[Audio, Digit, Played, Quiet, Source, Bye]
"""What an iteration of a call gives, and what a VoiceCall's function is called with."""

_Address = Union[tuple[str, int], str]


class Call:
    """A telephone call, made by open_call(): an asynchronous iterator of events.

    It belongs to the loop that was running when it was opened, and is used in that loop's thread.
    Methods raise RuntimeError once it is closed.
    """

    __slots__ = ("__weakref__", "_closed", "_entered", "_home", "_inbox", "_loop", "_native")
    _native: VoiceCall | None
    _inbox: Inbox[Event]

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._native = None
        self._closed = False
        self._loop = loop
        self._entered: list[Home] = []  # taken out by whoever closes first
        self._home = Home.enter(loop)
        self._entered.append(self._home)

    async def _open(self, options: dict[str, Any]) -> Self:
        # The executor is given nothing that keeps the call, since it lets go when it pleases.
        try:
            server = self._home.calls_server()
            inbox: Inbox[Event] = Inbox(self._loop, 1, tuple)
            self._inbox = inbox

            def open_native() -> VoiceCall:
                return server.create_call(inbox, **options)

            self._native = await self._loop.run_in_executor(None, open_native)
        except BaseException:
            self.close()
            raise
        self._home.channels.add(self)
        return self

    def _opened(self) -> VoiceCall:
        if self._native is None:
            raise RuntimeError("call is not open yet")
        return self._native

    def __aiter__(self) -> Self:
        self._opened()
        return self

    def __anext__(self) -> Awaitable[Event]:
        return self._inbox.next()

    async def next_event(self) -> Event:
        """The next event, in the order in which they came. Cancelling it loses nothing. Raises
        RuntimeError once the call is closed."""
        self._opened()
        return await self._inbox.take()

    async def play(self, pcm: ReadableBuffer, item: int = 0) -> bool:
        """Plays samples of 16 bits, an array('h') or bytes-like, at the call's rate, of any number.

        Returns when all of them are in the queue: at once if there is room, else as the queue is
        played. True: all were queued; False: clear() was called meanwhile. When it is cancelled,
        what is in the queue is played.

        item: 0..18446744073709551615. Consecutive pieces with one number form one item, such as an
        utterance, of which Played and clear() tell.
        """
        native = self._opened()
        started = native._play(pcm, item, self._loop.create_future)
        return started if started is True else await self._finished(native, *started)

    async def drained(self) -> None:
        """Waits until all audio and digits were sent."""
        native = self._opened()
        await self._finished(native, *native._drain(self._loop.create_future))

    @staticmethod
    async def _finished(native: VoiceCall, future: asyncio.Future[bool], number: int) -> bool:
        try:
            return await future
        except asyncio.CancelledError:
            native._cancel(number)
            raise

    def clear(self) -> Played:
        """Drops all audio that was not sent yet, as when the other side interrupts. Returns the
        first item that was not sent completely, and how many ms of it were sent; or (None, 0)."""
        return self._opened().clear()

    def end_item(self) -> None:
        """The item that was played last is complete: Played comes as soon as it was sent, not a
        second later."""
        self._opened().end_item()

    def set_play_rate(self, rate: int) -> None:
        """Later samples of play() have this rate, 4000..384000 Hz (ValueError)."""
        self._opened().set_play_rate(rate)

    async def send_digits(
        self, digits: str, on_ms: int = 100, off_ms: int = 60, volume: int = 10
    ) -> None:
        """Queues digits, 0-9, *, #, A-D, of on_ms (1..3600000) each, with pauses of off_ms
        (0..3600000) after them, at volume (0..63, -dBm0). They are sent in place of audio;
        drained() waits for them. Raises ValueError."""
        self._opened().send_digits(digits, on_ms, off_ms, volume)

    async def set_peer(self, host: str, port: int) -> None:
        """Sends RTP elsewhere from now on, as after a re-INVITE. A name is looked up without
        holding up the loop. Raises ValueError, OSError (no such host)."""
        await self._loop.run_in_executor(None, self._opened().set_peer, host, port)

    def set_codec(self, codec: str | Codec) -> None:
        """Sends with another codec from the next tick on. Audio in the queue is kept. Raises
        ValueError."""
        self._opened().set_codec(codec)

    def set_srtp(self, keys: tuple[str, str] | None) -> None:
        """Encrypts and decrypts with other keys, ours and theirs, from now on; None: not at all.
        Raises ValueError, NotImplementedError (rtpsynth was built without libsrtp2)."""
        self._opened().set_srtp(keys)

    def close(self, reason: str = "") -> None:
        """Ends the call: sends an RTCP BYE with reason and closes the sockets; a second time, does
        nothing. Audio that waits is not sent: see drained(). Iterators end; what else waits raises
        RuntimeError."""
        if not self._closed:
            self._closed = True
            self._home.channels.discard(self)
            with contextlib.suppress(AttributeError):  # it is not open yet
                self._inbox.close()
        self._release(reason)

    async def aclose(self, reason: str = "") -> None:
        """close()."""
        self.close(reason)

    def _release(self, reason: str = "") -> None:
        """In any thread."""
        try:
            home = self._entered.pop()
        except IndexError:
            return
        if self._native is not None:
            with contextlib.suppress(RuntimeError):  # its server has been shut down
                self._native.close(reason)
        home.leave()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self, _warn: Callable[..., None] = warnings.warn) -> None:
        try:
            if not self._entered:
                return
        except AttributeError:  # __init__ did not get so far
            return
        if not self._closed:
            _warn(f"unclosed {self!r}", ResourceWarning, source=self)
        self._release()

    def __repr__(self) -> str:
        what = "unopened" if self._native is None else "{}:{}".format(*self._native.local_addr)
        return f"<{type(self).__name__} {what}{' closed' if self._closed else ''}>"

    @property
    def local_addr(self) -> tuple[str, int]:
        """(host, port) of RTP, also when closed."""
        return self._opened().local_addr

    @property
    def peer(self) -> tuple[str, int] | None:
        """(host, port) that RTP is sent to: set_peer()'s, or the latch's; None: not known yet."""
        return self._opened().peer

    @property
    def closed(self) -> bool:
        """True after close(), and after the end of the loop."""
        return self._closed

    @property
    def stats(self) -> dict[str, Any]:
        """VoiceCall.stats."""
        return self._opened().stats

    @property
    def quality(self) -> CallQuality:
        """How good what comes sounds: quality.mos is the mean opinion score, or None."""
        return self._opened().quality


def _address(value: _Address, name: str) -> tuple[str, int]:
    """(host, port) of a tuple, or of a str "host:port" or "[host]:port"."""
    if not isinstance(value, str):
        return value
    host, colon, port = value.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit():
        raise ValueError(f"{name} must be (host, port) or 'host:port', not {value!r}")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ValueError(f"{name} must have the address of IPv6 in brackets, not {value!r}")
    return host, int(port)


async def open_call(
    bind: _Address = ("0.0.0.0", 0),
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
    bind_family: int | Literal["auto", "ipv4", "ipv6"] | None = 0,
    receive_buffer_size: int | None = None,
    send_buffer_size: int | None = None,
    dscp: int | None = None,
    v6_only: bool = False,
) -> Call:
    """Opens a Call, bound when it is returned.

    bind, peer  (host, port) or "host:port"; port 0 of bind: the system chooses

    The other arguments are those of RtpServer.create_call. The socket is made, and names are looked
    up, in the loop's default executor. At the end of the loop (asyncio.run, or
    loop.shutdown_asyncgens) its calls are closed; one that is dropped unclosed is closed too, with a
    ResourceWarning.

    Raises as create_call: TypeError, ValueError, OSError with errno (EADDRINUSE, ...),
    NotImplementedError (srtp, without libsrtp2); RuntimeError if the loop has no add_reader().
    """
    options: dict[str, Any] = dict(locals())  # all of the arguments, by name
    loop = asyncio.get_running_loop()
    del options["bind"]
    address = _address(bind, "bind")
    if not isinstance(address, tuple) or len(address) != 2:
        raise TypeError("bind must be (host, port) or 'host:port'")
    options["bind_host"], options["bind_port"] = address
    if peer is not None:
        options["peer"] = _address(peer, "peer")
    return await Call(loop)._open(options)
