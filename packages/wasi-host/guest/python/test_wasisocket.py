"""Tests of wasisocket, to be run inside of the guest: python test_wasisocket.py

They need no server: each listens by itself on 127.0.0.1, so the host must allow `bind:127.0.0.1:*`,
`connect:127.0.0.1:*` and `resolve:localhost`, `connect:localhost:*`. With WASISOCKET_ECHO=host:port the connection
tests talk to that echo server instead.
"""

import errno
import os
import sys
import unittest

import _wasisocket
import wasisocket
from wasisocket import AF_INET, AF_INET6, SO_KEEPALIVE, SO_REUSEADDR, SOCK_DGRAM, SOCK_STREAM, SOL_SOCKET, Socket

LOOPBACK = b'\x7f\0\0\1'


def free_port():
    """A port on which nobody listens: it was free a moment ago."""
    with Socket() as sock:
        sock.bind(('127.0.0.1', 0))
        return sock.getsockname()[1]


class Import(unittest.TestCase):
    def test_constants_are_those_of_linux(self):
        expected = {
            'AF_INET': 2, 'AF_INET6': 10, 'SOCK_STREAM': 1, 'SOCK_DGRAM': 2, 'SOL_SOCKET': 1, 'SO_REUSEADDR': 2,
            'SO_KEEPALIVE': 9, 'IPPROTO_TCP': 6, 'TCP_NODELAY': 1,
        }
        self.assertEqual({name: getattr(wasisocket, name) for name in expected}, expected)

    def test_all_names_exist(self):
        for name in wasisocket.__all__:
            self.assertTrue(hasattr(wasisocket, name), name)

    def test_low_level_calls_exist(self):
        for name in 'open', 'resolve', 'connect', 'send', 'recv', 'close':
            self.assertTrue(callable(getattr(_wasisocket, f'sock_{name}')), name)

    def test_aliases(self):
        self.assertIs(wasisocket.socket, Socket)
        self.assertIs(wasisocket.SocketError, wasisocket.error)
        self.assertTrue(wasisocket.has_ipv6)


class Open(unittest.TestCase):
    def test_open_and_close(self):
        for family in AF_INET, AF_INET6:
            for kind in SOCK_STREAM, SOCK_DGRAM:
                fd = _wasisocket.sock_open(family, kind)
                self.assertGreaterEqual(fd, 0)
                _wasisocket.sock_close(fd)

    def test_unknown_family_and_type_are_refused(self):
        for family, kind in (99, SOCK_STREAM), (AF_INET, 99):
            with self.assertRaises(OSError) as caught:
                _wasisocket.sock_open(family, kind)
            self.assertIn(caught.exception.errno, (errno.EAFNOSUPPORT, errno.EPROTOTYPE))

    def test_closing_what_is_not_open_is_ebadf(self):
        fd = _wasisocket.sock_open(AF_INET, SOCK_STREAM)
        _wasisocket.sock_close(fd)
        with self.assertRaises(OSError) as caught:
            _wasisocket.sock_close(fd)
        self.assertEqual(caught.exception.errno, errno.EBADF)

    def test_wrong_arguments_are_refused_before_the_host_is_asked(self):
        with self.assertRaises(TypeError):
            _wasisocket.sock_open('inet', SOCK_STREAM)
        with self.assertRaises(OverflowError):
            _wasisocket.sock_connect(3, AF_INET, 65536, LOOPBACK)
        with self.assertRaises(ValueError):
            _wasisocket.sock_connect(3, AF_INET, 80, b'\x7f')
        with self.assertRaises(ValueError):
            _wasisocket.sock_connect(3, 99, 80, LOOPBACK)


class Resolve(unittest.TestCase):
    def test_ip_text(self):
        self.assertEqual(_wasisocket.sock_resolve('127.0.0.1', 80), [(AF_INET, 80, LOOPBACK)])

    def test_localhost(self):
        for family, port, packed in wasisocket.getaddrinfo('localhost', 8080):
            self.assertEqual(port, 8080)
            self.assertEqual(packed, {AF_INET: LOOPBACK, AF_INET6: bytes(15) + b'\1'}[family])

    def test_at_most_ten(self):
        self.assertLessEqual(len(wasisocket.getaddrinfo('localhost', 80)), 10)

    def test_unknown_name_is_gaierror(self):
        with self.assertRaises((wasisocket.gaierror, PermissionError)) as caught:
            wasisocket.getaddrinfo('nonexistent.invalid', 80)
        self.assertIsInstance(caught.exception, wasisocket.error)


