"""What is under way: messages that are kept, calls of this end and of the other one, inputs."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any, AsyncIterable, Deque, Optional

from .input_stream import InputStream


class Kept:
    __slots__ = ("name", "flags", "body", "written", "future")

    def __init__(self, name: str, flags: int, body: bytes, future: "asyncio.Future[None]") -> None:
        self.name, self.flags, self.body, self.written, self.future = name, flags, body, False, future


class Call:
    """A request of this end that has no answer yet."""

    def __init__(self, id_: int, stream: bool, credit: int) -> None:
        self.id, self.stream, self.credit, self.sent = id_, stream, credit, False
        self.future: "asyncio.Future[Any]" = asyncio.get_running_loop().create_future()
        self.items: Deque[Any] = deque()
        self.wake = asyncio.Event()
        self.ended = False
        self.failure: Optional[BaseException] = None
        self.input: Optional[Input] = None


class Input:
    """The parts of an input, sent as the other end grants the credit (I1, I2)."""

    def __init__(self, parts: AsyncIterable[Any]) -> None:
        self.parts = parts
        self.credit = 0
        self.more = asyncio.Event()
        self.task: Optional["asyncio.Task[None]"] = None


class Running:
    """A request of the other end while its handler runs."""

    def __init__(self, credit: int) -> None:
        self.credit = credit
        self.more = asyncio.Event()
        self.task: Optional["asyncio.Task[None]"] = None
        self.input: Optional[InputStream] = None
        self.result: Any = None
