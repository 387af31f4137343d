"""EventServer: the meeting place of many clients."""

from __future__ import annotations

import asyncio
import hmac
import json
import os
import socket
import struct
import sys
import traceback
from typing import Any, AsyncIterator, Callable, Dict, Iterable, List, Optional, Set, Union

from .addresses import Listener, listen, parse
from .client import interval_of, read_handshake
from .errors import EventsError
from .frames import HELLO, KNOWN_OPTIONS, WELCOME, encode_frame, encode_text
from .link import Link
from .payload import NOTHING, check_name
from .registry import Names, Registry
from .session import Session

_HANDSHAKE_S = 5.0


class Peer:
    """A client, as the server knows it: over one connection after the other."""

    def __init__(self, server: "EventServer", id_: str, name: Optional[str], owner: Any) -> None:
        #: The id of the session: a secret of the client.
        self.id, self.name = id_, name
        self._owner = owner
        self._server = server
        self.rooms: Set[str] = set()
        self._session = Session(server._registry, server._names, (self,), server._queue_bytes)
        self._forget: Optional[asyncio.TimerHandle] = None

    @property
    def connected(self) -> bool:
        return self._session.link is not None

    def emit(self, name: str, data: Any = NOTHING) -> bool:
        """Sends an event to this client, at most once."""
        return self._session.emit(name, data)

    async def send(self, name: str, data: Any = NOTHING) -> None:
        """Sends an event and waits until the client's listeners are done."""
        await self._session.send(name, data)

    async def request(self, name: str, input: Any = NOTHING, *, timeout: Optional[float] = 30.0) -> Any:
        """Asks this client."""
        return await self._session.request(name, input, timeout=timeout)

    def stream(self, name: str, input: Any = NOTHING, *, window: int = 64) -> AsyncIterator[Any]:
        return self._session.stream(name, input, window=window)

    async def drain(self) -> None:
        await self._session.drain()

    def join(self, room: str) -> None:
        self.rooms.add(check_name(room))

    def leave(self, room: str) -> None:
        self.rooms.discard(room)

    def disconnect(self) -> None:
        """Sends this client away: it does not come back by itself."""
        if self._session.link is not None:
            self._session.link.fail(EventsError("ERR_DISCONNECTED_BY_SERVER", "the server ended the connection"))