class Wrapper(unittest.TestCase):
    """What Socket adds to the calls, without a connection."""

    def test_context_manager_closes(self):
        with Socket() as sock:
            self.assertGreaterEqual(sock.fileno(), 0)
        self.assertEqual(sock.fileno(), -1)

    def test_closing_twice_is_no_error_and_use_after_it_is(self):
        sock = Socket()
        sock.close()
        sock.close()
        with self.assertRaises(wasisocket.error) as caught:
            sock.send(b'x')
        self.assertEqual(caught.exception.errno, errno.EBADF)

    def test_repr_tells_what_it_is(self):
        with Socket() as sock:
            self.assertIn(f'fd={sock.fileno()}', repr(sock))
            self.assertIn('AF_INET', repr(sock))
            self.assertIn('SOCK_STREAM', repr(sock))
        self.assertIn('[closed]', repr(sock))

    def test_detach_leaves_the_descriptor_open(self):
        first = Socket()
        fd = first.detach()
        self.assertEqual(first.fileno(), -1)
        with Socket(fileno=fd) as second:
            self.assertEqual((second.family, second.type), (AF_INET, SOCK_STREAM))

    def test_options(self):
        with Socket() as sock:
            for name in SO_REUSEADDR, SO_KEEPALIVE:
                self.assertEqual(sock.getsockopt(SOL_SOCKET, name), 0)
                sock.setsockopt(SOL_SOCKET, name, 1)
                self.assertNotEqual(sock.getsockopt(SOL_SOCKET, name), 0)
            with self.assertRaises(wasisocket.error):
                sock.setsockopt(SOL_SOCKET, 9999, 1)

    def test_timeouts(self):
        with Socket() as sock:
            self.assertIsNone(sock.gettimeout())
            self.assertTrue(sock.getblocking())
            sock.settimeout(1.5)
            self.assertEqual(sock.gettimeout(), 1.5)
            sock.setblocking(False)
            self.assertEqual(sock.gettimeout(), 0.0)
            for wrong in -1, float('nan'):
                with self.assertRaises(ValueError):
                    sock.settimeout(wrong)

    def test_default_timeout(self):
        self.assertIsNone(wasisocket.getdefaulttimeout())
        wasisocket.setdefaulttimeout(2)
        try:
            with Socket() as sock:
                self.assertEqual(sock.gettimeout(), 2)
        finally:
            wasisocket.setdefaulttimeout(None)


