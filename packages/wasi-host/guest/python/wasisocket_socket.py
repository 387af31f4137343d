"""Stands in for the module _socket of the standard library, which socket.py builds on.

wasisocket.install() puts it there; see wasisocket. It has what _socket has, as far as the host's sockets go:
no raw sockets, no ancillary data, and no dup().
"""

import errno as _errno

import wasisocket as _wasisocket
from wasisocket import (
    AF_INET, AF_INET6, AF_UNIX, AF_UNSPEC, EAI_AGAIN, EAI_FAMILY, EAI_NONAME, EAI_SERVICE, EAI_SOCKTYPE, IPPROTO_IP,
    IPPROTO_IPV6, IPPROTO_TCP, IPPROTO_UDP, IPV6_V6ONLY, MSG_DONTWAIT, MSG_PEEK, MSG_WAITALL, SHUT_RD, SHUT_RDWR,
    SHUT_WR, SO_ACCEPTCONN, SO_BROADCAST, SO_DOMAIN, SO_ERROR, SO_KEEPALIVE, SO_LINGER, SO_PROTOCOL, SO_RCVBUF,
    SO_RCVTIMEO, SO_REUSEADDR, SO_SNDBUF, SO_SNDTIMEO, SO_TYPE, SOCK_DGRAM, SOCK_STREAM, SOL_SOCKET, SOMAXCONN,
    TCP_NODELAY, gaierror, getdefaulttimeout, has_ipv6, herror, setdefaulttimeout,
)

# The names the standard library has for these.
error = OSError
timeout = TimeoutError

SOL_IP = 0
SOL_TCP = 6
SOL_UDP = 17

AI_PASSIVE = 0x0001
AI_CANONNAME = 0x0002
AI_NUMERICHOST = 0x0004
AI_ADDRCONFIG = 0x0020
AI_NUMERICSERV = 0x0400

NI_NUMERICHOST = 1
NI_NUMERICSERV = 2
NI_NAMEREQD = 8
NI_DGRAM = 16

EAI_BADFLAGS = -1
EAI_FAIL = -4
EAI_MEMORY = -10
EAI_SYSTEM = -11

INADDR_ANY = 0x00000000
INADDR_LOOPBACK = 0x7F000001
INADDR_BROADCAST = 0xFFFFFFFF
INADDR_NONE = 0xFFFFFFFF

# RFC 6335 keeps the list; a guest has no /etc/services.
_SERVICES = {
    'ftp': 21, 'ssh': 22, 'telnet': 23, 'smtp': 25, 'domain': 53, 'http': 80, 'pop3': 110, 'ntp': 123, 'imap': 143,
    'snmp': 161, 'ldap': 389, 'https': 443, 'submission': 587, 'ldaps': 636, 'imaps': 993, 'pop3s': 995,
}
_PROTOCOLS = {'ip': 0, 'icmp': 1, 'tcp': 6, 'udp': 17, 'ipv6': 41}
_PROTOCOL_OF = {SOCK_STREAM: IPPROTO_TCP, SOCK_DGRAM: IPPROTO_UDP}


class socket(_wasisocket.Socket):
    """The base of socket.socket."""

    # None of its own, and no __weakref__, as in the C original.
    __slots__ = ()

    def recv(self, bufsize, flags=0):
        return super().recv(bufsize, flags)

    def recvfrom(self, bufsize, flags=0):
        return super().recvfrom(bufsize, flags)


SocketType = socket


# ---- names -----------------------------------------------------------------------------------------------------

def _port_of(service, flags):
    if service is None:
        return 0
    if isinstance(service, int):
        if not 0 <= service <= 65535:
            raise OverflowError('getaddrinfo() port must be 0-65535')
        return service
    if isinstance(service, bytes):
        service = service.decode('ascii')
    if not isinstance(service, str):
        raise OSError('Int or String expected')
    if service.isascii() and service.isdigit() and int(service) <= 65535:
        return int(service)
    if service == '':
        return 0
    if flags & AI_NUMERICSERV or service not in _SERVICES:
        raise gaierror(EAI_SERVICE, f'Service not known: {service!r}')
    return _SERVICES[service]


def _without_name(family, port, flags):
    any4, own4 = bytes(4), bytes([127, 0, 0, 1])
    any6, own6 = bytes(16), bytes(15) + b'\1'
    passive = flags & AI_PASSIVE
    found = [(AF_INET6, port, any6 if passive else own6), (AF_INET, port, any4 if passive else own4)]
    return [address for address in found if family in (AF_UNSPEC, address[0])]


def _find(host, port, family, flags):
    if host is None or host == '':
        return _without_name(family, port, flags)
    for ip in AF_INET, AF_INET6:
        packed = _wasisocket._ip_bytes(ip, host)
        if packed is not None:
            if family not in (AF_UNSPEC, ip):
                raise gaierror(EAI_NONAME, f'Name or service not known: {host} is of another address family')
            return [(ip, port, packed)]
    if flags & AI_NUMERICHOST:
        raise gaierror(EAI_NONAME, f'Name or service not known: {host} is no IP address')
    return _wasisocket._resolve(host, port, family)