class EventServer:
    """Typed events, acknowledged messages, requests and streams for many clients. For asyncio.

    Listeners are called with ``(data, peer)``, handlers with ``(input, peer)``. Events of the connections for
    :meth:`on`: ``connection`` (peer, resumed), ``disconnect`` (peer, reason), ``error`` (error)."""

    def __init__(
        self,
        *,
        name: Optional[str] = None,
        token: Optional[str] = None,
        joinable: Optional[Callable[[Peer, str], bool]] = None,
        session_seconds: float = 30.0,
        max_sessions: int = 10_000,
        keep_alive_ms: int = 15_000,
        max_frame: int = 16 * 1024 * 1024,
        queue_bytes: int = 16 * 1024 * 1024,
        mode: int = 0o600,
    ) -> None:
        self._name, self._token, self._joinable, self._mode = name, token, joinable, mode
        self._session_seconds, self._max_sessions = session_seconds, max_sessions
        self._keep_alive_ms, self._max_frame, self._queue_bytes = keep_alive_ms, max_frame, queue_bytes
        self._registry = Registry()
        self._registry.report = self._report
        self._registry.handlers["$uds:join"] = self._join
        self._registry.handlers["$uds:leave"] = self._leave
        self._names = Names()
        self._peers: Dict[str, Peer] = {}
        self._links: Set[Link] = set()
        self._listener: Optional[Listener] = None
        self._closed = False

    @classmethod
    async def listen(cls, address: Union[str, "os.PathLike[str]"], **options: Any) -> "EventServer":
        """Listens. Raises OSError (``EADDRINUSE``, ...). Handlers that are added before the next ``await`` miss nothing."""
        server = cls(**options)
        server._listener = await listen(parse(address, True), server._link, server._mode)
        return server

    @property
    def address(self) -> str:
        """Where it listens, as clients of any language take it."""
        return "" if self._listener is None else str(self._listener.address)

    @property
    def peers(self) -> List[Peer]:
        """The clients that are connected now."""
        return [peer for peer in self._peers.values() if peer.connected]

    # ---- connections ----

    def _link(self) -> Link:
        link = Link(self._take_hello, self._lost, self._max_frame)
        self._links.add(link)

        def late() -> None:
            if not link.welcomed:
                link.fail(EventsError("ETIMEDOUT", f"the other end did not finish within {_HANDSHAKE_S} s"))

        asyncio.get_running_loop().call_later(_HANDSHAKE_S, late)
        return link

    def _take_hello(self, link: Link, type_: int, flags: int, name: int, id_: int, body: bytes) -> None:
        if type_ != HELLO:
            raise EventsError("ERR_PROTOCOL", f"the first frame must be HELLO, not type {type_}")
        hello = read_handshake(flags, body)
        session, codec = hello.get("session"), hello.get("codec")
        if not isinstance(session, str) or not 1 <= len(session) <= 200 or not isinstance(codec, str):
            raise EventsError("ERR_PROTOCOL", "session or codec is missing or of the wrong kind")
        received = hello.get("received", 0)
        if not isinstance(received, int) or isinstance(received, bool) or received < 0:
            raise EventsError("ERR_PROTOCOL", "received is of the wrong kind")
        token = hello.get("token", "")
        if self._token is not None and not hmac.compare_digest(token.encode(), self._token.encode()):
            raise EventsError("ERR_UNAUTHORIZED", "the token is missing or wrong")
        if codec != "json":
            raise EventsError("ERR_UNSUPPORTED_CODEC", f"the codec {codec[:64]!r} is not offered")
        if self._closed:
            raise EventsError("ERR_CLOSED", "the server is closing")
        self._welcome(link, session, hello, (_user_of(link), token))

    def _welcome(self, link: Link, session: str, hello: Dict[str, Any], owner: Any) -> None:
        peer = self._peers.get(session)
        resumed = peer is not None
        if peer is None:
            if len(self._peers) >= self._max_sessions:
                self._drop_oldest()
            peer = self._peers[session] = Peer(self, session, hello.get("name"), owner)
            peer._session.begin(hello["base"], hello["next"])
            peer._session.number_from(hello.get("received", 0))
        elif peer._owner != owner:
            raise EventsError("ERR_UNAUTHORIZED", "another user, or another token, began this session")
        elif peer.name != hello.get("name"):
            raise EventsError("ERR_PROTOCOL", "the session was begun with another name")
        old = peer._session.link
        if old is not None:
            taken = EventsError("ERR_SESSION_TAKEN", "the session goes on over another connection")
            self._detach(peer, taken)
            old.fail(taken)
        if peer._forget is not None:
            peer._forget.cancel()
            peer._forget = None
        welcome: Dict[str, Any] = {
            "resumed": resumed,
            "base": peer._session.base,
            "next": peer._session.next,
            "maxFrame": self._max_frame,
            "keepAliveMs": self._keep_alive_ms,
            "knows": list(KNOWN_OPTIONS),
        }
        if self._name is not None:
            welcome["name"] = self._name
        flags, body = encode_text(json.dumps(welcome, ensure_ascii=False, separators=(",", ":")))
        link.begin(hello["maxFrame"], hello["knows"])
        link.put(encode_frame(WELCOME, flags, 0, -1, body))
        link.keep_alive(interval_of(self._keep_alive_ms, hello["keepAliveMs"]))
        peer._session.attach(link)
        self._registry.tell("connection", peer, resumed)

    def _drop_oldest(self) -> None:
        away = next((peer for peer in self._peers.values() if not peer.connected), None)
        if away is None:
            raise EventsError("ERR_TOO_MANY_SESSIONS", f"{len(self._peers)} sessions are connected")
        self._forget(away)

    def _lost(self, link: Link, reason: Optional[BaseException]) -> None:
        self._links.discard(link)
        for peer in self._peers.values():
            if peer._session.link is link:
                break
        else:
            if reason is not None and not link.welcomed:
                self._report(reason)
            return
        self._detach(peer, reason)
        code = getattr(reason, "code", None)
        # A client that said goodbye, or was sent away, does not come back.
        if code in ("ERR_CLOSED", "ERR_DISCONNECTED_BY_SERVER") or self._closed:
            self._forget(peer)
        else:
            loop = asyncio.get_running_loop()
            peer._forget = loop.call_later(self._session_seconds, self._forget, peer)

    def _detach(self, peer: Peer, reason: Optional[BaseException]) -> None:
        peer._session.detach(reason)
        self._registry.tell("disconnect", peer, reason)

    def _forget(self, peer: Peer) -> None:
        if self._peers.get(peer.id) is peer:
            del self._peers[peer.id]
        if peer._forget is not None:
            peer._forget.cancel()
        peer._session.close(EventsError("ERR_CLOSED", "the session is over"))

    def _report(self, error: BaseException) -> None:
        listeners = self._registry.listeners.get("error")
        if listeners:
            for listener in list(listeners):
                listener(error)
        else:
            traceback.print_exception(type(error), error, error.__traceback__, file=sys.stderr)

    # ---- rooms ----

    def _join(self, room: Any, peer: Peer) -> None:
        name = room.decode() if isinstance(room, bytes) else room
        if self._joinable is None or self._joinable(peer, name) is not True:
            raise EventsError("ERR_UNAUTHORIZED", f"this client may not join {name!r}")
        peer.join(name)

    def _leave(self, room: Any, peer: Peer) -> None:
        peer.leave(room.decode() if isinstance(room, bytes) else room)

    # ---- what a program does ----

    def on(self, name: str, listener: Callable[..., Any]) -> Callable[..., Any]:
        """Listens to an event; ``listener(data, peer)`` may be a coroutine function. Returns the listener."""
        self._registry.listeners.setdefault(check_name(name), []).append(listener)
        return listener

    def off(self, name: str, listener: Callable[..., Any]) -> None:
        listeners = self._registry.listeners.get(name, [])
        if listener in listeners:
            listeners.remove(listener)

    def handle(self, name: str, handler: Callable[..., Any]) -> None:
        """Answers a request: ``handler(input, peer)`` returns a value, an awaitable, or an iterable for a stream.

        It may be a coroutine function, or an (async) generator function. ``input`` of a caller who sends a stream is
        read with ``async for``."""
        if name in self._registry.handlers:
            raise ValueError(f"{name!r} has a handler already")
        self._registry.handlers[check_name(name)] = handler

    def broadcast(
        self, name: str, data: Any = NOTHING, *, room: Optional[str] = None, exclude: Iterable[Peer] = ()
    ) -> int:
        """Sends an event to every connected client, or those in a room; returns to how many.

        A client that does not read, and for which too much waits, is ended with ``ERR_SLOW_CONSUMER``."""
        excluded = set(exclude)
        count = 0
        for peer in self.peers:
            if peer in excluded or (room is not None and room not in peer.rooms):
                continue
            try:
                peer.emit(name, data)
                count += 1
            except EventsError as error:
                if error.code != "ERR_QUEUE_FULL":
                    raise
                slow = EventsError("ERR_SLOW_CONSUMER", "the other end does not read")
                if peer._session.link is not None:
                    peer._session.link.abort(slow)
        return count

    async def close(self, grace: float = 1.0) -> None:
        """Stops accepting, lets what is under way end for ``grace`` seconds, then closes every connection."""
        if self._closed:
            return
        self._closed = True
        if self._listener is not None:
            self._listener.close()
        end = asyncio.get_running_loop().time() + grace
        while any(not peer._session.idle for peer in self.peers) and asyncio.get_running_loop().time() < end:
            await asyncio.sleep(0.005)
        for link in list(self._links):
            link.fail(EventsError("ERR_CLOSED", "the server is closing"))
        for peer in list(self._peers.values()):
            if not peer.connected:
                self._forget(peer)
        while self._links and asyncio.get_running_loop().time() < end + 1.5:
            await asyncio.sleep(0.005)

    async def __aenter__(self) -> "EventServer":
        return self

    async def __aexit__(self, *_: Any) -> None:
        await self.close()


def _user_of(link: Link) -> Any:
    """The user at the other end, where the system says it."""
    sock = link.extra("socket")
    option = getattr(socket, "SO_PEERCRED", None)
    if sock is None or option is None or sock.family != socket.AF_UNIX:
        return None
    return struct.unpack("3i", sock.getsockopt(socket.SOL_SOCKET, option, 12))[1]
