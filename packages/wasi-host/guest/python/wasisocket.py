"""Sockets for Python in a WASI guest of @uds/wasi-host.

    import wasisocket

    with wasisocket.create_connection(('example.com', 80), timeout=10) as sock:
        sock.sendall(b'GET / HTTP/1.0\\r\\nHost: example.com\\r\\n\\r\\n')
        print(sock.recv())

The one switch for the standard library: after `wasisocket.install()`, which must run before the first
`import socket`, the modules `socket`, `http.client`, `urllib.request` and `ssl` use these sockets.

Every failure is a `wasisocket.error`, an OSError, and at the same time ConnectionRefusedError, TimeoutError,
PermissionError or whatever its errno stands for. What the host does not allow is a PermissionError whose text names
the option that would allow it.
"""

import errno as _errno
import math as _math
import sys as _sys
import time as _time

import _wasisocket
from _wasisocket import (
    AF_INET, AF_INET6, AF_UNIX, AF_UNSPEC, MSG_DONTWAIT, MSG_PEEK, MSG_WAITALL, SOCK_DGRAM, SOCK_STREAM,
)

SOL_SOCKET = 1
SO_REUSEADDR = 2
SO_TYPE = 3
SO_ERROR = 4
SO_BROADCAST = 6
SO_SNDBUF = 7
SO_RCVBUF = 8
SO_KEEPALIVE = 9
SO_LINGER = 13
SO_RCVTIMEO = 20
SO_SNDTIMEO = 21
SO_ACCEPTCONN = 30
SO_PROTOCOL = 38
SO_DOMAIN = 39
IPPROTO_IP = 0
IPPROTO_TCP = 6
IPPROTO_UDP = 17
IPPROTO_IPV6 = 41
TCP_NODELAY = 1
IPV6_V6ONLY = 26
SOMAXCONN = 128
SHUT_RD = 1
SHUT_WR = 2
SHUT_RDWR = 3

EAI_AGAIN = -3
EAI_FAMILY = -6
EAI_NONAME = -2
EAI_SERVICE = -8
EAI_SOCKTYPE = -7

has_ipv6 = True

__all__ = [
    'AF_INET', 'AF_INET6', 'AF_UNIX', 'AF_UNSPEC', 'EAI_AGAIN', 'EAI_FAMILY', 'EAI_NONAME', 'EAI_SERVICE',
    'EAI_SOCKTYPE', 'IPPROTO_IP', 'IPPROTO_IPV6', 'IPPROTO_TCP', 'IPPROTO_UDP', 'IPV6_V6ONLY', 'MSG_DONTWAIT',
    'MSG_PEEK', 'MSG_WAITALL', 'SHUT_RD', 'SHUT_RDWR', 'SHUT_WR', 'SOCK_DGRAM', 'SOCK_STREAM', 'SOL_SOCKET',
    'SOMAXCONN', 'SO_ACCEPTCONN', 'SO_BROADCAST', 'SO_DOMAIN', 'SO_ERROR', 'SO_KEEPALIVE', 'SO_LINGER',
    'SO_PROTOCOL', 'SO_RCVBUF', 'SO_RCVTIMEO', 'SO_REUSEADDR', 'SO_SNDBUF', 'SO_SNDTIMEO', 'SO_TYPE', 'Socket',
    'SocketError', 'TCP_NODELAY', 'create_connection', 'create_server', 'error', 'gaierror', 'getaddrinfo',
    'getdefaulttimeout', 'has_ipv6', 'herror', 'install', 'setdefaulttimeout', 'socket', 'timeout',
]


# ---- failures --------------------------------------------------------------------------------------------------

class error(OSError):
    """A socket call failed; `errno` tells how, the text why."""


class timeout(error, TimeoutError):
    """The time set with settimeout() was over."""


class gaierror(error):
    """A name has no address; `errno` is one of the EAI_ numbers."""


class herror(error):
    """A name could not be looked up, in gethostbyname() and its like."""


SocketError = error

# OSError picks ConnectionRefusedError and the like by errno; each has a twin here that is an `error` too.
_twins = {TimeoutError: timeout, OSError: error}

