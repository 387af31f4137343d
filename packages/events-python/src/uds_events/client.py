"""EventClient: a client of the native protocol, over one connection after the other."""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
import traceback
import uuid
from typing import Any, AsyncIterator, Callable, Dict, Optional, Union

from .addresses import connect as open_connection
from .addresses import parse
from .errors import EventsError, RemoteError
from .frames import HELLO, KNOWN_OPTIONS, WELCOME, decode_text, encode_frame, encode_text
from .link import Link
from .payload import NOTHING, check_name
from .registry import Names, Registry
from .session import Session

_FINAL = frozenset((
    "ERR_UNAUTHORIZED", "ERR_DISCONNECTED_BY_SERVER", "ERR_UNSUPPORTED_CODEC", "ERR_UNSUPPORTED_OPTION",
    "ERR_UNSUPPORTED_VERSION", "ERR_SESSION_TAKEN",
))


class EventClient:
    """One end of a conversation with an ``EventServer``, of this package or of @uds/events. For asyncio.

    ``emit`` is delivered at most once, ``send`` at least once, and exactly once while both processes live.
    Data is what JSON has; bytes travel as they are. Events of the connection for :meth:`on`: ``connect`` (resumed),
    ``disconnect`` (reason), ``close`` (reason), ``error`` (error)."""

    def __init__(
        self,
        address: Union[str, "os.PathLike[str]"],
        *,
        name: Optional[str] = None,
        token: Optional[str] = None,
        reconnect: bool = True,
        initial_delay: float = 0.05,
        max_delay: float = 5.0,
        connect_timeout: float = 10.0,
        keep_alive_ms: int = 15_000,
        max_frame: int = 16 * 1024 * 1024,
        queue_bytes: int = 16 * 1024 * 1024,
    ) -> None:
        self._text = address
        self._hello: Dict[str, Any] = {
            "codec": "json",
            "session": str(uuid.uuid4()),
            "maxFrame": max_frame,
            "keepAliveMs": keep_alive_ms,
            "knows": list(KNOWN_OPTIONS),
        }
        if name is not None:
            self._hello["name"] = name
        if token is not None:
            self._hello["token"] = token
        self._reconnect, self._initial_delay, self._max_delay = reconnect, initial_delay, max_delay
        self._timeout, self._keep_alive_ms, self._max_frame = connect_timeout, keep_alive_ms, max_frame
        self._registry = Registry()
        self._registry.report = self._report
        self._session = Session(self._registry, Names(), (), queue_bytes)
        self._welcomed: Optional["asyncio.Future[bool]"] = None
        self._task: Optional["asyncio.Task[None]"] = None
        self._lost = asyncio.Event()
        #: The name of the server.
        self.server_name: Optional[str] = None
        self.closed = False

    @classmethod
    async def connect(
        cls, address: Union[str, "os.PathLike[str]"], *, retry_for: float = 0.0, **options: Any
    ) -> "EventClient":
        """Connects. ``retry_for``: seconds for which a server that is not there yet is waited for.

        Raises OSError, ``EventsError`` (``ETIMEDOUT``), ``RemoteError`` with the reason of the server."""
        client = cls(address, **options)
        end = asyncio.get_running_loop().time() + retry_for
        delay = 0.01
        while True:
            try:
                await client._attempt()
                break
            except (OSError, EventsError) as error:
                final = getattr(error, "code", None) in _FINAL or isinstance(error, PermissionError)
                if final or asyncio.get_running_loop().time() + delay > end:
                    client._finish(error)
                    raise
            await asyncio.sleep(delay)
            delay = min(delay * 2, 0.25)
        client._task = asyncio.ensure_future(client._again())
        return client

    # ---- the connection ----

    async def _attempt(self) -> None:
        """One connection and its handshake."""
        loop = asyncio.get_running_loop()
        welcomed = self._welcomed = loop.create_future()
        link = Link(self._take_welcome, self._link_lost, self._max_frame)
        hello = {**self._hello, "base": self._session.base, "next": self._session.next}
        hello["received"] = self._session.highest
        flags, body = encode_text(json.dumps(hello, ensure_ascii=False, separators=(",", ":")))
        link.put(encode_frame(HELLO, flags, 0, -1, body))
        try:
            await asyncio.wait_for(open_connection(parse(self._text, False), lambda: link), self._timeout)
            await asyncio.wait_for(asyncio.shield(welcomed), self._timeout)
        except asyncio.TimeoutError:
            late = EventsError("ETIMEDOUT", f"not connected within {self._timeout} s")
            link.abort(late)
            raise late from None
        finally:
            if not welcomed.done():
                welcomed.cancel()

    def _take_welcome(self, link: Link, type_: int, flags: int, name: int, id_: int, body: bytes) -> None:
        if type_ != WELCOME:
            raise EventsError("ERR_PROTOCOL", f"the first frame must be WELCOME, not type {type_}")
        welcome = read_handshake(flags, body)
        if not isinstance(welcome.get("resumed"), bool):
            raise EventsError("ERR_PROTOCOL", "resumed is missing or of the wrong kind")
        link.begin(welcome["maxFrame"], welcome["knows"])
        if not welcome["resumed"]:
            self._session.begin(welcome["base"], welcome["next"])
        self.server_name = welcome.get("name")
        link.keep_alive(interval_of(self._keep_alive_ms, welcome["keepAliveMs"]))
        self._lost.clear()
        # The caller of connect adds its listeners before what follows is read.
        link.hold()
        asyncio.get_running_loop().call_later(0, link.release)
        self._session.attach(link)
        if self._welcomed is not None and not self._welcomed.done():
            self._welcomed.set_result(welcome["resumed"])
        self._registry.tell("connect", welcome["resumed"])

    def _link_lost(self, link: Link, reason: Optional[BaseException]) -> None:
        if self._welcomed is not None and not self._welcomed.done():
            self._welcomed.set_exception(reason or EventsError("ERR_DISCONNECTED", "the connection was lost"))
            self._welcomed.exception()
        if self._session.link is not link:
            return
        self._session.detach(reason)
        self._registry.tell("disconnect", reason)
        if getattr(reason, "code", None) in _FINAL and isinstance(reason, RemoteError):
            self._finish(reason)
        self._lost.set()

    async def _again(self) -> None:
        """Connects again after each loss, with pauses that grow."""
        while not self.closed:
            await self._lost.wait()
            if self.closed:
                return
            if not self._reconnect:
                self._finish(EventsError("ERR_DISCONNECTED", "the connection was lost"))
                return
            self._lost.clear()
            delay = self._initial_delay
            while not self.closed and self._session.link is None:
                await asyncio.sleep(delay * (1 - 0.5 * random.random()))
                delay = min(delay * 2, self._max_delay)
                try:
                    await self._attempt()
                except (OSError, EventsError) as error:
                    self._registry.tell("connectError", error)
                    if isinstance(error, RemoteError) and error.code in _FINAL:
                        self._finish(error)

    def _finish(self, reason: BaseException) -> None:
        if not self.closed:
            self.closed = True
            self._session.close(reason)
            self._registry.tell("close", reason)
            self._lost.set()

    def _report(self, error: BaseException) -> None:
        if self._registry.listeners.get("error"):
            for listener in list(self._registry.listeners["error"]):
                listener(error)
        else:
            traceback.print_exception(type(error), error, error.__traceback__, file=sys.stderr)

    @property
    def connected(self) -> bool:
        return self._session.link is not None

    # ---- what a program does ----

    def on(self, name: str, listener: Callable[..., Any]) -> Callable[..., Any]:
        """Listens to an event; ``listener(data)`` may be a coroutine function. Returns the listener."""
        self._registry.listeners.setdefault(check_name(name), []).append(listener)
        return listener

    def off(self, name: str, listener: Callable[..., Any]) -> None:
        listeners = self._registry.listeners.get(name, [])
        if listener in listeners:
            listeners.remove(listener)

    def handle(self, name: str, handler: Callable[..., Any]) -> None:
        """Answers a request of the server: ``handler(input)`` returns a value, or an iterable for a stream."""
        if name in self._registry.handlers:
            raise ValueError(f"{name!r} has a handler already")
        self._registry.handlers[check_name(name)] = handler

    def emit(self, name: str, data: Any = NOTHING) -> bool:
        """Sends an event, at most once. False: enough is on its way, await :meth:`drain`."""
        return self._session.emit(name, data)

    async def drain(self) -> None:
        """Waits until the server takes more."""
        await self._session.drain()

    async def send(self, name: str, data: Any = NOTHING) -> None:
        """Sends an event and waits until its listeners at the server are done."""
        await self._session.send(name, data)

    def send_soon(self, name: str, data: Any = NOTHING) -> "asyncio.Future[None]":
        """As :meth:`send`, without waiting: a future."""
        return self._session.send(name, data)

    async def request(self, name: str, input: Any = NOTHING, *, timeout: Optional[float] = 30.0) -> Any:
        """Asks the server. An input with ``__aiter__`` is sent as a stream. ``timeout`` in seconds, None: no limit."""
        return await self._session.request(name, input, timeout=timeout)

    def stream(
        self, name: str, input: Any = NOTHING, *, window: int = 64, timeout: Optional[float] = 30.0
    ) -> AsyncIterator[Any]:
        """Asks for a stream of replies: ``async for item in client.stream("count", 10)``."""
        return self._session.stream(name, input, window=window, timeout=timeout)

    async def join(self, room: str) -> None:
        """Asks to be in a room; the server decides."""
        await self._session.request("$uds:join", room)

    async def leave(self, room: str) -> None:
        await self._session.request("$uds:leave", room)

    async def close(self, grace: float = 1.0) -> None:
        """Closes after what was sent and asked is done, at most ``grace`` seconds later."""
        end = asyncio.get_running_loop().time() + grace
        while self.connected and not self._session.idle and asyncio.get_running_loop().time() < end:
            await asyncio.sleep(0.005)
        link, reason = self._session.link, EventsError("ERR_CLOSED", "the client was closed")
        self._finish(reason)
        if link is not None:
            link.fail(reason)
        if self._task is not None and self._task is not asyncio.current_task():
            self._task.cancel()

    async def __aenter__(self) -> "EventClient":
        return self

    async def __aexit__(self, *_: Any) -> None:
        await self.close()


