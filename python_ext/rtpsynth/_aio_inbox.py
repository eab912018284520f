"""The way of what was received from a server's thread to an event loop."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Inbox(Generic[T]):
    """A bounded queue, which the server's thread fills and the loop's empties.

    It does not know its channel, which is collected when nobody else does.
    """

    _IN_A_ROW = 64  # taken before the loop's other tasks have their turn

    def __init__(self, loop: asyncio.AbstractEventLoop, limit: int) -> None:
        self.dropped = 0
        self.on_loop_closed: Callable[[], None] | None = None
        self._loop = loop
        self._limit = limit
        self._lock = threading.RLock()  # not a Lock: a garbage collection under it may call close()
        self._items: deque[T] = deque()
        self._waiters: deque[asyncio.Future[T | None]] = deque()
        self._waking = False
        self._closed = False
        self._taken_in_a_row = 0

    def put(self, items: list[T]) -> None:
        """In the server's thread."""
        if self._loop.is_closed():
            return self._lose_loop()
        with self._lock:
            if self._closed:
                return
            self._items.extend(items)
            while len(self._items) > self._limit:
                self._items.popleft()
                self.dropped += 1
            if self._waking or not self._waiters:
                return
            self._waking = True
        try:
            self._loop.call_soon_threadsafe(self._wake)
        except RuntimeError:
            self._lose_loop()

    def _lose_loop(self) -> None:
        if self.on_loop_closed is not None:
            self.on_loop_closed()

    def _wake(self) -> None:
        with self._lock:
            self._waking = False
            while self._items and self._waiters:
                waiter = self._waiters.popleft()
                if not waiter.done():
                    waiter.set_result(self._items.popleft())

    async def take(self) -> T | None:
        """The next item; None when it is closed."""
        with self._lock:
            if self._closed:
                return None
            if self._items and not self._waiters:
                if self._taken_in_a_row != self._IN_A_ROW:
                    self._taken_in_a_row += 1
                    return self._items.popleft()
                if not self._waking:
                    self._waking = True
                    self._loop.call_soon(self._wake)
            self._taken_in_a_row = 0
            waiter: asyncio.Future[T | None] = self._loop.create_future()
            self._waiters.append(waiter)
        try:
            return await waiter
        except BaseException:
            self._give_up(waiter)
            raise

    def _give_up(self, waiter: asyncio.Future[T | None]) -> None:
        """What a cancelled receiver has been given is for the next."""
        with self._lock:
            with contextlib.suppress(ValueError):
                self._waiters.remove(waiter)
            if self._closed or self._loop.is_closed():
                return
            item = waiter.result() if waiter.done() and not waiter.cancelled() else None
            if item is not None:
                self._items.appendleft(item)
            self._wake()

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self.dropped += len(self._items)
            self._items.clear()
            waiters = list(self._waiters)
            self._waiters.clear()
        if self._loop.is_closed():
            return
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)
