"""Stands in for the module ssl of the standard library: TLS that the host does for the guest.

wasisocket.install() puts it there; see wasisocket. SSLContext.wrap_socket() has the host start TLS on an open socket
(`sock_starttls`); from then on the guest sends and receives plain bytes, and the host verifies the certificate.

What the host decides alone is refused here, never ignored: client certificates, ciphers, and TLS as a server raise
OSError with ENOTSUP. Authorities given to a context are trusted *instead of* the host's, not beside them. A version
that minimum_version, maximum_version or options exclude is refused after the handshake.
"""

import base64 as _base64
import errno as _errno
import os as _os
import socket as _socket
from enum import Enum as _Enum, IntEnum as _IntEnum, IntFlag as _IntFlag

import _wasisocket

HAS_SNI = HAS_ALPN = HAS_TLSv1_2 = HAS_TLSv1_3 = HAS_ECDH = True
HAS_NPN = HAS_SSLv2 = HAS_SSLv3 = HAS_TLSv1 = HAS_TLSv1_1 = HAS_NEVER_CHECK_COMMON_NAME = False

OPENSSL_VERSION = 'TLS of the WASI host'
OPENSSL_VERSION_NUMBER = 0
OPENSSL_VERSION_INFO = (0, 0, 0, 0, 0)

PEM_HEADER = '-----BEGIN CERTIFICATE-----'
PEM_FOOTER = '-----END CERTIFICATE-----'

_NO_VERIFY = 1
_NO_NAME_CHECK = 2
_PROTOCOL, _CIPHER, _ALPN, _CERTIFICATE = range(4)


class VerifyMode(_IntEnum):
    CERT_NONE = 0
    CERT_OPTIONAL = 1
    CERT_REQUIRED = 2


CERT_NONE, CERT_OPTIONAL, CERT_REQUIRED = VerifyMode


class TLSVersion(_IntEnum):
    MINIMUM_SUPPORTED = -2
    SSLv3 = 768
    TLSv1 = 769
    TLSv1_1 = 770
    TLSv1_2 = 771
    TLSv1_3 = 772
    MAXIMUM_SUPPORTED = -1


class _SSLMethod(_IntEnum):
    PROTOCOL_TLS = 2
    PROTOCOL_TLS_CLIENT = 16
    PROTOCOL_TLS_SERVER = 17


PROTOCOL_TLS, PROTOCOL_TLS_CLIENT, PROTOCOL_TLS_SERVER = _SSLMethod
PROTOCOL_SSLv23 = PROTOCOL_TLS


class Options(_IntFlag):
    OP_NO_COMPRESSION = 0x20000
    OP_NO_SSLv2 = 0
    OP_NO_SSLv3 = 0x2000000
    OP_NO_TICKET = 0x4000
    OP_NO_TLSv1 = 0x4000000
    OP_NO_TLSv1_1 = 0x10000000
    OP_NO_TLSv1_2 = 0x8000000
    OP_NO_TLSv1_3 = 0x20000000
    OP_ALL = 0x80000050


OP_NO_COMPRESSION = Options.OP_NO_COMPRESSION
OP_NO_SSLv2 = Options.OP_NO_SSLv2
OP_NO_SSLv3 = Options.OP_NO_SSLv3
OP_NO_TICKET = Options.OP_NO_TICKET
OP_NO_TLSv1 = Options.OP_NO_TLSv1
OP_NO_TLSv1_1 = Options.OP_NO_TLSv1_1
OP_NO_TLSv1_2 = Options.OP_NO_TLSv1_2
OP_NO_TLSv1_3 = Options.OP_NO_TLSv1_3
OP_ALL = Options.OP_ALL


_NO_VERSION = {
    TLSVersion.TLSv1: OP_NO_TLSv1,
    TLSVersion.TLSv1_1: OP_NO_TLSv1_1,
    TLSVersion.TLSv1_2: OP_NO_TLSv1_2,
    TLSVersion.TLSv1_3: OP_NO_TLSv1_3,
}


class VerifyFlags(_IntFlag):
    VERIFY_DEFAULT = 0
    VERIFY_X509_STRICT = 0x20
    VERIFY_X509_TRUSTED_FIRST = 0x8000
    VERIFY_X509_PARTIAL_CHAIN = 0x80000