_EAI_BY_ERRNO = {
    _errno.ENOENT: (EAI_NONAME, 'Name or service not known'),
    _errno.EAGAIN: (EAI_AGAIN, 'Temporary failure in name resolution'),
}


def _twin(kind):
    if kind not in _twins:
        _twins[kind] = type(kind.__name__, (error, kind), {'__module__': __name__, '__doc__': kind.__doc__})
    return _twins[kind]


def _raise(failure):
    """The failure of a call of _wasisocket as an `error`."""
    raise _twin(type(failure))(*failure.args) from None


def _raise_for_name(failure):
    """The same for a call that looks a name up."""
    if failure.errno in _EAI_BY_ERRNO:
        code, words = _EAI_BY_ERRNO[failure.errno]
        # Behind the words for the errno, which speak of files, come those of the host.
        host_says = failure.strerror.partition(': ')[2]
        raise gaierror(code, f'{words}: {host_says}' if host_says else words) from None
    _raise(failure)


def _closed():
    return error(_errno.EBADF, 'Bad file descriptor: the socket is closed')


# ---- addresses -------------------------------------------------------------------------------------------------

def _ip_bytes(family, text):
    """The bytes of an IP address, or None when the text is a name."""
    try:
        if family != AF_INET6:
            parts = text.split('.')
            if len(parts) == 4 and all(part.isascii() and part.isdigit() and len(part) <= 3 for part in parts):
                return bytes(map(int, parts))
        if family != AF_INET and ':' in text:
            import ipaddress
            # A zone (fe80::1%eth0) is left out: the ABI has no room for it.
            return ipaddress.IPv6Address(text.partition('%')[0]).packed
    except ValueError:
        pass
    return None


def _ip_text(family, packed):
    if family == AF_INET:
        return '.'.join(map(str, packed))
    import ipaddress
    return str(ipaddress.IPv6Address(packed))


def _text_of(address):
    """A tuple of _wasisocket in the shape of the standard library."""
    if address is None:
        return None
    family, port, packed = address
    if family == AF_UNIX:
        # Abstract names of Linux begin with NUL and stay bytes, as in the standard library.
        return packed if packed[:1] == b'\0' else packed.decode('utf-8', 'surrogateescape')
    text = _ip_text(family, packed)
    return (text, port) if family == AF_INET else (text, port, 0, 0)


def _path_bytes(path):
    if isinstance(path, str):
        path = path.encode('utf-8', 'surrogateescape')
    if not isinstance(path, (bytes, bytearray, memoryview)):
        raise TypeError(f'an AF_UNIX address is a path (str or bytes), not {type(path).__name__}')
    return bytes(path)


def _host_and_port(family, address):
    count = 2 if family == AF_INET else 4
    if not isinstance(address, tuple) or not 2 <= len(address) <= count:
        raise TypeError(f'an IP address is a tuple (host, port), not {address!r}')
    host, port = address[:2]
    if isinstance(host, (bytes, bytearray)):
        host = bytes(host).decode('ascii')
    if not isinstance(host, str):
        raise TypeError(f'the host must be str or bytes, not {type(host).__name__}')
    if not isinstance(port, int):
        raise TypeError(f'the port must be an int, not {type(port).__name__}')
    if not 0 <= port <= 65535:
        raise OverflowError(f'the port must be 0-65535, not {port}')
    if not host.isascii():
        host = host.encode('idna').decode('ascii')
    return host, port


def _resolve(host, port, family=AF_UNSPEC):
    try:
        found = _wasisocket.sock_resolve(host, port, family)
    except OSError as failure:
        _raise_for_name(failure)
    if not found:
        raise gaierror(EAI_NONAME, f'Name or service not known: {host}')
    return found


def _is_known(host):
    """Whether a name exists: ENOENT can also be about the path that a route of the host leads to."""
    try:
        return bool(_wasisocket.sock_resolve(host, 0))
    except OSError as failure:
        return failure.errno != _errno.ENOENT