def interval_of(mine: int, theirs: int) -> int:
    wishes = [ms for ms in (mine, theirs) if ms > 0]
    return min(wishes) if wishes else 0


def read_handshake(flags: int, body: bytes) -> Dict[str, Any]:
    """What HELLO and WELCOME share, checked (H1, H2)."""
    try:
        value = json.loads(decode_text(body, flags))
    except (ValueError, RecursionError) as cause:
        raise EventsError("ERR_PROTOCOL", "the handshake is not JSON") from cause
    if not isinstance(value, dict):
        raise EventsError("ERR_PROTOCOL", "the handshake is no object")
    required = value.get("require", [])
    if not isinstance(required, list):
        raise EventsError("ERR_PROTOCOL", "require is of the wrong kind")
    for option in required:
        if option not in KNOWN_OPTIONS:
            raise EventsError("ERR_UNSUPPORTED_OPTION", f"the option {option!r} is not known")
    for key, least in (("base", 1), ("next", 1), ("maxFrame", 1024), ("keepAliveMs", 0)):
        number = value.get(key)
        whole = isinstance(number, int) and not isinstance(number, bool)
        if not whole or not least <= number <= 2**53 - 1:
            raise EventsError("ERR_PROTOCOL", f"{key} is missing or of the wrong kind")
    for key in ("name", "token"):
        if not isinstance(value.get(key, ""), str) or len(value.get(key, "")) > 4096:
            raise EventsError("ERR_PROTOCOL", f"{key} is of the wrong kind")
    knows = value.get("knows", [])
    value["knows"] = {word for word in knows if isinstance(word, str)} if isinstance(knows, list) else set()
    return value
