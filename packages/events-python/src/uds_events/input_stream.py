"""InputStream: the input of a request, as its handler reads it."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any, Callable, Deque, Optional, Tuple

from .errors import EventsError

_INPUT_WINDOW = 1 << 20


class InputStream:
    """The input of a request that is a stream, as its handler reads it with ``async for``."""

    def __init__(self, grant: Callable[[int], None], stop: Callable[[], None]) -> None:
        self._grant, self._stop = grant, stop
        self._items: Deque[Tuple[Any, int]] = deque()
        self._wake = asyncio.Event()
        self._credit = self._read = 0
        self._begun = self._ended = False
        self._failure: Optional[BaseException] = None

    def __aiter__(self) -> "InputStream":
        return self

    async def __anext__(self) -> Any:
        if not self._begun:
            self._begun = True
            if not self._ended:
                self._credit = _INPUT_WINDOW
                self._grant(_INPUT_WINDOW)
        while not self._items:
            if self._failure is not None:
                raise self._failure
            if self._ended:
                raise StopAsyncIteration
            self._wake.clear()
            await self._wake.wait()
        item, size = self._items.popleft()
        self._read += size
        if self._read >= _INPUT_WINDOW // 2 and not self._ended:
            self._credit += self._read
            self._grant(self._read)
            self._read = 0
        return item

    async def aclose(self) -> None:
        """No more is wanted: the caller is told to stop; the answer is sent all the same."""
        if not self._ended:
            self._ended = True
            self._stop()
        self._items.clear()

    def add(self, item: Any, size: int) -> None:
        if self._ended:
            return
        if self._credit <= 0:
            raise EventsError("ERR_PROTOCOL", "an input beyond the credit")
        self._credit -= size
        self._items.append((item, size))
        self._wake.set()

    def end(self, failure: Optional[BaseException] = None) -> None:
        if not self._ended:
            self._ended = True
            self._failure = failure
            self._wake.set()