def _one_address(family, address):
    """A (family, port, bytes) to bind or to send to; a name stands for its first address."""
    if family == AF_UNIX:
        return AF_UNIX, 0, _path_bytes(address)
    host, port = _host_and_port(family, address)
    if host == '':
        return family, port, bytes(4 if family == AF_INET else 16)
    if host == '<broadcast>' and family == AF_INET:
        return family, port, b'\xff' * 4
    packed = _ip_bytes(family, host)
    return (family, port, packed) if packed is not None else _resolve(host, port, family)[0]


def getaddrinfo(host, port):
    """The addresses of a host in the order to try them: [(family, port, addr_bytes), ...], at most 10."""
    return _resolve(host, port)[:10]


# ---- timeouts --------------------------------------------------------------------------------------------------

_default_timeout = None
_MOST_MS = 2 ** 31 - 1


def _seconds(value):
    if value is None:
        return None
    value = float(value)
    if _math.isnan(value):
        raise ValueError('Invalid value NaN (not a number)')
    if value < 0:
        raise ValueError('Timeout value out of range')
    return value


def _milliseconds(seconds):
    """Rounded up, so that a short time is never no time."""
    return -1 if seconds is None else min(_math.ceil(min(seconds, _MOST_MS) * 1000), _MOST_MS)


def getdefaulttimeout():
    """The timeout in seconds of new sockets; None = they wait for ever."""
    return _default_timeout


def setdefaulttimeout(value):
    """Sets the timeout in seconds of new sockets; None = they wait for ever, 0 = they never wait."""
    global _default_timeout
    _default_timeout = _seconds(value)


# ---- sockets ---------------------------------------------------------------------------------------------------

_FAMILIES = {AF_UNIX: 'AF_UNIX', AF_INET: 'AF_INET', AF_INET6: 'AF_INET6'}
_TYPES = {SOCK_STREAM: 'SOCK_STREAM', SOCK_DGRAM: 'SOCK_DGRAM'}