VERIFY_DEFAULT = VerifyFlags.VERIFY_DEFAULT
VERIFY_X509_STRICT = VerifyFlags.VERIFY_X509_STRICT
VERIFY_X509_TRUSTED_FIRST = VerifyFlags.VERIFY_X509_TRUSTED_FIRST
VERIFY_X509_PARTIAL_CHAIN = VerifyFlags.VERIFY_X509_PARTIAL_CHAIN


class Purpose(_Enum):
    SERVER_AUTH = '1.3.6.1.5.5.7.3.1'
    CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'


# ---- failures --------------------------------------------------------------------------------------------------

class SSLError(OSError):
    """TLS failed; the text is the host's."""

    library = 'SSL'
    reason = None

    def __str__(self):
        return self.strerror if isinstance(self.strerror, str) else super().__str__()


class SSLZeroReturnError(SSLError):
    """The connection was closed cleanly."""


class SSLWantReadError(SSLError):
    """Never raised: the host waits for the handshake."""


class SSLWantWriteError(SSLError):
    """Never raised: the host waits for the handshake."""


class SSLSyscallError(SSLError):
    """Never raised: a failing connection raises its own OSError."""


class SSLEOFError(SSLError):
    """Never raised: a connection that ends early raises ConnectionResetError."""


class SSLCertVerificationError(SSLError, ValueError):
    """The host did not accept the peer's certificate."""

    verify_code = 0

    @property
    def verify_message(self):
        return self.strerror


CertificateError = SSLCertVerificationError
SSL_ERROR_SSL = 1


def _unsupported(what):
    return OSError(_errno.ENOTSUP, f'Not supported: {what}; the WASI host does TLS for its guests')


def _tls_failure(failure):
    if failure.errno == _errno.EACCES:
        reason = 'CERTIFICATE_VERIFY_FAILED'
        wrapped = SSLCertVerificationError(SSL_ERROR_SSL, f'[SSL: {reason}] {failure.strerror}')
    elif failure.errno == _errno.EPROTO:
        reason = 'HANDSHAKE_FAILURE'
        wrapped = SSLError(SSL_ERROR_SSL, f'[SSL: {reason}] {failure.strerror}')
    elif failure.errno == _errno.ETIMEDOUT:
        return TimeoutError('The handshake operation timed out')
    else:
        return OSError(*failure.args)
    wrapped.reason = reason
    return wrapped


# ---- certificates ----------------------------------------------------------------------------------------------

def DER_cert_to_PEM_cert(der):
    text = _base64.b64encode(der).decode('ascii')
    lines = [text[start:start + 64] for start in range(0, len(text), 64)]
    return '\n'.join([PEM_HEADER, *lines, PEM_FOOTER]) + '\n'


def PEM_cert_to_DER_cert(pem):
    text = pem.strip()
    if not text.startswith(PEM_HEADER):
        raise ValueError(f'Invalid PEM encoding; must start with {PEM_HEADER}')
    if not text.endswith(PEM_FOOTER):
        raise ValueError(f'Invalid PEM encoding; must end with {PEM_FOOTER}')
    return _base64.b64decode(text[len(PEM_HEADER):-len(PEM_FOOTER)])


def get_server_certificate(addr, ca_certs=None, timeout=None):
    """The certificate of a server, in PEM; verified when ca_certs is given."""
    context = _create_unverified_context() if ca_certs is None else create_default_context(cafile=ca_certs)
    context.check_hostname = False
    with _socket.create_connection(addr, timeout) as sock:
        with context.wrap_socket(sock, server_hostname=addr[0]) as tls:
            return DER_cert_to_PEM_cert(tls.getpeercert(True))


def RAND_bytes(count):
    return _os.urandom(count)


def RAND_status():
    return True


# ---- contexts --------------------------------------------------------------------------------------------------

