"""Address: where a server is: a socket file, an abstract name, TCP, or a name in the user's own directory."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
import tempfile
from typing import Callable, List, NamedTuple, Optional, Tuple, Union


class Address(NamedTuple):
    """A parsed address: ``unix`` with a path (an abstract name begins with NUL), or ``tcp``."""

    scheme: str
    path: str = ""
    host: str = ""
    port: int = 0

    def __str__(self) -> str:
        if self.scheme == "tcp":
            host = f"[{self.host}]" if ":" in self.host else self.host
            return f"tcp:{host}:{self.port}"
        return f"unix:@{self.path[1:]}" if self.path.startswith("\0") else f"unix:{self.path}"


def parse(text: Union[str, "os.PathLike[str]"], listens: bool) -> Address:
    """Reads ``unix:PATH``, ``unix:@NAME``, ``tcp:HOST:PORT``, a path with a ``/``, ``name:NAME`` or a bare name.

    A bare name is the socket NAME.sock in a directory of the user's own, the one that @uds/stream uses."""
    text = os.fspath(text)
    if not isinstance(text, str) or not text:
        raise TypeError(f"an address must be a string, got {text!r}")
    scheme, colon, rest = text.partition(":")
    if colon and scheme == "unix" and rest:
        return Address("unix", "\0" + rest[1:] if rest.startswith("@") else rest)
    if colon and scheme == "tcp":
        host, _, port = rest.rpartition(":")
        if host and port.isdigit() and int(port) < 65536:
            return Address("tcp", host=host.strip("[]"), port=int(port))
        raise ValueError(f"tcp:HOST:PORT is wanted, got {text!r}")
    if colon and scheme == "name" and rest:
        return Address("unix", _path_of_name(rest, listens))
    if "/" in text:
        return Address("unix", text)
    if colon:
        raise ValueError(f"no such scheme: {text!r}; there are unix:, tcp: and name:")
    return Address("unix", _path_of_name(text, listens))


def _places() -> List[Tuple[str, str]]:
    """The directories of this user's sockets, each with where it is in, in the order of @uds/stream."""
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if os.path.isabs(runtime) and os.path.isdir(runtime):
        return [(os.path.join(runtime, "uds"), runtime)]
    places = []
    usual = f"/run/user/{os.getuid()}"
    if os.path.isdir(usual):
        places.append((os.path.join(usual, "uds"), usual))
    for parent in dict.fromkeys((tempfile.gettempdir(), "/tmp")):
        places.append((os.path.join(parent, f"uds-{os.getuid()}"), parent))
    return places


def _check_own(directory: str) -> None:
    found = os.lstat(directory)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise PermissionError(f"{directory} must be a directory of this user with mode 0700")


def _path_of_name(name: str, listens: bool) -> str:
    if "/" in name or "\0" in name or name in (".", ".."):
        raise ValueError(f"a name has no '/', got {name!r}")
    places = [directory for directory, parent in _places() if os.path.isdir(parent)]
    if not places:
        raise FileNotFoundError("names need a directory of this user: set XDG_RUNTIME_DIR or TMPDIR to one")
    if not listens:
        for directory in places:
            path = os.path.join(directory, f"{name}.sock")
            if os.path.lexists(path):
                _check_own(directory)
                return path
        return os.path.join(places[0], f"{name}.sock")
    directory = places[0]
    try:
        os.mkdir(directory, 0o700)
    except FileExistsError:
        pass
    _check_own(directory)
    return os.path.join(directory, f"{name}.sock")


async def connect(address: Address, factory: Callable[[], asyncio.BaseProtocol]) -> None:
    """Opens a connection to an address, of the protocol that the factory makes."""
    loop = asyncio.get_running_loop()
    if address.scheme == "tcp":
        transport, _ = await loop.create_connection(factory, address.host, address.port)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    else:
        await loop.create_unix_connection(factory, address.path)


class Listener:
    """A server socket, and the file that is its own."""

    def __init__(self, server: asyncio.AbstractServer, address: Address, inode: Optional[Tuple[int, int]]) -> None:
        self.server, self.address, self._inode = server, address, inode

    def close(self) -> None:
        """Stops accepting. The file of a successor stays."""
        self.server.close()
        if self._inode is not None and self._inode == inode_of(self.address.path):
            os.unlink(self.address.path)
        self._inode = None


def inode_of(path: str) -> Optional[Tuple[int, int]]:
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def bind_unix(path: str, mode: int = 0o600) -> socket.socket:
    """Binds a socket file with its mode, whatever the umask; the file of a server that died is replaced.

    Raises OSError EADDRINUSE while a server lives there, or where something else than a socket is."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.setblocking(False)
    try:
        if path.startswith("\0"):
            sock.bind(path)
            return sock
        _remove_stale(path)
        # Bound under another name, and moved there with its mode: no other user sees it with another.
        temporary = f"{path}.{os.getpid()}"
        sock.bind(temporary)
        try:
            os.chmod(temporary, mode)
            os.link(temporary, path)
        finally:
            os.unlink(temporary)
    except BaseException:
        sock.close()
        raise
    return sock


def _remove_stale(path: str) -> None:
    seen = inode_of(path)
    if seen is None or not stat.S_ISSOCK(os.lstat(path).st_mode):
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(5)
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            if inode_of(path) == seen:
                os.unlink(path)
        except FileNotFoundError:
            pass


async def listen(address: Address, factory: Callable[[], asyncio.BaseProtocol], mode: int) -> Listener:
    """Listens at an address."""
    loop = asyncio.get_running_loop()
    if address.scheme == "tcp":
        server = await loop.create_server(factory, address.host, address.port)
        port = server.sockets[0].getsockname()[1]
        return Listener(server, address._replace(port=port), None)
    sock = bind_unix(address.path, mode)
    # From Python 3.13 on asyncio removes files by itself, without a look at whose they are.
    extra = {"cleanup_socket": False} if "cleanup_socket" in _unix_server_options(loop) else {}
    server = await loop.create_unix_server(factory, sock=sock, backlog=511, **extra)
    return Listener(server, address, None if address.path.startswith("\0") else inode_of(address.path))


def _unix_server_options(loop: asyncio.AbstractEventLoop) -> Tuple[str, ...]:
    code = getattr(loop.create_unix_server, "__code__", None)
    return () if code is None else tuple(code.co_varnames)