class Socket:
    """A socket, with the methods of socket.socket.

    Addresses are (host, port) for AF_INET, (host, port[, 0, 0]) for AF_INET6 and a path for AF_UNIX. A stream that
    connects to a name tries its addresses of both families in turn (RFC 8305), whatever its own family.
    """

    # No __weakref__: socket.socket, which inherits from this class after install(), has that slot itself.
    __slots__ = ('_fd', '_family', '_type', '_proto', '_timeout')

    def __init__(self, family=-1, type=-1, proto=-1, fileno=None):
        self._fd = -1
        if fileno is None:
            family = AF_INET if family == -1 else int(family)
            type = SOCK_STREAM if type == -1 else int(type)
            try:
                fd = _wasisocket.sock_open(family, type)
            except OSError as failure:
                _raise(failure)
        else:
            fd = _checked_fd(fileno)
            try:
                family = _wasisocket.sock_getsockopt(fd, SOL_SOCKET, SO_DOMAIN) if family == -1 else int(family)
                type = _wasisocket.sock_getsockopt(fd, SOL_SOCKET, SO_TYPE) if type == -1 else int(type)
            except OSError as failure:
                _raise(failure)
        self._fd, self._family, self._type = fd, family, type
        self._proto = 0 if proto == -1 else int(proto)
        self._timeout = None
        if _default_timeout is not None:
            self.settimeout(_default_timeout)

    family = property(lambda self: self._family, doc='AF_INET, AF_INET6 or AF_UNIX')
    type = property(lambda self: self._type, doc='SOCK_STREAM or SOCK_DGRAM')
    proto = property(lambda self: self._proto)
    timeout = property(lambda self: self._timeout, doc='seconds; None = for ever, 0.0 = non-blocking')

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        self.close()

    def __repr__(self):
        family = _FAMILIES.get(self._family, self._family)
        kind = _TYPES.get(self._type, self._type)
        if self._fd < 0:
            return f'<wasisocket.Socket [closed] family={family}, type={kind}>'
        names = ''
        for label, ask in ('laddr', _wasisocket.sock_getsockname), ('raddr', _wasisocket.sock_getpeername):
            try:
                address = _text_of(ask(self._fd))
            except OSError:
                continue
            names += f', {label}={address!r}' if address else ''
        return f'<wasisocket.Socket fd={self._fd}, family={family}, type={kind}{names}>'

    def __del__(self, _warn=None, _close=_wasisocket.sock_close):
        fd = getattr(self, '_fd', -1)
        if fd < 0:
            return
        self._fd = -1
        try:
            import warnings
            warnings.warn(f'unclosed socket fd={fd}', ResourceWarning, source=self, stacklevel=2)
        except (ImportError, ResourceWarning):
            pass
        try:
            _close(fd)
        except OSError:
            pass

    def __getstate__(self):
        raise TypeError(f'cannot pickle {self.__class__.__name__!r} object')

    # -- its end

    def fileno(self):
        """The descriptor; -1 after close()."""
        return self._fd

    def close(self):
        """Closes the socket; closing twice is no error."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            try:
                _wasisocket.sock_close(fd)
            except OSError as failure:
                # As in the standard library: the connection is gone either way.
                if failure.errno != _errno.ECONNRESET:
                    _raise(failure)

    def detach(self):
        """Gives the descriptor away: it stays open, this object is closed."""
        fd, self._fd = self._fd, -1
        return fd

    # -- waiting

    def settimeout(self, value):
        """Seconds that each call may wait; None = for ever, 0 = non-blocking."""
        seconds = _seconds(value)
        self._timeout = seconds
        if self._fd < 0:
            raise _closed()
        try:
            _wasisocket.sock_set_nonblocking(self._fd, seconds == 0)
            if seconds != 0:
                self._wait_at_most(seconds)
        except OSError as failure:
            _raise(failure)

    def _wait_at_most(self, seconds):
        _wasisocket.sock_set_timeout(self._fd, 3, _milliseconds(seconds))

    def gettimeout(self):
        return self._timeout

    def setblocking(self, flag):
        self.settimeout(None if flag else 0.0)

    def getblocking(self):
        return self._timeout != 0.0

    def _fail(self, failure):
        if isinstance(failure, error):
            raise failure
        if self._fd < 0:
            raise _closed() from None
        # A timeout of our own has no errno in the standard library, and these words.
        if failure.errno == _errno.ETIMEDOUT and self._timeout:
            raise timeout('timed out') from None
        _raise(failure)

    # -- connecting

    def _connect(self, address):
        """Connects; a failure is the OSError of _wasisocket."""
        if self._family == AF_UNIX:
            return _wasisocket.sock_connect(self._fd, AF_UNIX, 0, _path_bytes(address))
        host, port = _host_and_port(self._family, address)
        packed = _ip_bytes(self._family, host)
        if packed is not None:
            return _wasisocket.sock_connect(self._fd, self._family, port, packed)
        if self._type != SOCK_STREAM or host == '':
            return _wasisocket.sock_connect(self._fd, *_one_address(self._family, address))
        _wasisocket.sock_connect_host(self._fd, host, port)
        # The host may have chosen the other family. (A route may lead to AF_UNIX: for the guest that is no matter.)
        family = _wasisocket.sock_getsockopt(self._fd, SOL_SOCKET, SO_DOMAIN)
        if family in (AF_INET, AF_INET6):
            self._family = family

    def _names_nobody(self, failure, address):
        return failure.errno == _errno.ENOENT and self._family != AF_UNIX and not _is_known(address[0])

    def connect(self, address):
        """Connects. A name is resolved by the host, and its addresses are tried in turn."""
        try:
            self._connect(address)
        except OSError as failure:
            if self._names_nobody(failure, address):
                _raise_for_name(failure)
            self._fail(failure)

    def connect_ex(self, address):
        """As connect(), but gives the errno; 0 is success."""
        try:
            self._connect(address)
        except gaierror:
            raise
        except OSError as failure:
            if self._names_nobody(failure, address):
                _raise_for_name(failure)
            # EAGAIN for a timeout, as the standard library has it.
            return _errno.EAGAIN if failure.errno == _errno.ETIMEDOUT and self._timeout else failure.errno
        return 0

    # -- serving

    def bind(self, address):
        try:
            _wasisocket.sock_bind(self._fd, *_one_address(self._family, address))
        except OSError as failure:
            self._fail(failure)

    def listen(self, backlog=SOMAXCONN):
        try:
            _wasisocket.sock_listen(self._fd, backlog)
        except OSError as failure:
            self._fail(failure)

    def _accept(self):
        """The new descriptor and the peer's address; what socket.socket.accept is made of."""
        try:
            fd, address = _wasisocket.sock_accept(self._fd)
        except OSError as failure:
            self._fail(failure)
        return fd, _text_of(address)

    def accept(self):
        """Takes the next connection: (Socket, address)."""
        fd, address = self._accept()
        return Socket(self._family, self._type, self._proto, fileno=fd), address

    # -- bytes

    def send(self, data, flags=0):
        """Sends some of the data and gives the number of bytes."""
        try:
            return _wasisocket.sock_send(self._fd, data, flags)
        except OSError as failure:
            self._fail(failure)

    def sendall(self, data, flags=0):
        """Sends all of the data; the timeout is for the whole of it."""
        rest = memoryview(data).cast('B')
        deadline = _time.monotonic() + self._timeout if self._timeout else None
        try:
            while len(rest) > 0:
                rest = rest[_wasisocket.sock_send(self._fd, rest, flags):]
                if deadline is not None and len(rest) > 0:
                    self._wait_at_most(max(0, deadline - _time.monotonic()))
        except OSError as failure:
            self._fail(failure)
        finally:
            rest.release()
            if deadline is not None and self._fd >= 0:
                self._wait_at_most(self._timeout)

    def recv(self, bufsize=4096, flags=0):
        """At most bufsize bytes; b'' at the end of the stream."""
        try:
            return _wasisocket.sock_recv(self._fd, bufsize, flags)
        except OSError as failure:
            self._fail(failure)

    def recv_into(self, buffer, nbytes=0, flags=0):
        """Fills a buffer and gives the number of bytes; 0 at the end of the stream."""
        try:
            return _wasisocket.sock_recv_into(self._fd, buffer, nbytes, flags)
        except OSError as failure:
            self._fail(failure)

    def sendto(self, data, *flags_and_address):
        """sendto(data[, flags], address): sends one datagram."""
        if len(flags_and_address) not in (1, 2):
            raise TypeError(f'sendto() takes 2 or 3 arguments ({len(flags_and_address) + 1} given)')
        flags = flags_and_address[0] if len(flags_and_address) == 2 else 0
        try:
            family, port, packed = _one_address(self._family, flags_and_address[-1])
            return _wasisocket.sock_sendto(self._fd, data, flags, family, port, packed)
        except OSError as failure:
            self._fail(failure)

    def recvfrom_into(self, buffer, nbytes=0, flags=0):
        """Fills a buffer with one datagram: (number of bytes, address)."""
        try:
            got, _truncated, address = _wasisocket.sock_recvfrom_into(self._fd, buffer, nbytes, flags)
        except OSError as failure:
            self._fail(failure)
        return got, _text_of(address)

    def recvfrom(self, bufsize=4096, flags=0):
        """One datagram and its sender: (bytes, address)."""
        if bufsize < 0:
            raise ValueError('negative buffersize in recvfrom')
        buffer = bytearray(bufsize)
        got, address = self.recvfrom_into(buffer, 0, flags)
        return bytes(memoryview(buffer)[:got]), address

    def shutdown(self, how):
        """Ends one direction: SHUT_RD, SHUT_WR or SHUT_RDWR."""
        try:
            _wasisocket.sock_shutdown(self._fd, how)
        except OSError as failure:
            self._fail(failure)

    # -- names and options

    def getsockname(self):
        try:
            return _text_of(_wasisocket.sock_getsockname(self._fd))
        except OSError as failure:
            self._fail(failure)

    def getpeername(self):
        try:
            return _text_of(_wasisocket.sock_getpeername(self._fd))
        except OSError as failure:
            self._fail(failure)

    def setsockopt(self, level, name, value):
        """Sets an option; value is an int, or the 4 or 8 bytes of one (SO_LINGER: two ints)."""
        try:
            _wasisocket.sock_setsockopt(self._fd, level, name, _option_value(level, name, value))
        except OSError as failure:
            self._fail(failure)

    def getsockopt(self, level, name, buflen=0):
        """An option as an int, or as bytes when buflen is given."""
        try:
            value = _wasisocket.sock_getsockopt(self._fd, level, name)
        except OSError as failure:
            self._fail(failure)
        if buflen == 0:
            return value
        if (level, name) == (SOL_SOCKET, SO_LINGER):
            packed = _pack(int(value >= 0)) + _pack(max(value, 0))
        else:
            packed = _pack(value)
        return packed[:buflen]


