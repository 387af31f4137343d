"""EventClient, EventServer for programs without asyncio: calls that wait, from any thread."""

from __future__ import annotations

import asyncio
import os
import threading
from typing import Any, Callable, Coroutine, Iterator, List, Optional, TypeVar, Union

from . import client as _client
from . import server as _server
from .payload import NOTHING

T = TypeVar("T")
Path = Union[str, "os.PathLike[str]"]


class _Loop:
    """An event loop in a thread of its own; listeners and handlers run there."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self._run, name="uds-events", daemon=True)
        self.thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.close()

    def wait(self, coroutine: "Coroutine[Any, Any, T]") -> T:
        if threading.current_thread() is self.thread:
            coroutine.close()
            raise RuntimeError("a listener cannot wait for its own thread: use uds_events with asyncio, or a thread")
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result()

    def call(self, function: Callable[..., T], *args: Any, **options: Any) -> T:
        """Calls something in the thread of the loop."""
        if threading.current_thread() is self.thread:
            return function(*args, **options)

        async def inside() -> T:
            return function(*args, **options)

        return self.wait(inside())

    def stop(self) -> None:
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self.loop.stop)
            if threading.current_thread() is not self.thread:
                self.thread.join()


class EventClient:
    """:class:`uds_events.EventClient` for any thread. Listeners are called in a thread of its own."""

    def __init__(self, loop: _Loop, inner: _client.EventClient) -> None:
        self._loop, self._inner = loop, inner

    @classmethod
    def connect(cls, address: Path, **options: Any) -> "EventClient":
        """As ``uds_events.EventClient.connect``, with its options."""
        loop = _Loop()
        try:
            return cls(loop, loop.wait(_client.EventClient.connect(address, **options)))
        except BaseException:
            loop.stop()
            raise

    @property
    def connected(self) -> bool:
        return self._inner.connected

    def on(self, name: str, listener: Callable[..., Any]) -> Callable[..., Any]:
        return self._loop.call(self._inner.on, name, listener)

    def off(self, name: str, listener: Callable[..., Any]) -> None:
        self._loop.call(self._inner.off, name, listener)

    def handle(self, name: str, handler: Callable[..., Any]) -> None:
        self._loop.call(self._inner.handle, name, handler)

    def emit(self, name: str, data: Any = NOTHING) -> None:
        """Sends an event, at most once; waits while the server takes no more."""

        async def inside() -> None:
            if not self._inner.emit(name, data):
                await self._inner.drain()

        if threading.current_thread() is self._loop.thread:
            self._inner.emit(name, data)
        else:
            self._loop.wait(inside())

    def send(self, name: str, data: Any = NOTHING, *, timeout: Optional[float] = None) -> None:
        """Sends an event and waits until its listeners at the server are done. After ``timeout`` seconds TimeoutError."""
        self._loop.wait(asyncio.wait_for(self._inner.send(name, data), timeout))

    def request(self, name: str, input: Any = NOTHING, *, timeout: Optional[float] = 30.0) -> Any:
        return self._loop.wait(self._inner.request(name, input, timeout=timeout))

    def stream(self, name: str, input: Any = NOTHING, *, window: int = 64) -> Iterator[Any]:
        """The items of a stream of replies: ``for item in client.stream("count", 10)``."""
        items = self._inner.stream(name, input, window=window)
        try:
            while True:
                try:
                    yield self._loop.wait(items.__anext__())  # type: ignore[arg-type]
                except StopAsyncIteration:
                    return
        finally:
            if not self._loop.loop.is_closed():
                self._loop.wait(items.aclose())  # type: ignore[attr-defined]

    def join(self, room: str) -> None:
        self._loop.wait(self._inner.join(room))

    def leave(self, room: str) -> None:
        self._loop.wait(self._inner.leave(room))

    def close(self, grace: float = 1.0) -> None:
        if not self._loop.loop.is_closed():
            self._loop.wait(self._inner.close(grace))
            self._loop.stop()

    def __enter__(self) -> "EventClient":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()


class EventServer:
    """:class:`uds_events.EventServer` for any thread. Listeners and handlers run in a thread of its own."""

    def __init__(self, loop: _Loop, inner: _server.EventServer) -> None:
        self._loop, self._inner = loop, inner

    @classmethod
    def listen(cls, address: Path, **options: Any) -> "EventServer":
        loop = _Loop()
        try:
            return cls(loop, loop.wait(_server.EventServer.listen(address, **options)))
        except BaseException:
            loop.stop()
            raise

    @property
    def address(self) -> str:
        return self._inner.address

    @property
    def peers(self) -> List[_server.Peer]:
        return self._loop.call(lambda: self._inner.peers)

    def on(self, name: str, listener: Callable[..., Any]) -> Callable[..., Any]:
        return self._loop.call(self._inner.on, name, listener)

    def handle(self, name: str, handler: Callable[..., Any]) -> None:
        self._loop.call(self._inner.handle, name, handler)

    def broadcast(self, name: str, data: Any = NOTHING, *, room: Optional[str] = None) -> int:
        return self._loop.call(self._inner.broadcast, name, data, room=room)

    def send(self, peer: _server.Peer, name: str, data: Any = NOTHING, *, timeout: Optional[float] = None) -> None:
        """Sends an event to one client and waits until its listeners are done."""
        self._loop.wait(asyncio.wait_for(peer.send(name, data), timeout))

    def close(self, grace: float = 1.0) -> None:
        if not self._loop.loop.is_closed():
            self._loop.wait(self._inner.close(grace))
            self._loop.stop()

    def __enter__(self) -> "EventServer":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()
