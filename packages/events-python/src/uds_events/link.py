"""Link: one connection, in frames."""

from __future__ import annotations

import asyncio
from typing import Any, Callable, Dict, Optional, Set, cast

from .errors import EventsError, RemoteError, from_wire, to_wire
from .frames import GOODBYE, HEARTBEAT, NAME, PREAMBLE, FrameReader, decode_text, encode_frame, encode_text
from .payload import check_name

#: Frames of the handshake may not be longer (B3).
HANDSHAKE_LIMIT = 64 * 1024
#: Seconds that the other end has to read why it was closed.
_GOODBYE_S = 1.0
_MAX_NAMES = 4096
_SILENT = 3
#: Gathered bytes are written when there are so many.
_FLUSH_AT = 64 * 1024


class Link(asyncio.Protocol):
    """One live connection: cuts what arrives into frames, gathers those that leave, and ends with a reason."""

    def __init__(
        self,
        receive: Callable[["Link", int, int, int, int, bytes], None],
        closed: Callable[["Link", Optional[BaseException]], None],
        max_frame: int,
    ) -> None:
        #: Takes the frames: the handshake at first, then the session.
        self.receive = receive
        self._closed = closed
        self._max_frame = max_frame
        self._reader = FrameReader(self._frame, HANDSHAKE_LIMIT)
        self._names: Dict[int, str] = {}
        self._announced: Set[int] = set()
        self._out = bytearray(PREAMBLE)
        self._scheduled = False
        self._loop = asyncio.get_running_loop()
        self._transport: Optional[asyncio.Transport] = None
        self._timer: Optional[asyncio.TimerHandle] = None
        self._holds = 0
        self._heard = self._wrote = False
        #: Set while the other end takes what is written.
        self.writable = asyncio.Event()
        self.writable.set()
        #: Called before what was gathered is written.
        self.flushing: Callable[[], None] = lambda: None
        self.reason: Optional[BaseException] = None
        self.over = False
        self.peer_max_frame = HANDSHAKE_LIMIT
        self.peer_knows: Set[str] = set()

    # ---- asyncio.Protocol ----

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self.flush()

    def data_received(self, data: bytes) -> None:
        self._heard = True
        if self.over:
            return
        try:
            self._reader.feed(data)
        except Exception as error:
            self.fail(error)
        self.flush()

    def eof_received(self) -> bool:
        return False

    def pause_writing(self) -> None:
        self.writable.clear()

    def resume_writing(self) -> None:
        self.writable.set()

    def connection_lost(self, exc: Optional[BaseException]) -> None:
        self.over = True
        self.writable.set()
        if self._timer is not None:
            self._timer.cancel()
        self._closed(self, self.reason or exc)

    # ---- reading ----

    def _frame(self, type_: int, flags: int, name: int, id_: int, body: bytes) -> None:
        if self.over:
            return
        if type_ == NAME:
            self._learn(name, flags, body)
        elif type_ == GOODBYE:
            if len(body) > HANDSHAKE_LIMIT:
                raise EventsError("ERR_PROTOCOL", f"a reason of {len(body)} bytes")
            self.reason = from_wire(decode_text(body, flags))
            self.close()
        elif type_ != HEARTBEAT:
            self.receive(self, type_, flags, name, id_, body)

    def _learn(self, id_: int, flags: int, body: bytes) -> None:
        if self._reader.limit == HANDSHAKE_LIMIT and not self.welcomed:
            self.receive(self, NAME, flags, id_, 0, body)
            return
        name = check_name(decode_text(body, flags, "ERR_INVALID_NAME"))
        if not 1 <= id_ <= _MAX_NAMES:
            raise EventsError("ERR_TOO_MANY_NAMES", f"the name id {id_}; the limit is {_MAX_NAMES}")
        self._names[id_] = name

    welcomed = False

    def begin(self, peer_max_frame: int, peer_knows: Set[str]) -> None:
        """The handshake is done."""
        self.welcomed = True
        self.peer_max_frame = peer_max_frame
        self.peer_knows = peer_knows
        self._reader.limit = self._max_frame

    def name_of(self, id_: int) -> str:
        try:
            return self._names[id_]
        except KeyError:
            raise EventsError("ERR_PROTOCOL", f"the name id {id_} was never defined") from None

    def hold(self) -> None:
        """Reads nothing until as many :meth:`release` follow."""
        self._holds += 1
        self._reader.stopped = True
        if self._holds == 1 and self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def release(self) -> None:
        self._holds -= 1
        if self._holds == 0 and not self.over:
            self._loop.call_soon(self._go)

    def _go(self) -> None:
        if self._holds > 0 or self.over:
            return
        try:
            self._reader.resume()
        except Exception as error:
            self.fail(error)
        self.flush()
        if self._holds == 0 and self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    # ---- writing ----

    @property
    def buffered(self) -> int:
        """Bytes that wait in this process."""
        waits = self._transport.get_write_buffer_size() if self._transport is not None and not self.over else 0
        return len(self._out) + waits

    def announce(self, id_: int, name: str) -> None:
        if id_ not in self._announced:
            self._announced.add(id_)
            flags, body = encode_text(name)
            self._out += encode_frame(NAME, flags, id_, -1, body)

    def put(self, frame: bytes) -> None:
        """Gathers a frame; it is written at the end of this turn of the loop."""
        if self.over:
            return
        self._out += frame
        if len(self._out) >= _FLUSH_AT:
            self.flush()
        else:
            self.schedule()

    def schedule(self) -> None:
        if not self._scheduled and not self.over:
            self._scheduled = True
            self._loop.call_soon(self.flush)

    def flush(self) -> None:
        self._scheduled = False
        if self._transport is None or self.over:
            return
        self.flushing()
        if self._out:
            self._wrote = True
            out, self._out = self._out, bytearray()
            self._transport.write(out)

    # ---- the end ----

    def keep_alive(self, interval_ms: int) -> None:
        """Signs of life, and the end of a peer that gives none (H5)."""
        if interval_ms > 0:
            self._live(interval_ms, 0)

    def _live(self, interval_ms: int, silent: int) -> None:
        def look() -> None:
            if self.over:
                return
            still = 0 if self._heard or self._holds else silent + 1
            self._heard = False
            if still >= _SILENT:
                self.abort(EventsError("ERR_KEEPALIVE_TIMEOUT", f"nothing came for {_SILENT * interval_ms} ms"))
                return
            if not self._wrote:
                self.put(encode_frame(HEARTBEAT))
                self.flush()
            self._wrote = False
            self._live(interval_ms, still)

        self._timer = self._loop.call_later(interval_ms / 1000, look)

    def fail(self, error: BaseException) -> None:
        """Ends the connection because of an error, and says so to the other end (D10)."""
        if self.over:
            return
        self.flush()
        flags, body = encode_text(to_wire(error))
        if self._transport is not None:
            self._transport.write(encode_frame(GOODBYE, flags, 0, -1, body))
        self.reason = self.reason or error
        self.close()

    def close(self) -> None:
        """Writes what is left, then closes."""
        if self.over or self._transport is None:
            return
        self.flush()
        self.over = True
        self.writable.set()
        transport = self._transport
        # Bytes left unread would reset the connection, and lose the reason: they are read and dropped.
        if self._holds and not transport.is_closing():
            transport.resume_reading()
        if transport.can_write_eof():
            transport.write_eof()
        self._loop.call_later(_GOODBYE_S, transport.abort)

    def abort(self, reason: BaseException) -> None:
        self.reason = self.reason or reason
        self.over = True
        self.writable.set()
        if self._transport is not None:
            self._transport.abort()

    def extra(self, name: str) -> Any:
        return None if self._transport is None else self._transport.get_extra_info(name)


def disconnection(reason: Optional[BaseException]) -> BaseException:
    """What requests under way fail with: the reason of the other end, or ``ERR_DISCONNECTED``."""
    code = getattr(reason, "code", None)
    if isinstance(reason, (EventsError, RemoteError)) and code != "ERR_CLOSED":
        return reason
    return EventsError("ERR_DISCONNECTED", "the connection was lost" + ("" if reason is None else f": {reason}"))