socket = Socket


def _checked_fd(fileno):
    if not isinstance(fileno, int) or isinstance(fileno, bool):
        raise TypeError(f'fileno must be an int, not {type(fileno).__name__}')
    if fileno < 0:
        raise ValueError('negative file descriptor')
    return fileno


def _pack(number):
    return number.to_bytes(4, _sys.byteorder, signed=True)


def _option_value(level, name, value):
    if isinstance(value, int):
        return int(value)
    packed = bytes(value)
    numbers = [int.from_bytes(packed[i:i + 4], _sys.byteorder, signed=True) for i in range(0, len(packed), 4)]
    # struct linger of socket(7): on or off, then the seconds.
    if (level, name) == (SOL_SOCKET, SO_LINGER) and len(packed) == 8:
        return numbers[1] if numbers[0] else -1
    if len(packed) != 4:
        raise error(_errno.EINVAL, f'Invalid argument: the value of option {level}/{name} has 4 bytes, not {len(packed)}')
    return numbers[0]


def _family_of(address):
    """The family that an address needs; for a name any will do."""
    if isinstance(address, (str, bytes)):
        return AF_UNIX
    return AF_INET6 if _ip_bytes(AF_INET6, address[0]) is not None else AF_INET


def create_connection(address, timeout=None):
    """A stream connected to (host, port), or to the AF_UNIX path that a str or bytes is.

    The addresses of the host are tried in turn, those of both families. `timeout` is for all of it together, in
    seconds, and stays the timeout of the socket; None takes getdefaulttimeout().
    """
    sock = Socket(_family_of(address), SOCK_STREAM)
    try:
        if timeout is not None:
            sock.settimeout(timeout)
        sock.connect(address)
    except BaseException:
        sock.close()
        raise
    return sock


