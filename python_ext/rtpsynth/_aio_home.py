"""What one event loop's channels share: servers, and their end with the loop's."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import threading
import weakref
from collections.abc import AsyncGenerator, Callable
from typing import Any, Protocol

from ._rtpsynth import LoopServer
from .RtpServer import RtpServer


class Closable(Protocol):
    def close(self) -> None: ...


class Home:
    """Lives from a loop's first channel to its last. For each enter() there is one leave()."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.channels: weakref.WeakSet[Closable] = weakref.WeakSet()
        self._loop = loop
        self._thread = threading.get_ident()
        self._users = 0
        self._by_threads: RtpServer | None = None
        self._by_loop: LoopServer | None = None
        self._of_calls: LoopServer | None = None
        self._loop_serves = True  # as far as is known
        self._watches: list[weakref.ref[Callable[[], None]]] = []
        self._ending = False
        # The one thing that a loop tells about its end is told to asynchronous generators.
        self._end = self._until_loop_ends()
        _step(self._end.asend(None))

    @staticmethod
    def enter(loop: asyncio.AbstractEventLoop) -> Home:
        """In the loop's thread."""
        with _lock:
            home = _homes.get(loop)
            if home is None or home._users == 0:
                home = Home(loop)
                _homes[loop] = home
            home._users += 1
            return home

    def leave(self) -> None:
        """In any thread."""
        with _lock:
            self._users -= 1
            if self._users != 0:
                return
            if _homes.get(self._loop) is self:
                del _homes[self._loop]
        if self._by_threads is not None:
            self._by_threads.shutdown()
        self._stop_watched()
        if not self._ending:
            _step(self._end.aclose())

    def threads_server(self) -> RtpServer:
        """The one with threads of its own. In any thread."""
        with _lock:
            if self._by_threads is None:
                self._by_threads = RtpServer(tick_hz=None)
            return self._by_threads

    def loops_server(self) -> LoopServer | None:
        """The one that the loop runs; None if it can't. In the loop's thread."""
        if self._by_loop is None and self._loop_serves:
            self._by_loop = self._watched(LoopServer(self._loop))
            self._loop_serves = self._by_loop is not None
        return self._by_loop

    def calls_server(self) -> LoopServer:
        """The one that serves calls by a thread of its own, and tells the loop by a descriptor. In
        the loop's thread."""
        if self._of_calls is None:
            self._of_calls = self._watched(LoopServer(self._loop, True))
            if self._of_calls is None:
                raise RuntimeError("calls need an event loop with add_reader()")
        return self._of_calls

    def _watched(self, server: LoopServer) -> LoopServer | None:
        """The server, whose descriptor the loop watches from now on; None if it can't."""
        if server.fileno() < 0:
            return None
        # Only the loop keeps what it calls, so that its end is the end of that.
        call = functools.partial(server.poll)
        try:
            self._loop.add_reader(server.fileno(), call)
        except NotImplementedError:  # by the loop
            server.shutdown()
            return None
        this = weakref.ref(self)

        def closed(_: object) -> None:
            home = this()
            if home is not None:
                home._loop_was_closed()

        self._watches.append(weakref.ref(call, closed))
        return server

    def _stop_watched(self) -> None:
        servers = [s for s in (self._by_loop, self._of_calls) if s is not None]
        if not servers:
            return
        self._watches.clear()
        if servers[0].inherited or self._loop.is_closed():
            _shut_down(servers)
        elif self._runs_here():
            self._unwatch(servers)
        else:
            try:
                self._loop.call_soon_threadsafe(self._unwatch, servers)
            except RuntimeError:  # it was closed just now
                _shut_down(servers)

    def _runs_here(self) -> bool:
        """Whether this is the loop's thread, which may be another in each of its runs."""
        if self._loop.is_running():
            return asyncio._get_running_loop() is self._loop
        return threading.get_ident() == self._thread

    def _unwatch(self, servers: list[LoopServer]) -> None:
        for server in servers:
            self._loop.remove_reader(server.fileno())
        _shut_down(servers)

    def _loop_was_closed(self) -> None:
        if self._watches and self._loop.is_closed():
            self._close_all()

    def _close_all(self) -> None:
        for channel in list(self.channels):
            channel.close()

    async def _until_loop_ends(self) -> AsyncGenerator[None, None]:
        try:
            yield
        finally:
            self._ending = True
            self._close_all()


_lock = threading.RLock()  # not a Lock: a garbage collection under it may close a channel
_homes: dict[asyncio.AbstractEventLoop, Home] = {}


def _shut_down(servers: list[LoopServer]) -> None:
    for server in servers:
        server.shutdown()


def _step(operation: Any) -> None:
    """Runs an asynchronous generator's operation that waits for nothing."""
    with contextlib.suppress(StopIteration):
        operation.send(None)


def _after_fork() -> None:
    global _lock
    _lock = threading.RLock()
    _homes.clear()


os.register_at_fork(after_in_child=_after_fork)