def getaddrinfo(host, port, family=0, type=0, proto=0, flags=0):
    """The addresses to connect to: [(family, type, proto, canonical name, address), ...]."""
    if isinstance(host, (bytes, bytearray)):
        host = bytes(host).decode('ascii')
    if host is not None and not host.isascii():
        host = host.encode('idna').decode('ascii')
    if family not in (AF_UNSPEC, AF_INET, AF_INET6):
        raise gaierror(EAI_FAMILY, 'ai_family not supported')
    if type not in (0, SOCK_STREAM, SOCK_DGRAM):
        raise gaierror(EAI_SOCKTYPE, 'ai_socktype not supported')
    if host is None and port is None:
        raise gaierror(EAI_NONAME, 'Name or service not known')
    kinds = [(kind, number) for kind, number in _PROTOCOL_OF.items() if type in (0, kind) and proto in (0, number)]
    if not kinds:
        raise gaierror(EAI_SOCKTYPE, 'ai_socktype not supported')
    name = host if flags & AI_CANONNAME and host is not None else ''
    result = []
    for address in _find(host, _port_of(port, flags), family, flags):
        for kind, number in kinds:
            result.append((address[0], kind, number, name if not result else '', _wasisocket._text_of(address)))
    return result


def gethostbyname(host):
    """The first IPv4 address of a name, as text."""
    return getaddrinfo(host, None if host else 0, AF_INET, SOCK_STREAM, 0, AI_PASSIVE)[0][4][0]


def gethostbyname_ex(host):
    """(name, [], [IPv4 addresses])"""
    return host, [], [entry[4][0] for entry in getaddrinfo(host, None, AF_INET, SOCK_STREAM)]


def gethostbyaddr(host):
    raise herror(1, f'Unknown host: a guest cannot ask for the name of {host}')


def gethostname():
    """A guest's machine has no name of its own."""
    return 'localhost'


def getnameinfo(address, flags):
    """(host, service); the host is always given as a number."""
    host, port = address[:2]
    if flags & NI_NAMEREQD:
        raise gaierror(EAI_NONAME, 'Name or service not known: a guest cannot ask for the name of an address')
    entry = getaddrinfo(host, port, 0, SOCK_STREAM, 0, AI_NUMERICHOST)[0]
    service = next((name for name, number in _SERVICES.items() if number == port), None)
    return entry[4][0], str(port) if flags & NI_NUMERICSERV or service is None else service


def getservbyname(name, protocol=None):
    if protocol not in (None, 'tcp', 'udp') or name not in _SERVICES:
        raise OSError('service/proto not found')
    return _SERVICES[name]


def getservbyport(port, protocol=None):
    for name, number in _SERVICES.items():
        if number == port and protocol in (None, 'tcp', 'udp'):
            return name
    raise OSError('port/proto not found')


def getprotobyname(name):
    if name not in _PROTOCOLS:
        raise OSError('protocol not found')
    return _PROTOCOLS[name]


# ---- numbers and text ------------------------------------------------------------------------------------------

def _swap(value, size, name):
    # WebAssembly is little-endian, so the order of the network is always the other one.
    if not 0 <= value < 1 << 8 * size:
        raise OverflowError(f'{name}: Python int out of range for {8 * size} bits')
    return int.from_bytes(value.to_bytes(size, 'little'), 'big')


def htons(value):
    return _swap(value, 2, 'htons')


def ntohs(value):
    return _swap(value, 2, 'ntohs')


def htonl(value):
    return _swap(value, 4, 'htonl')


def ntohl(value):
    return _swap(value, 4, 'ntohl')


def inet_pton(family, text):
    if family not in (AF_INET, AF_INET6):
        raise OSError(_errno.EAFNOSUPPORT, 'unknown address family')
    packed = _wasisocket._ip_bytes(family, text) if '%' not in text else None
    if packed is None:
        raise OSError('illegal IP address string passed to inet_pton')
    return packed


def inet_ntop(family, packed):
    if family not in (AF_INET, AF_INET6):
        raise ValueError(f'unknown address family {family}')
    if len(packed) != (4 if family == AF_INET else 16):
        raise ValueError('invalid length of packed IP address string')
    return _wasisocket._ip_text(family, bytes(packed))


def inet_aton(text):
    packed = _wasisocket._ip_bytes(AF_INET, text)
    if packed is None:
        raise OSError('illegal IP address string passed to inet_aton')
    return packed


def inet_ntoa(packed):
    if len(packed) != 4:
        raise OSError('packed IP wrong length')
    return _wasisocket._ip_text(AF_INET, bytes(packed))


# ---- descriptors -----------------------------------------------------------------------------------------------

def close(fd):
    """Closes a socket's descriptor."""
    try:
        _wasisocket._wasisocket.sock_close(fd)
    except OSError as failure:
        _wasisocket._raise(failure)


def dup(fd):
    raise OSError(_errno.ENOTSUP, 'Not supported: a WASI guest cannot duplicate a descriptor')


# `from _socket import *` takes these: all the names above that do not begin with an underscore.
__all__ = [name for name in dir() if not name.startswith('_')]