class Connection(unittest.TestCase):
    """A client and a server; the server is in this guest unless WASISOCKET_ECHO names another."""

    def setUp(self):
        self.listener = wasisocket.create_server(('127.0.0.1', 0))
        self.addCleanup(self.listener.close)
        self.address = self.listener.getsockname()

    def pair(self):
        client = wasisocket.create_connection(self.address, timeout=10)
        self.addCleanup(client.close)
        server, _ = self.listener.accept()
        self.addCleanup(server.close)
        return client, server

    def test_echo(self):
        outside = os.environ.get('WASISOCKET_ECHO')
        if outside:
            host, _, port = outside.rpartition(':')
            client = wasisocket.create_connection((host, int(port)), timeout=10)
            self.addCleanup(client.close)
        else:
            client, server = self.pair()
        client.sendall(b'hello')
        if not outside:
            server.sendall(server.recv())
        self.assertEqual(client.recv(), b'hello')

    def test_end_of_stream_is_empty(self):
        client, server = self.pair()
        server.sendall(b'last words')
        server.shutdown(wasisocket.SHUT_WR)
        self.assertEqual(client.recv(4), b'last')
        self.assertEqual(client.recv(), b' words')
        self.assertEqual(client.recv(), b'')

    def test_the_other_direction_stays_open_after_shutdown(self):
        client, server = self.pair()
        client.shutdown(wasisocket.SHUT_WR)
        self.assertEqual(server.recv(), b'')
        server.sendall(b'late')
        self.assertEqual(client.recv(), b'late')

    def test_names_of_both_ends(self):
        client, server = self.pair()
        self.assertEqual(client.getpeername(), self.address)
        self.assertEqual(client.getsockname(), server.getpeername())

    def test_recv_into_and_peek(self):
        client, server = self.pair()
        server.sendall(b'abc')
        self.assertEqual(client.recv(3, wasisocket.MSG_PEEK)[:1], b'a')
        buffer = bytearray(10)
        self.assertEqual(client.recv_into(buffer, 3), 3)
        self.assertEqual(buffer[:3], b'abc')

    def test_a_name_is_connected_through_its_addresses_in_turn(self):
        # localhost may be ::1 first, where nobody listens.
        client = wasisocket.create_connection(('localhost', self.address[1]), timeout=10)
        self.addCleanup(client.close)
        server, _ = self.listener.accept()
        self.addCleanup(server.close)
        client.sendall(b'x')
        self.assertEqual(server.recv(), b'x')

    def test_low_level(self):
        fd = _wasisocket.sock_open(AF_INET, SOCK_STREAM)
        family, port, packed = _wasisocket.sock_resolve('127.0.0.1', self.address[1])[0]
        _wasisocket.sock_connect(fd, family, port, packed)
        server, _ = self.listener.accept()
        self.addCleanup(server.close)
        self.assertEqual(_wasisocket.sock_send(fd, b'data'), 4)
        self.assertEqual(server.recv(), b'data')
        server.sendall(b'reply')
        self.assertEqual(_wasisocket.sock_recv(fd, 4096), b'reply')
        _wasisocket.sock_close(fd)
        self.assertEqual(server.recv(), b'')

    def test_poll_tells_who_is_ready(self):
        client, server = self.pair()
        wanted = [(client.fileno(), _wasisocket.POLLIN)]
        self.assertEqual(_wasisocket.sock_poll(wanted, 0), [])
        server.sendall(b'x')
        (fd, events), = _wasisocket.sock_poll(wanted, 10_000)
        self.assertEqual(fd, client.fileno())
        self.assertTrue(events & _wasisocket.POLLIN)

    def test_datagrams(self):
        with Socket(AF_INET, SOCK_DGRAM) as first, Socket(AF_INET, SOCK_DGRAM) as second:
            first.bind(('127.0.0.1', 0))
            first.settimeout(10)
            self.assertEqual(second.sendto(b'one', first.getsockname()), 3)
            data, sender = first.recvfrom()
            self.assertEqual(data, b'one')
            second.settimeout(10)
            first.sendto(b'two', sender)
            self.assertEqual(second.recvfrom()[0], b'two')


class Errors(unittest.TestCase):
    def test_refused_is_socket_error_and_connection_refused_error(self):
        port = free_port()
        for kind in wasisocket.SocketError, ConnectionRefusedError, OSError:
            with Socket() as sock, self.assertRaises(kind) as caught:
                sock.connect(('127.0.0.1', port))
            self.assertEqual(caught.exception.errno, errno.ECONNREFUSED)
        with Socket() as sock:
            self.assertEqual(sock.connect_ex(('127.0.0.1', port)), errno.ECONNREFUSED)

    def test_a_timeout_is_timeout_error(self):
        with wasisocket.create_server(('127.0.0.1', 0)) as listener:
            listener.settimeout(0.01)
            for kind in wasisocket.timeout, TimeoutError, wasisocket.error:
                with self.assertRaises(kind):
                    listener.accept()

    def test_non_blocking_is_blocking_io_error(self):
        with wasisocket.create_server(('127.0.0.1', 0)) as listener:
            listener.setblocking(False)
            with self.assertRaises(BlockingIOError):
                listener.accept()

    def test_not_connected(self):
        with Socket() as sock, self.assertRaises(wasisocket.error) as caught:
            sock.recv()
        self.assertEqual(caught.exception.errno, errno.ENOTCONN)

    def test_address_in_use(self):
        with wasisocket.create_server(('127.0.0.1', 0)) as listener:
            with Socket() as sock, self.assertRaises(wasisocket.error) as caught:
                sock.bind(listener.getsockname())
            self.assertEqual(caught.exception.errno, errno.EADDRINUSE)

    def test_wrong_addresses_are_refused_before_the_host_is_asked(self):
        with Socket() as sock:
            for address, kind in (
                ('127.0.0.1:80', TypeError), (('127.0.0.1', '80'), TypeError), ((127, 80), TypeError),
                (('127.0.0.1', 70000), OverflowError),
            ):
                with self.assertRaises(kind):
                    sock.connect(address)


if __name__ == '__main__':
    print(f'wasisocket on Python {sys.version.split()[0]}, {sys.platform}')
    unittest.main(verbosity=2)