class SSLContext:
    """What a connection must satisfy."""

    post_handshake_auth = None
    keylog_filename = None
    hostname_checks_common_name = False

    def __init__(self, protocol=PROTOCOL_TLS):
        self.protocol = _SSLMethod(protocol)
        client = self.protocol == PROTOCOL_TLS_CLIENT
        self._verify_mode = CERT_REQUIRED if client else CERT_NONE
        self._check_hostname = client
        self._authorities = []
        self._alpn = b''
        self.options = OP_ALL | OP_NO_COMPRESSION
        self.verify_flags = VERIFY_X509_TRUSTED_FIRST
        self.minimum_version = TLSVersion.TLSv1_2
        self.maximum_version = TLSVersion.MAXIMUM_SUPPORTED

    @property
    def verify_mode(self):
        return self._verify_mode

    @verify_mode.setter
    def verify_mode(self, value):
        mode = VerifyMode(value)
        if mode == CERT_NONE and self._check_hostname:
            raise ValueError('Cannot set verify_mode to CERT_NONE when check_hostname is enabled.')
        self._verify_mode = mode

    @property
    def check_hostname(self):
        return self._check_hostname

    @check_hostname.setter
    def check_hostname(self, value):
        self._check_hostname = bool(value)
        if value and self._verify_mode == CERT_NONE:
            self._verify_mode = CERT_REQUIRED

    def load_verify_locations(self, cafile=None, capath=None, cadata=None):
        """Trusts these authorities instead of the host's; call it again for more."""
        if cafile is None and capath is None and cadata is None:
            raise TypeError('cafile, capath and cadata cannot be all omitted')
        if capath is not None:
            raise _unsupported('capath')
        if cafile is not None:
            with open(cafile, 'rb') as file:
                self._trust(file.read())
        if isinstance(cadata, str):
            self._trust(cadata.encode('ascii'))
        elif cadata is not None:
            self._trust(DER_cert_to_PEM_cert(cadata).encode('ascii'))

    def _trust(self, pem):
        if PEM_HEADER.encode() not in pem:
            raise SSLError(SSL_ERROR_SSL, '[X509: NO_CERTIFICATE_OR_CRL_FOUND] no certificate in PEM form found')
        self._authorities.append(pem)

    def load_default_certs(self, purpose=Purpose.SERVER_AUTH):
        """The host's authorities are the default; nothing is to be loaded."""

    def set_default_verify_paths(self):
        """The host's authorities are the default; nothing is to be loaded."""

    def set_alpn_protocols(self, protocols):
        names = [bytes(protocol, 'ascii') for protocol in protocols]
        for name in names:
            if not 0 < len(name) < 256:
                raise SSLError('ALPN protocols must be 1 to 255 bytes long')
        # RFC 7301, 3.1: each name follows a byte with its length.
        self._alpn = b''.join(bytes([len(name)]) + name for name in names)

    def load_cert_chain(self, certfile, keyfile=None, password=None):
        raise _unsupported('a client certificate')

    def set_ciphers(self, ciphers):
        raise _unsupported('a choice of ciphers')

    def wrap_bio(self, *_args, **_options):
        raise _unsupported('TLS over memory (wrap_bio)')

    def wrap_socket(self, sock, server_side=False, do_handshake_on_connect=True, suppress_ragged_eofs=True,
                    server_hostname=None, session=None):
        """Has the host start TLS on a stream; the socket given is used up, as in the standard library."""
        if server_side or self.protocol == PROTOCOL_TLS_SERVER:
            raise _unsupported('TLS as a server')
        if self._check_hostname and not server_hostname:
            raise ValueError('check_hostname requires server_hostname')
        return SSLSocket._wrap(sock, self, server_hostname, do_handshake_on_connect)

    def _start(self, fd, server_hostname):
        flags = 0 if self._check_hostname else _NO_NAME_CHECK
        if self._verify_mode == CERT_NONE:
            flags |= _NO_VERIFY
        _wasisocket.sock_starttls(fd, server_hostname or '', flags, b'\n'.join(self._authorities), self._alpn)

    def _accepts_version(self, name):
        version = TLSVersion[name.replace('.', '_')]
        lowest, highest = self.minimum_version, self.maximum_version
        if self.options & _NO_VERSION[version]:
            return False
        return (lowest < 0 or version >= lowest) and (highest < 0 or version <= highest)


def create_default_context(purpose=Purpose.SERVER_AUTH, *, cafile=None, capath=None, cadata=None):
    """A context that verifies; with the host's authorities unless others are given."""
    if purpose is not Purpose.SERVER_AUTH:
        raise _unsupported('TLS as a server')
    context = SSLContext(PROTOCOL_TLS_CLIENT)
    if cafile or capath or cadata:
        context.load_verify_locations(cafile, capath, cadata)
    return context


