"""Session: one end of a conversation, over one connection after the other: events, messages, requests, streams."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any, AsyncIterator, Awaitable, Callable, Dict, List, Optional, Set, Tuple

from .errors import Defer, EventsError, from_wire, to_wire
from .frames import (
    ACK, CANCEL, CREDIT, DEFER, EMIT, END, FAILURE, INPUT, INPUTEND, INPUTFAIL, INPUTMORE, INPUTSTOP, ITEM, NACK,
    PING, PONG, REDELIVERED, REPLY, REQUEST, SEND, STREAM, STREAMED_INPUT, count_in, decode_text, encode_frame,
    encode_text, u32,
)
from .input_stream import InputStream
from .link import Link, disconnection
from .payload import NOTHING, check_event, check_name, decode, encode
from .registry import Names, Registry, in_background
from .under_way import Call, Input, Kept, Running

_PLACES = 1 << 20
_FAILURES = 1024
_MAX_OPEN = 16_384
_MAX_REQUESTS = 10_000
_MOST_JSON = 64 * 1024


class Session:
    """What both ends of a session are. The numbers of messages outlive a connection; the rest does not (D8)."""

    def __init__(self, registry: Registry, names: Names, extra: Tuple[Any, ...], queue_bytes: int) -> None:
        self.registry, self._names, self._extra, self._queue_bytes = registry, names, extra, queue_bytes
        self.link: Optional[Link] = None
        self.closed: Optional[BaseException] = None
        self._waiting: List[Tuple[int, Callable[[], None]]] = []
        self._waiting_bytes = 0
        # What this end sends with a number.
        self._next = 1
        self._kept: Dict[int, Kept] = {}
        self._kept_bytes = 0
        self._deferred_timers: Dict[int, asyncio.TimerHandle] = {}
        # What it receives.
        self.highest = 0
        self._fresh_from = 1
        self._open: Set[int] = set()
        self._deferred: Set[int] = set()
        self._failures: Dict[int, str] = {}
        self._ack_from = self._ack_count = 0
        self._held = False
        # Requests.
        self._places: List[Optional[Call]] = []
        self._free: List[int] = []
        self._uses: List[int] = []
        self._running: Dict[int, Running] = {}

    # ---- the connection ----

    @property
    def base(self) -> int:
        return next(iter(self._kept), self._next)

    @property
    def next(self) -> int:
        return self._next

    def number_from(self, received: int) -> None:
        """Numbers that a server of before has used are not used again (H3)."""
        self._next = max(self._next, received + 1)

    def begin(self, base: int, next_: int) -> None:
        """The other end counts anew (D7)."""
        self.highest = base - 1
        self._fresh_from = next_
        self._failures.clear()
        self._deferred.clear()

    def attach(self, link: Link) -> None:
        """Goes on over a new connection: what was written is repeated, then what waits (D5)."""
        self.link = link
        link.receive = self._receive
        link.flushing = self._flush_acks
        for timer in self._deferred_timers.values():
            timer.cancel()
        self._deferred_timers.clear()
        for seq, kept in self._kept.items():
            if kept.written:
                self._write_send(seq, kept, REDELIVERED)
        waiting, self._waiting, self._waiting_bytes = self._waiting, [], 0
        for _, write in waiting:
            write()
        self._held = False
        self._hold_when_full()

    def detach(self, reason: Optional[BaseException]) -> None:
        self.link = None
        self._held = False
        self._ack_count = 0
        why = disconnection(reason)
        for running in list(self._running.values()):
            self._cancel(running)
        self._running.clear()
        for call in list(self._places):
            if call is not None and call.sent:
                self._finish(call, why)

    def close(self, reason: BaseException) -> None:
        if self.closed is not None:
            return
        self.closed = reason
        self._waiting.clear()
        for timer in self._deferred_timers.values():
            timer.cancel()
        for kept in self._kept.values():
            _fail(kept.future, reason)
        self._kept.clear()
        for call in list(self._places):
            if call is not None:
                self._finish(call, reason)
        for running in self._running.values():
            self._cancel(running)
        self._running.clear()

    @property
    def idle(self) -> bool:
        """Nothing is under way in either direction."""
        calls = len(self._places) - len(self._free)
        return not (self._kept or calls or self._open or self._running or self._waiting)

    def _later(self, size: int, write: Callable[[], None]) -> None:
        """Writes now, or over the next connection."""
        if self.closed is not None:
            raise EventsError("ERR_CLOSED", f"this end is closed: {self.closed}")
        if self.link is not None:
            if self.link.buffered + size > self._queue_bytes + size and self.link.buffered > self._queue_bytes:
                raise EventsError("ERR_QUEUE_FULL", f"{self.link.buffered} bytes wait: await drain()")
            write()
            return
        if self._waiting_bytes + size > self._queue_bytes:
            raise EventsError("ERR_QUEUE_FULL", f"{self._waiting_bytes} bytes wait for a connection")
        self._waiting.append((size, write))
        self._waiting_bytes += size

    def _put(self, type_: int, flags: int, name: str, id_: int, body: bytes = b"") -> int:
        link = self.link
        if link is None:
            return 0
        name_id = 0
        if name:
            name_id = self._names.id_of(name)
            link.announce(name_id, name)
        frame = encode_frame(type_, flags, name_id, id_, body)
        link.put(frame)
        return len(frame)

    def _check_size(self, body: bytes) -> None:
        most = self.link.peer_max_frame if self.link is not None else 2**31
        if len(body) + 12 > most:
            raise EventsError("ERR_FRAME_TOO_LARGE", f"a frame of {len(body) + 12} bytes; the other end reads {most}")

    def _encoded(self, data: Any) -> Tuple[int, bytes]:
        flags, body = encode(data)
        self._check_size(body)
        return flags, body

    async def drain(self) -> None:
        """Waits until the other end takes more."""
        if self.link is not None:
            self.link.flush()
            await self.link.writable.wait()

    # ---- events and messages of this end ----

    def emit(self, name: str, data: Any = NOTHING) -> bool:
        """Sends an event, at most once. False: enough is on its way, await :meth:`drain`."""
        check_event(name)
        self._names.id_of(name)
        flags, body = self._encoded(data)
        self._later(len(body) + 16, lambda: void(self._put(EMIT, flags, name, -1, body)))
        return self.link is not None and self.link.writable.is_set()

    def send(self, name: str, data: Any = NOTHING) -> "asyncio.Future[None]":
        """Sends an event; done when its listeners at the other end are. It is sent again until then."""
        check_event(name)
        self._names.id_of(name)
        flags, body = self._encoded(data)
        if self._kept_bytes + len(body) > self._queue_bytes or len(self._kept) >= 4 * _MAX_OPEN:
            raise EventsError("ERR_QUEUE_FULL", f"{len(self._kept)} messages wait for their acknowledgement")
        seq = self._next
        kept = Kept(name, flags, body, asyncio.get_running_loop().create_future())
        self._later(len(body) + 16, lambda: self._write_send(seq, kept, 0))
        self._next += 1
        self._kept[seq] = kept
        self._kept_bytes += len(body)
        return kept.future

    def _write_send(self, seq: int, kept: Kept, flag: int) -> None:
        if not kept.future.cancelled() or kept.written:
            kept.written = True
            self._put(SEND, kept.flags | flag, kept.name, seq, kept.body)

    def _settle(self, seq: int, failure: Optional[BaseException]) -> None:
        kept = self._kept.pop(seq, None)
        if kept is None:
            return
        self._kept_bytes -= len(kept.body)
        if failure is not None:
            _fail(kept.future, failure)
        elif not kept.future.done():
            kept.future.set_result(None)

    def _defer_sent(self, seq: int, after_ms: int) -> None:
        kept = self._kept.get(seq)
        if kept is None:
            return

        def again() -> None:
            self._deferred_timers.pop(seq, None)
            if self._kept.get(seq) is kept:
                self._write_send(seq, kept, REDELIVERED)

        self._deferred_timers[seq] = asyncio.get_running_loop().call_later(after_ms / 1000, again)

    # ---- requests of this end ----

    def _open_call(self, name: str, input_: Any, window: int) -> Call:
        check_name(name)
        self._names.id_of(name)
        stream = window > 0
        streamed = hasattr(input_, "__aiter__")
        flags, body = (STREAMED_INPUT, b"") if streamed else self._encoded(input_)
        place = self._free.pop() if self._free else len(self._places)
        if place == len(self._places):
            self._places.append(None)
            self._uses.append(0)
        self._uses[place] = uses = (self._uses[place] + 1) & 0xFFF
        call = self._places[place] = Call(uses * _PLACES + place, stream, window)
        if streamed:
            call.input = Input(input_)

        def write() -> None:
            if self._places[place] is not call or call.sent:
                return
            if streamed and (self.link is None or "streamInput" not in self.link.peer_knows):
                self._finish(call, EventsError("ERR_UNSUPPORTED_OPTION", "the other end knows no streamed input"))
                return
            call.sent = True
            self._put(REQUEST, flags | (STREAM if stream else 0), name, call.id + (window << 32), body)

        try:
            self._later(len(body) + 16, write)
        except EventsError:
            self._remove(call)
            raise
        return call

    def _remove(self, call: Call) -> bool:
        place = call.id % _PLACES
        if self._places[place] is not call:
            return False
        self._places[place] = None
        self._free.append(place)
        if call.input is not None and call.input.task is not None:
            call.input.task.cancel()
        return True

    def _finish(self, call: Call, failure: Optional[BaseException] = None, value: Any = None) -> None:
        if not self._remove(call):
            return
        call.ended = True
        call.failure = failure
        call.wake.set()
        if failure is not None:
            _fail(call.future, failure)
        elif not call.future.done():
            call.future.set_result(value)

    def _give_up(self, call: Call, reason: BaseException) -> None:
        if self._remove(call):
            if call.sent:
                self._put(CANCEL, 0, "", call.id)
            call.ended, call.failure = True, reason
            call.wake.set()
            _fail(call.future, reason)

    async def request(self, name: str, input_: Any = NOTHING, *, timeout: Optional[float] = 30.0) -> Any:
        """Asks the other end. ``timeout`` in seconds; None: no limit. Cancelling the task cancels the request there.

        An input with ``__aiter__`` is sent as a stream."""
        call = self._open_call(name, input_, 0)
        try:
            return await asyncio.wait_for(call.future, timeout)
        except asyncio.TimeoutError:
            reason = EventsError("ETIMEDOUT", f"'{name}' was not answered within {timeout} s")
            raise reason from None
        finally:
            self._give_up(call, EventsError("ETIMEDOUT", "nobody waits"))

    async def stream(
        self, name: str, input_: Any = NOTHING, *, window: int = 64, timeout: Optional[float] = 30.0
    ) -> AsyncIterator[Any]:
        """Asks for a stream of replies: ``async for``. The other end runs ahead by ``window`` items."""
        window = max(1, min(window, 65_536))
        call = self._open_call(name, input_, window)
        taken = 0
        first = True
        try:
            while True:
                while not call.items:
                    if call.failure is not None:
                        raise call.failure
                    if call.ended:
                        return
                    call.wake.clear()
                    try:
                        await asyncio.wait_for(call.wake.wait(), timeout if first else None)
                    except asyncio.TimeoutError:
                        raise EventsError("ETIMEDOUT", f"'{name}' was not answered within {timeout} s") from None
                first = False
                item = call.items.popleft()
                taken += 1
                if taken >= (window + 1) // 2 and not call.ended:
                    call.credit += taken
                    self._put(CREDIT, 0, "", call.id, u32(taken))
                    taken = 0
                yield item
        finally:
            self._give_up(call, EventsError("ERR_CLOSED", "the reader left"))

    # ---- what arrives ----

    def _receive(self, link: Link, type_: int, flags: int, name: int, id_: int, body: bytes) -> None:
        if type_ == EMIT:
            self._take_event(link.name_of(name), decode(flags, body))
        elif type_ == SEND:
            self._take_send(link.name_of(name), id_, flags, body)
        elif type_ == ACK:
            for seq in range(id_, min(id_ + count_in(type_, body), self._next)):
                self._settle(seq, None)
        elif type_ == NACK:
            self._settle(id_, _error_in(flags, body))
        elif type_ == DEFER:
            self._defer_sent(id_, count_in(type_, body))
        elif type_ == REQUEST:
            self._take_request(link.name_of(name), id_, flags, body)
        elif type_ in (REPLY, ITEM, FAILURE, END, INPUTMORE, INPUTSTOP):
            self._take_answer(type_, id_, flags, body)
        elif type_ in (CANCEL, CREDIT, INPUT, INPUTEND, INPUTFAIL):
            self._take_of_running(type_, id_, flags, body)
        elif type_ == PING:
            self._put(PONG, 0, "", id_)
        elif type_ == PONG:
            pass
        elif type_ < 128:
            raise EventsError("ERR_PROTOCOL", f"a frame of the unknown type {type_}")

    def _take_event(self, name: str, data: Any) -> None:
        for listener in list(self.registry.listeners.get(name, ())):
            try:
                result = listener(data, *self._extra)
                if inspect.isawaitable(result):
                    in_background(result, self.registry.report)
            except Exception as error:
                self.registry.report(error)

    def _take_send(self, name: str, seq: int, flags: int, body: bytes) -> None:
        again = seq in self._deferred
        if not again and seq <= self.highest:
            if seq in self._failures:
                self._nack(seq, self._failures[seq])
            elif seq not in self._open:
                self._acknowledge(seq)
            return
        data = decode(flags, body)
        self._deferred.discard(seq)
        self.highest = max(self.highest, seq)
        waits: List[Awaitable[Any]] = []
        failure: Optional[BaseException] = None
        listeners = self.registry.listeners.get(name)
        if not listeners:
            self._refuse(seq, EventsError("ERR_NO_HANDLER", f"nobody listens to '{name}'"))
            return
        for listener in list(listeners):
            try:
                result = listener(data, *self._extra)
                if inspect.isawaitable(result):
                    waits.append(result)
            except Exception as error:
                failure = failure or error
        if waits:
            self._open.add(seq)
            self._hold_when_full()
            in_background(self._await_send(seq, waits, failure), self.registry.report)
        elif failure is not None:
            self._refuse(seq, failure)
        else:
            self._acknowledge(seq)

    async def _await_send(self, seq: int, waits: List[Awaitable[Any]], failure: Optional[BaseException]) -> None:
        for result in await asyncio.gather(*waits, return_exceptions=True):
            if isinstance(result, BaseException):
                failure = failure or result
        self._open.discard(seq)
        if failure is not None:
            self._refuse(seq, failure)
        else:
            self._acknowledge(seq)
        if self._held and len(self._open) <= _MAX_OPEN // 2 and self.link is not None:
            self._held = False
            self.link.release()

    def _hold_when_full(self) -> None:
        if not self._held and len(self._open) >= _MAX_OPEN and self.link is not None:
            self._held = True
            self.link.hold()

    def _acknowledge(self, seq: int) -> None:
        if self._ack_count and seq == self._ack_from + self._ack_count:
            self._ack_count += 1
            return
        self._flush_acks()
        self._ack_from, self._ack_count = seq, 1
        if self.link is not None:
            self.link.schedule()

    def _flush_acks(self) -> None:
        if self._ack_count:
            count, self._ack_count = self._ack_count, 0
            self._put(ACK, 0, "", self._ack_from, u32(count))

    def _refuse(self, seq: int, error: BaseException) -> None:
        if isinstance(error, Defer) and self.link is not None and "defer" in self.link.peer_knows:
            self._deferred.add(seq)
            self._put(DEFER, 0, "", seq, u32(error.retry_after_ms))
            return
        self._failures[seq] = told = to_wire(error)
        if len(self._failures) > _FAILURES:
            del self._failures[next(iter(self._failures))]
        self._nack(seq, told)
        self.registry.report(error)

    def _nack(self, seq: int, told: str) -> None:
        flags, body = encode_text(told)
        self._put(NACK, flags, "", seq, body)

    def _take_answer(self, type_: int, id_: int, flags: int, body: bytes) -> None:
        place = id_ % _PLACES
        call = self._places[place] if place < len(self._places) else None
        if call is None or call.id != id_:
            return
        if type_ in (REPLY, ITEM):
            if call.stream != (type_ == ITEM):
                raise EventsError("ERR_PROTOCOL", "a reply to a stream" if call.stream else "an item of no stream")
            if type_ == REPLY:
                self._finish(call, None, decode(flags, body))
                return
            call.credit -= 1
            if call.credit < 0:
                raise EventsError("ERR_PROTOCOL", "an item beyond the window")
            call.items.append(decode(flags, body))
            call.wake.set()
        elif type_ == END:
            self._finish(call)
        elif type_ == FAILURE:
            self._finish(call, _error_in(flags, body))
        elif call.input is not None and type_ == INPUTMORE:
            call.input.credit += count_in(type_, body)
            call.input.more.set()
            if call.input.task is None:
                call.input.task = asyncio.ensure_future(self._send_input(call, call.input))
        elif call.input is not None and call.input.task is not None:
            call.input.task.cancel()

    async def _send_input(self, call: Call, input_: Input) -> None:
        try:
            async for part in input_.parts:
                while input_.credit <= 0:
                    input_.more.clear()
                    await input_.more.wait()
                flags, body = self._encoded(part)
                input_.credit -= self._put(INPUT, flags, "", call.id, body)
                await self.drain()
            self._put(INPUTEND, 0, "", call.id)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            flags, body = encode_text(to_wire(error))
            self._put(INPUTFAIL, flags, "", call.id, body)
            self._give_up(call, error)

    # ---- requests of the other end ----

    def _take_request(self, name: str, wide: int, flags: int, body: bytes) -> None:
        id_, window = wide & 0xFFFF_FFFF, wide >> 32
        value = decode(flags & ~STREAMED_INPUT, body)
        handler = self.registry.handlers.get(name)
        if handler is None:
            self._fail_request(id_, EventsError("ERR_NO_HANDLER", f"nobody handles '{name}'"))
            return
        if id_ in self._running:
            raise EventsError("ERR_PROTOCOL", f"a request with the id of one that is under way, {id_}")
        if len(self._running) >= _MAX_REQUESTS:
            self._fail_request(id_, EventsError("ERR_TOO_MANY_REQUESTS", f"{len(self._running)} are under way"))
            return
        stream = bool(flags & STREAM)
        running = Running(window)
        if flags & STREAMED_INPUT:
            running.input = InputStream(
                lambda more: void(self._put(INPUTMORE, 0, "", id_, u32(more))),
                lambda: void(self._put(INPUTSTOP, 0, "", id_)),
            )
        try:
            result = handler(running.input if running.input is not None else value, *self._extra)
            if not stream and not inspect.isawaitable(result):
                self._reply(REPLY, id_, result)
                return
        except Exception as error:
            self._fail_request(id_, error)
            return
        self._running[id_] = running
        running.result = result
        running.task = asyncio.ensure_future(self._answer(id_, running, stream, result))

    async def _answer(self, id_: int, running: Running, stream: bool, result: Any) -> None:
        try:
            value = await result if inspect.isawaitable(result) else result
            if not stream:
                self._reply(REPLY, id_, value)
            else:
                await self._answer_items(id_, running, value)
        except asyncio.CancelledError:
            pass
        except Exception as error:
            self._fail_request(id_, error)
        finally:
            if running.input is not None:
                running.input.end(EventsError("ERR_CLOSED", "the request was answered"))
            if self._running.get(id_) is running:
                del self._running[id_]

    async def _answer_items(self, id_: int, running: Running, items: Any) -> None:
        if not hasattr(items, "__aiter__") and not hasattr(items, "__iter__"):
            raise EventsError("ERR_HANDLER_FAILED", "the handler does not return a stream; use request()")
        iterator = items.__aiter__() if hasattr(items, "__aiter__") else _asynchronous(items)
        try:
            while True:
                while running.credit <= 0:
                    running.more.clear()
                    await running.more.wait()
                try:
                    item = await iterator.__anext__()
                except StopAsyncIteration:
                    break
                running.credit -= 1
                self._reply(ITEM, id_, item)
                await self.drain()
            self._put(END, 0, "", id_)
        finally:
            if hasattr(iterator, "aclose"):
                await iterator.aclose()

    def _reply(self, type_: int, id_: int, value: Any) -> None:
        # A handler that returns nothing answers nothing; None inside of a stream is an item.
        flags, body = self._encoded(NOTHING if value is None and type_ == REPLY else value)
        self._put(type_, flags, "", id_, body)

    def _fail_request(self, id_: int, error: BaseException) -> None:
        flags, body = encode_text(to_wire(error))
        self._put(FAILURE, flags, "", id_, body)

    def _take_of_running(self, type_: int, id_: int, flags: int, body: bytes) -> None:
        running = self._running.get(id_ & 0xFFFF_FFFF)
        if type_ == CREDIT:
            count = count_in(type_, body)
            if running is not None:
                running.credit += count
                running.more.set()
        elif running is None:
            pass
        elif type_ == CANCEL:
            del self._running[id_]
            self._cancel(running)
        elif running.input is not None:
            if type_ == INPUT:
                running.input.add(decode(flags, body), len(body) + 16)
            else:
                running.input.end(_error_in(flags, body) if type_ == INPUTFAIL else None)
        elif type_ == INPUT:
            raise EventsError("ERR_PROTOCOL", "an input of a request that has none")

    @staticmethod
    def _cancel(running: Running) -> None:
        if running.input is not None:
            running.input.end(EventsError("ERR_DISCONNECTED", "nobody waits for the answer any more"))
        if running.task is not None:
            running.task.cancel()
        # A task that is cancelled before its first turn never comes to it.
        if inspect.iscoroutine(running.result) and inspect.getcoroutinestate(running.result) == inspect.CORO_CREATED:
            running.result.close()


async def _asynchronous(items: Any) -> AsyncIterator[Any]:
    for item in items:
        yield item


def _error_in(flags: int, body: bytes) -> BaseException:
    if len(body) > _MOST_JSON:
        raise EventsError("ERR_PROTOCOL", f"an error of {len(body)} bytes; the limit is {_MOST_JSON}")
    return from_wire(decode_text(body, flags))


def _fail(future: "asyncio.Future[Any]", reason: BaseException) -> None:
    if not future.done():
        future.set_exception(reason)
        # What nobody awaits is no error of the loop.
        future.exception()


def void(_: Any) -> None:
    """For a lambda that returns nothing."""
