"""UnixEvents (Linker): the API of unixevents for Python, and its frames, for peers that speak nothing else."""

from __future__ import annotations

import asyncio
import json
import os
import queue
import socket
import sys
import threading
import time
from typing import Any, Callable, Dict, List, Optional, Tuple

from .addresses import bind_unix, inode_of

MAX_FRAME = 1024 * 1024
_MAX_HELD = 4 * 1024 * 1024
_MAX_QUEUE = 16 * 1024 * 1024
_CONNECT_S = 10.0

Callback = Optional[Callable[[Optional[Exception], bool], Any]]


class Role:
    SERVER = "server"
    CLIENT = "client"


def encode(prefix: str, event: str, payload: Any) -> bytes:
    """A frame as unixevents writes it: dicts, lists and None as text of JSON, the rest as it is."""
    if not isinstance(event, str) or not event:
        raise TypeError(f"an event must be a text, got {event!r}")
    if payload is None or isinstance(payload, (dict, list, tuple)):
        payload = json.dumps(payload, allow_nan=False)
    text = json.dumps({"event": prefix + event, "payload": payload}, separators=(",", ":"), allow_nan=False)
    # Old readers end a frame at any ";;", also inside of a string.
    frame = (text.replace(";;", ";\\u003b") + ";;").encode("utf-8")
    if len(frame) > MAX_FRAME:
        raise ValueError(f"a frame of {len(frame)} bytes; the limit is {MAX_FRAME}")
    return frame