def _create_unverified_context(protocol=None, *, cert_reqs=CERT_NONE, check_hostname=False,
                               purpose=Purpose.SERVER_AUTH, certfile=None, keyfile=None, cafile=None, capath=None,
                               cadata=None):
    """A context that does not verify, unless cert_reqs or check_hostname say so."""
    if purpose is not Purpose.SERVER_AUTH:
        raise _unsupported('TLS as a server')
    context = SSLContext(PROTOCOL_TLS_CLIENT if protocol is None else protocol)
    context.check_hostname = check_hostname
    if not check_hostname or cert_reqs != CERT_NONE:
        context.verify_mode = cert_reqs
    if certfile or keyfile:
        context.load_cert_chain(certfile, keyfile)
    if cafile or capath or cadata:
        context.load_verify_locations(cafile, capath, cadata)
    return context


# What http.client and urllib.request call.
_create_default_https_context = create_default_context


# ---- sockets ---------------------------------------------------------------------------------------------------

class SSLSocket(_socket.socket):
    """A stream that carries TLS; made by SSLContext.wrap_socket()."""

    __slots__ = ('_context', 'server_hostname', '_at_connect', '_secured')

    server_side = False
    session = None
    session_reused = False

    def __init__(self, *_args, **_options):
        raise TypeError('SSLSocket does not have a public constructor. Instances are returned by '
                        'SSLContext.wrap_socket().')

    @classmethod
    def _wrap(cls, sock, context, server_hostname, handshake):
        if sock.type != _socket.SOCK_STREAM:
            raise NotImplementedError('only stream sockets are supported')
        wait = sock.gettimeout()
        self = cls.__new__(cls)
        _socket.socket.__init__(self, sock.family, sock.type, sock.proto, fileno=sock.fileno())
        sock.detach()
        self._context, self.server_hostname = context, server_hostname
        self._at_connect, self._secured = handshake, False
        self.settimeout(wait)
        try:
            if handshake and self._is_connected():
                self.do_handshake()
        except BaseException:
            self.close()
            raise
        return self

    @property
    def context(self):
        return self._context

    def _is_connected(self):
        try:
            self.getpeername()
        except OSError as failure:
            if failure.errno == _errno.ENOTCONN:
                return False
            raise
        return True

    def do_handshake(self, block=False):
        if self._secured:
            return
        try:
            self._context._start(self.fileno(), self.server_hostname)
        except OSError as failure:
            raise _tls_failure(failure) from None
        self._secured = True
        if not self._context._accepts_version(self.version()):
            version = self.version()
            self.close()
            raise SSLError(SSL_ERROR_SSL, f'[SSL: UNSUPPORTED_PROTOCOL] the context does not accept {version}')

    def connect(self, address):
        super().connect(address)
        if self._at_connect:
            self.do_handshake()

    def connect_ex(self, address):
        code = super().connect_ex(address)
        if code == 0 and self._at_connect:
            self.do_handshake()
        return code

    def _info(self, what):
        if not self._secured:
            return None
        try:
            return _wasisocket.sock_tls_info(self.fileno(), what)
        except OSError as failure:
            raise _tls_failure(failure) from None

    def version(self):
        """The protocol, as 'TLSv1.3'; None before the handshake."""
        protocol = self._info(_PROTOCOL)
        return None if protocol is None else protocol.decode('ascii')

    def cipher(self):
        """(name, protocol, None): the host does not tell the number of secret bits."""
        name = self._info(_CIPHER)
        return None if name is None else (name.decode('ascii'), self.version(), None)

    def selected_alpn_protocol(self):
        return (self._info(_ALPN) or b'').decode('ascii') or None

    def selected_npn_protocol(self):
        return None

    def compression(self):
        return None

    def getpeercert(self, binary_form=False):
        """The peer's certificate: DER, or a dict of its subject, its names and its dates."""
        der = self._info(_CERTIFICATE)
        if der is None:
            raise ValueError('handshake not done yet')
        if binary_form:
            return der or None
        if self._context.verify_mode == CERT_NONE:
            return {}
        from wasisocket_x509 import describe
        return describe(der)

    def get_channel_binding(self, cb_type='tls-unique'):
        return None

    def pending(self):
        return 0

    def read(self, length=1024, buffer=None):
        return self.recv(length) if buffer is None else self.recv_into(buffer, length)

    def write(self, data):
        return self.send(data)

    def unwrap(self):
        raise _unsupported('going back to plain text (unwrap)')