def create_server(address, backlog=SOMAXCONN):
    """A stream that listens on (host, port), or on the AF_UNIX path that a str or bytes is."""
    sock = Socket(_family_of(address), SOCK_STREAM)
    try:
        if sock.family != AF_UNIX:
            sock.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        sock.bind(address)
        sock.listen(backlog)
    except BaseException:
        sock.close()
        raise
    return sock


# ---- the switch ------------------------------------------------------------------------------------------------

class _StandIns:
    """Finds the modules that stand in for those of the standard library; they load when they are imported."""

    modules = {'_socket': 'wasisocket_socket', 'ssl': 'wasisocket_ssl'}

    def find_spec(self, name, path=None, target=None):
        if name not in self.modules:
            return None
        from importlib.machinery import ModuleSpec
        return ModuleSpec(name, self, origin=self.modules[name])

    def create_module(self, spec):
        from importlib import import_module
        return import_module(self.modules[spec.name])

    def exec_module(self, module):
        pass


def install():
    """Makes the standard library use these sockets.

    Call it before the first `import socket`, `http.client` or `urllib.request`: the module `socket` is then built
    on these sockets, and `ssl` starts TLS at the host. Calling it again does nothing.
    """
    if any(isinstance(finder, _StandIns) for finder in _sys.meta_path):
        return
    early = [name for name in ('socket', 'ssl') if name in _sys.modules]
    if early:
        raise RuntimeError(f"call wasisocket.install() before `import {early[0]}`, which some module has done already")
    for name in _StandIns.modules:
        _sys.modules.pop(name, None)
    _sys.meta_path.insert(0, _StandIns())