class Decoder:
    """Bytes become (event, payload), however they are split. A frame that is none is dropped."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._rest = b""

    def feed(self, data: bytes) -> List[Tuple[str, Any]]:
        found = []
        pieces = (self._rest + data).split(b";;")
        frame = pieces[0]
        for piece in pieces[1:]:
            event = self._read(frame)
            if event is not None:
                if event[0].startswith(self._prefix):
                    found.append((event[0][len(self._prefix) :], event[1]))
                frame = piece
            elif frame and len(frame) + len(piece) <= MAX_FRAME:
                # A writer that does not escape: the text has ";;" inside.
                frame += b";;" + piece
            else:
                frame = piece
        self._rest = frame
        if len(frame) > MAX_FRAME:
            raise ValueError(f"a frame longer than {MAX_FRAME} bytes")
        return found

    @staticmethod
    def _read(frame: bytes) -> Optional[Tuple[str, Any]]:
        try:
            value = json.loads(frame.decode("utf-8"))
            event, payload = value["event"], value.get("payload")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None
        if isinstance(payload, str) and (payload[:1] in ("{", "[") or payload == "null"):
            try:
                payload = json.loads(payload)
            except (ValueError, RecursionError):
                pass
        return (event, payload) if isinstance(event, str) else None


class _Peer:
    """One connection: a thread reads it, another writes what waits."""

    def __init__(self, owner: "UnixEvents", sock: socket.socket) -> None:
        self._owner, self._sock = owner, sock
        self._queue: "queue.Queue[Optional[Tuple[bytes, Callback]]]" = queue.Queue()
        self._bytes = 0
        self._lock = threading.Lock()
        self.over = False
        self.reader = threading.Thread(target=self._read, daemon=True, name="unixevents-read")
        self.writer = threading.Thread(target=self._write, daemon=True, name="unixevents-write")

    def start(self) -> None:
        self.reader.start()
        self.writer.start()

    def put(self, frame: bytes, callback: Callback) -> bool:
        with self._lock:
            if self.over or self._bytes + len(frame) > _MAX_QUEUE:
                return False
            self._bytes += len(frame)
        self._queue.put((frame, callback))
        return True

    def _write(self) -> None:
        while True:
            item = self._queue.get()
            if item is None:
                break
            frame, callback = item
            try:
                self._sock.sendall(frame)
            except OSError as error:
                self._owner._answer(callback, error)
                self.end()
                continue
            with self._lock:
                self._bytes -= len(frame)
            self._owner._answer(callback, None)
        try:
            self._sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def _read(self) -> None:
        decoder = Decoder("c-" if self._owner.role == Role.SERVER else "s-")
        try:
            while True:
                data = self._sock.recv(65536)
                if not data:
                    break
                for event, payload in decoder.feed(data):
                    self._owner._heard(event, payload)
        except (OSError, ValueError) as error:
            self._owner._debug(f"a connection ended: {error}")
        self.end()
        self._owner._lost(self)
        self._sock.close()

    def end(self) -> None:
        """Writes what waits, then ends."""
        with self._lock:
            if self.over:
                return
            self.over = True
        self._queue.put(None)

    def close(self) -> None:
        self.end()
        self.writer.join(1.0)
        try:
            self._sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


class UnixEvents:
    """One end of a channel of unixevents: ``/tmp/<channel>.sock``, in its frames. Thread-safe.

    ``send`` says true once the system has taken a message for a peer: these frames have no acknowledgement."""

    def __init__(self, role: Optional[str] = None, channel: Optional[str] = None, *, directory: str = "/tmp") -> None:
        self.role, self.channel, self._directory = role or "", channel or "", directory
        self._receivers: Dict[str, List[Tuple[Callable[[Any], Any], bool]]] = {}
        self._peers: List[_Peer] = []
        self._held: List[Tuple[bytes, Callback]] = []
        self._lock = threading.RLock()
        self._closed = False
        self._debugs = False
        self._listener: Optional[socket.socket] = None
        self._inode: Any = None
        #: Why something was False.
        self.last_error: Optional[Exception] = None
        if role is not None and channel is not None:
            self._open()

    async def init(self, role: str, channel: str) -> bool:
        """Opens the channel; False when it cannot be opened, with the reason in ``last_error``."""
        self.role, self.channel = role, channel
        return await asyncio.get_running_loop().run_in_executor(None, self._open)

    @property
    def path(self) -> str:
        return os.path.join(self._directory, f"{self.channel}.sock")

    def _open(self) -> bool:
        try:
            if self.role not in (Role.SERVER, Role.CLIENT):
                raise ValueError(f"the role must be 'server' or 'client', got {self.role!r}")
            if not self.channel or "/" in self.channel or "\0" in self.channel:
                raise ValueError(f"the channel must be a name without '/', got {self.channel!r}")
            if self.role == Role.SERVER:
                self._listener = bind_unix(self.path)
                self._listener.setblocking(True)
                self._listener.listen(128)
                self._inode = inode_of(self.path)
                threading.Thread(target=self._accept, daemon=True, name="unixevents-accept").start()
                return True
            return self._connect(_CONNECT_S)
        except (OSError, ValueError) as error:
            self.last_error = error
            self._debug(str(error))
            return False

    def _accept(self) -> None:
        while self._listener is not None and not self._closed:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self._add(sock)

    def _connect(self, seconds: float) -> bool:
        """Connects, with pauses that grow."""
        end, delay = time.monotonic() + seconds, 0.01
        while not self._closed:
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                sock.connect(self.path)
            except OSError as error:
                sock.close()
                self.last_error = error
                if time.monotonic() + delay > end:
                    return False
                time.sleep(delay)
                delay = min(delay * 2, 1.0)
            else:
                self._add(sock)
                return True
        return False

    def _add(self, sock: socket.socket) -> None:
        peer = _Peer(self, sock)
        with self._lock:
            if self._closed:
                sock.close()
                return
            self._peers.append(peer)
            held, self._held = self._held, []
            for frame, callback in held:
                peer.put(frame, callback)
        peer.start()

    def _lost(self, peer: _Peer) -> None:
        with self._lock:
            if peer in self._peers:
                self._peers.remove(peer)
            again = self.role == Role.CLIENT and not self._closed
        if again:
            threading.Thread(target=self._connect, args=(float("inf"),), daemon=True, name="unixevents-again").start()

    def _heard(self, event: str, payload: Any) -> None:
        with self._lock:
            receivers = list(self._receivers.get(event, ()))
            if receivers:
                self._receivers[event] = [entry for entry in self._receivers[event] if not entry[1]]
        for listener, _ in receivers:
            try:
                listener(payload)
            except Exception as error:
                self.last_error = error
                print(f"unixevents: a listener of {event!r} failed: {error!r}", file=sys.stderr)

    def _answer(self, callback: Callback, error: Optional[Exception]) -> None:
        if error is not None:
            self.last_error = error
        if callback is not None:
            try:
                callback(error, error is None)
            except Exception as failure:
                print(f"unixevents: a callback failed: {failure!r}", file=sys.stderr)

    def _debug(self, text: str) -> None:
        if self._debugs:
            print(f"unixevents {self.role} {self.channel}: {text}", file=sys.stderr)

    # ---- the API ----

    def receive(self, event: str, listener: Callable[[Any], Any]) -> None:
        """Calls the listener with the payload of each event of this name, in the thread that reads."""
        with self._lock:
            self._receivers.setdefault(event, []).append((listener, False))

    def receive_once(self, event: str, listener: Callable[[Any], Any]) -> None:
        """As :meth:`receive`, for the next one only."""
        with self._lock:
            self._receivers.setdefault(event, []).append((listener, True))

    def remove_receiver(self, event: str, listener: Optional[Callable[[Any], Any]] = None) -> None:
        """Takes one listener of an event out, or all."""
        with self._lock:
            kept = [entry for entry in self._receivers.get(event, ()) if listener is not None and entry[0] != listener]
            self._receivers[event] = kept

    def send(self, event: str, data: Any = None, callback: Callback = None) -> bool:
        """Sends an event; True when it was taken. ``callback(error, success)`` is called when it was written.

        A server's goes to all of its clients. Without a peer it waits for the first, up to 4 MiB."""
        try:
            frame = encode("s-" if self.role == Role.SERVER else "c-", event, data)
        except (TypeError, ValueError) as error:
            self._answer(callback, error)
            return False
        with self._lock:
            failure: Optional[Exception] = None
            taken = False
            if self._closed:
                failure = ConnectionError("this end is closed")
            elif not self._peers:
                if sum(len(each) for each, _ in self._held) + len(frame) > _MAX_HELD:
                    failure = BufferError(f"more than {_MAX_HELD} bytes wait for a peer")
                else:
                    self._held.append((frame, callback))
                    return True
            else:
                # The callback is that of the first peer which takes it.
                for peer in self._peers:
                    taken = peer.put(frame, None if taken else callback) or taken
                if not taken:
                    failure = BufferError("no peer takes more")
        if failure is not None:
            self._answer(callback, failure)
        return taken

    async def send_sync(self, event: str, data: Any = None) -> bool:
        """Sends an event and waits until it was written: True; never raises."""
        loop = asyncio.get_running_loop()
        done = loop.create_future()

        def settle(success: bool) -> None:
            if not done.done():
                done.set_result(success)

        self.send(event, data, lambda error, success: loop.call_soon_threadsafe(settle, success))
        return bool(await done)

    def close(self) -> None:
        """Lets what was sent leave, then ends every connection; removes the socket file if it is still this end's."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            peers, self._peers = list(self._peers), []
            held, self._held = self._held, []
        for _, callback in held:
            self._answer(callback, ConnectionError("this end was closed before a peer came"))
        if self._listener is not None:
            try:
                self._listener.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            self._listener.close()
            if self._inode is not None and inode_of(self.path) == self._inode:
                os.unlink(self.path)
        for peer in peers:
            peer.close()

    def enable_debug(self) -> None:
        self._debugs = True

    def disable_debug(self) -> None:
        self._debugs = False


Linker = UnixEvents
