"""What one event loop's channels share: a server, and their end with the loop's."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import weakref
from collections.abc import AsyncGenerator
from typing import Any, Protocol

from .RtpServer import RtpServer


class Closable(Protocol):
    def close(self) -> None: ...


class Home:
    """Lives from a loop's first channel to its last. For each enter() there is one leave()."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.channels: weakref.WeakSet[Closable] = weakref.WeakSet()
        self._loop = loop
        self._users = 0
        self._server: RtpServer | None = None
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
        if self._server is not None:
            self._server.shutdown()
        if not self._ending:
            _step(self._end.aclose())

    def server(self) -> RtpServer:
        """In any thread."""
        with _lock:
            if self._server is None:
                self._server = RtpServer(tick_hz=None)
            return self._server

    async def _until_loop_ends(self) -> AsyncGenerator[None, None]:
        try:
            yield
        finally:
            self._ending = True
            for channel in list(self.channels):
                channel.close()


_lock = threading.RLock()  # not a Lock: a garbage collection under it may close a channel
_homes: dict[asyncio.AbstractEventLoop, Home] = {}


def _step(operation: Any) -> None:
    """Runs an asynchronous generator's operation that waits for nothing."""
    with contextlib.suppress(StopIteration):
        operation.send(None)


def _after_fork() -> None:
    global _lock
    _lock = threading.RLock()
    _homes.clear()


os.register_at_fork(after_in_child=_after_fork)
