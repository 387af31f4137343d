"""LineServer, LineClient: one line, one message, as py-unix-socket has it."""

from __future__ import annotations

import logging
import os
import socket
import threading
from typing import Any, Callable, Iterator, List, Optional, Union

from .addresses import bind_unix, inode_of

DEFAULT_PATH = "/tmp/unix_socket.sock"
_MAX_LINE = 1024 * 1024
_log = logging.getLogger("uds_events.lines")


class _Connection:
    """One connection, in lines."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._lock = threading.Lock()
        self._buffer = b""

    def write(self, data: bytes) -> None:
        with self._lock:
            self.sock.sendall(data)

    def line(self) -> Optional[str]:
        """The next line without its end; None at the end of the stream."""
        while b"\n" not in self._buffer:
            if len(self._buffer) > _MAX_LINE:
                raise ValueError(f"a line longer than {_MAX_LINE} bytes")
            chunk = self.sock.recv(65536)
            if not chunk:
                rest, self._buffer = self._buffer, b""
                return rest.decode("utf-8") if rest else None
            self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.decode("utf-8")

    def close(self) -> None:
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.sock.close()


def _encoded(line: str) -> bytes:
    if "\n" in line.rstrip("\n"):
        raise ValueError("a line has no line break inside")
    return (line.rstrip("\n") + "\n").encode("utf-8")


class LineServer:
    """Takes lines of text from its clients: each is handled, acknowledged, and passed to the other clients, as set.

    The line ``exit`` ends the connection of its client. A handler that raises ends nothing; its line is then neither
    acknowledged nor broadcast."""

    def __init__(
        self,
        path: Union[str, "os.PathLike[str]"] = DEFAULT_PATH,
        *,
        with_ack: bool = False,
        ack_message: str = "__ACK__\n",
        with_broadcast: bool = False,
        handler: Optional[Callable[[str], Any]] = None,
    ) -> None:
        self.path = os.fspath(path)
        self.with_ack, self.ack_message, self.with_broadcast = with_ack, ack_message, with_broadcast
        self.handler = handler or (lambda line: _log.info("line: %s", line))
        self._clients: List[_Connection] = []
        self._lock = threading.Lock()
        self._listener: Optional[socket.socket] = None
        self._inode: Any = None
        self._stopping = threading.Event()

    def start(self) -> "LineServer":
        """Opens the socket; clients can connect when it returns. The work is done in threads."""
        listener = bind_unix(self.path)
        listener.setblocking(True)
        listener.listen(128)
        self._listener, self._inode = listener, inode_of(self.path)
        threading.Thread(target=self._accept, daemon=True, name="uds-lines").start()
        return self

    def run(self) -> None:
        """Serves until :meth:`shutdown`."""
        if self._listener is None:
            self.start()
        self._stopping.wait()

    def _accept(self) -> None:
        while not self._stopping.is_set() and self._listener is not None:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            client = _Connection(sock)
            with self._lock:
                self._clients.append(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True, name="uds-lines-client").start()

    def _serve(self, client: _Connection) -> None:
        try:
            while True:
                line = client.line()
                if line is None or line == "exit":
                    return
                try:
                    self.handler(line)
                except Exception:
                    _log.exception("the handler failed")
                    continue
                if self.with_ack:
                    client.write(self.ack_message.encode("utf-8"))
                if self.with_broadcast:
                    self._send_all(line, client)
        except (OSError, ValueError) as error:
            if not self._stopping.is_set():
                _log.info("a client is gone: %s", error)
        finally:
            with self._lock:
                if client in self._clients:
                    self._clients.remove(client)
            client.close()

    def _send_all(self, line: str, sender: Optional[_Connection]) -> int:
        with self._lock:
            others = [client for client in self._clients if client is not sender]
        count = 0
        for client in others:
            try:
                client.write(_encoded(line))
                count += 1
            except OSError:
                client.close()
        return count

    def broadcast(self, line: str) -> int:
        """Sends a line to every client; returns to how many."""
        return self._send_all(line, None)

    @property
    def clients(self) -> int:
        with self._lock:
            return len(self._clients)

    def shutdown(self) -> None:
        """Ends every connection, and removes the socket file if it is still this server's."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        if self._listener is not None:
            try:
                self._listener.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            self._listener.close()
            if self._inode is not None and inode_of(self.path) == self._inode:
                os.unlink(self.path)
        with self._lock:
            clients = list(self._clients)
        for client in clients:
            client.close()

    def __enter__(self) -> "LineServer":
        return self

    def __exit__(self, *_: Any) -> None:
        self.shutdown()


class UnixSocket(LineServer):
    """:class:`LineServer` with the argument names of py-unix-socket."""

    def __init__(
        self,
        cust_add_namespace: str = DEFAULT_PATH,
        with_ack: bool = False,
        ack_message: str = "__ACK__\n",
        custom_handler: Optional[Callable[[str], Any]] = None,
        with_broadcast: bool = False,
    ) -> None:
        super().__init__(
            cust_add_namespace,
            with_ack=with_ack,
            ack_message=ack_message,
            handler=custom_handler,
            with_broadcast=with_broadcast,
        )


class LineClient:
    """A client of a :class:`LineServer`, of this package, of @uds/events or of py-unix-socket. For one thread."""

    def __init__(self, path: Union[str, "os.PathLike[str]"] = DEFAULT_PATH, *, timeout: Optional[float] = 10.0) -> None:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.settimeout(timeout)
            sock.connect(os.fspath(path))
        except BaseException:
            sock.close()
            raise
        self._connection = _Connection(sock)

    def send(self, line: str) -> None:
        """Returns when the system has taken the line."""
        self._connection.write(_encoded(line))

    def send_and_wait(self, line: str, ack_message: str = "__ACK__\n") -> str:
        """Sends a line and waits for its acknowledgement, which is the next line. Raises TimeoutError, ConnectionError."""
        self.send(line)
        got = self.receive()
        if got is None:
            raise ConnectionError("the server ended the connection before the acknowledgement")
        if got != ack_message.rstrip("\n"):
            raise ConnectionError(f"another line came in place of the acknowledgement: {got!r}")
        return ack_message

    def receive(self) -> Optional[str]:
        """The next line; None at the end."""
        return self._connection.line()

    def lines(self) -> Iterator[str]:
        while True:
            line = self.receive()
            if line is None:
                return
            yield line

    def exit(self) -> None:
        """Leaves by the line ``exit``."""
        self.send("exit")
        self.close()

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> "LineClient":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()
