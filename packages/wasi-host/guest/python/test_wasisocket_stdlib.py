"""Tests of wasisocket.install(), to be run inside of the guest: python test_wasisocket_stdlib.py

The host must allow what test_wasisocket.py needs.
"""

import wasisocket

wasisocket.install()

import errno
import http.client
import io
import select
import selectors
import socket
import ssl
import sys
import unittest
import urllib.request


class Switch(unittest.TestCase):
    def test_socket_is_built_on_wasisocket(self):
        self.assertTrue(issubclass(socket.socket, wasisocket.Socket))

    def test_ssl_is_the_stand_in(self):
        self.assertEqual(ssl.OPENSSL_VERSION, 'TLS of the WASI host')
        self.assertTrue(hasattr(http.client, 'HTTPSConnection'))
        self.assertTrue(hasattr(urllib.request, 'HTTPSHandler'))

    def test_installing_again_does_nothing(self):
        finders = list(sys.meta_path)
        wasisocket.install()
        self.assertEqual(sys.meta_path, finders)


class Names(unittest.TestCase):
    def test_getaddrinfo_has_the_shape_of_the_standard_library(self):
        self.assertEqual(
            socket.getaddrinfo('127.0.0.1', 'http', type=socket.SOCK_STREAM),
            [(socket.AF_INET, socket.SOCK_STREAM, 6, '', ('127.0.0.1', 80))],
        )
        self.assertEqual(
            socket.getaddrinfo('::1', 80, type=socket.SOCK_DGRAM),
            [(socket.AF_INET6, socket.SOCK_DGRAM, 17, '', ('::1', 80, 0, 0))],
        )
        families = {entry[0] for entry in socket.getaddrinfo('localhost', 80)}
        self.assertLessEqual(families, {socket.AF_INET, socket.AF_INET6})

    def test_getaddrinfo_without_a_name(self):
        passive = socket.getaddrinfo(None, 80, socket.AF_INET, socket.SOCK_STREAM, 0, socket.AI_PASSIVE)
        self.assertEqual(passive[0][4], ('0.0.0.0', 80))
        self.assertEqual(socket.getaddrinfo(None, 80, socket.AF_INET)[0][4], ('127.0.0.1', 80))

    def test_wrong_names_are_gaierror(self):
        for arguments in (None, None), ('127.0.0.1', 'no-such-service'), ('::1', 80, socket.AF_INET), \
                ('localhost', 80, 0, 0, 0, socket.AI_NUMERICHOST), ('127.0.0.1', 80, 99):
            with self.assertRaises(socket.gaierror):
                socket.getaddrinfo(*arguments)

    def test_numbers_and_text(self):
        self.assertEqual(socket.htons(0x1234), 0x3412)
        self.assertEqual(socket.ntohl(0x01020304), 0x04030201)
        self.assertEqual(socket.inet_aton('1.2.3.4'), b'\1\2\3\4')
        for text in '255.0.0.1', '1.2.3.4':
            self.assertEqual(socket.inet_ntop(socket.AF_INET, socket.inet_pton(socket.AF_INET, text)), text)
        for text in '::1', 'fe80::1:2', '2001:db8::':
            self.assertEqual(socket.inet_ntop(socket.AF_INET6, socket.inet_pton(socket.AF_INET6, text)), text)
        for text in '1.2.3', '1.2.3.4.5', '1.2.3.256', '', 'a':
            with self.assertRaises(OSError):
                socket.inet_pton(socket.AF_INET, text)

    def test_services(self):
        self.assertEqual(socket.getservbyname('https'), 443)
        self.assertEqual(socket.getservbyport(80, 'tcp'), 'http')
        self.assertEqual(socket.getnameinfo(('127.0.0.1', 443), 0), ('127.0.0.1', 'https'))


class Sockets(unittest.TestCase):
    def setUp(self):
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.addCleanup(self.listener.close)
        self.address = self.listener.getsockname()

    def pair(self):
        client = socket.create_connection(self.address, timeout=10)
        self.addCleanup(client.close)
        server, _ = self.listener.accept()
        self.addCleanup(server.close)
        return client, server

    def test_makefile(self):
        client, server = self.pair()
        with server.makefile('w', encoding='ascii') as file:
            file.write('one\ntwo\n')
        server.shutdown(socket.SHUT_WR)
        with client.makefile('r', encoding='ascii') as file:
            self.assertEqual(file.readlines(), ['one\n', 'two\n'])

    def test_family_and_type_are_enums(self):
        client, _ = self.pair()
        self.assertIs(client.family, socket.AddressFamily.AF_INET)
        self.assertIs(client.type, socket.SocketKind.SOCK_STREAM)
        self.assertIn('raddr=', repr(client))

    def test_select_and_selectors(self):
        client, server = self.pair()
        self.assertEqual(select.select([client], [], [], 0), ([], [], []))
        server.sendall(b'x')
        self.assertEqual(select.select([client], [], [], 10), ([client], [], []))
        with selectors.DefaultSelector() as selector:
            selector.register(client, selectors.EVENT_READ, 'tag')
            (key, events), = selector.select(10)
            self.assertEqual((key.data, events), ('tag', selectors.EVENT_READ))

    def test_non_blocking_connect(self):
        with socket.socket() as client:
            client.setblocking(False)
            self.assertIn(client.connect_ex(self.address), (0, errno.EINPROGRESS))
            _, writable, _ = select.select([], [client], [], 10)
            self.assertEqual(writable, [client])
            self.assertEqual(client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), 0)
            server, _ = self.listener.accept()
            server.close()

    def test_timeouts_are_those_of_the_standard_library(self):
        client, _ = self.pair()
        client.settimeout(0.01)
        with self.assertRaises(socket.timeout) as caught:
            client.recv(1)
        self.assertEqual(str(caught.exception), 'timed out')
        client.setblocking(False)
        with self.assertRaises(BlockingIOError):
            client.recv(1)

    def test_datagrams_with_flags(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as first, \
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as second:
            first.bind(('127.0.0.1', 0))
            first.settimeout(10)
            second.sendto(b'data', 0, first.getsockname())
            buffer = bytearray(8)
            count, sender = first.recvfrom_into(buffer)
            self.assertEqual(bytes(buffer[:count]), b'data')
            self.assertEqual(sender[1], second.getsockname()[1])

    def test_dup_is_refused_in_words(self):
        with socket.socket() as sock, self.assertRaises(OSError) as caught:
            sock.dup()
        self.assertEqual(caught.exception.errno, errno.ENOTSUP)

    def test_http_client_reads_a_response(self):
        client = http.client.HTTPConnection(*self.address, timeout=10)
        client.request('GET', '/')
        server, _ = self.listener.accept()
        with server:
            self.assertTrue(server.recv(4096).startswith(b'GET / HTTP/1.1\r\n'))
            server.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
            response = client.getresponse()
            self.assertEqual((response.status, response.read()), (200, b'ok'))
        client.close()


class Tls(unittest.TestCase):
    """What is decided before the host is asked."""

    def test_a_default_context_verifies(self):
        context = ssl.create_default_context()
        self.assertEqual((context.verify_mode, context.check_hostname), (ssl.CERT_REQUIRED, True))
        with self.assertRaises(ValueError):
            context.verify_mode = ssl.CERT_NONE
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE

    def test_an_unverified_context_verifies_what_it_is_told_to(self):
        self.assertEqual(ssl._create_unverified_context().verify_mode, ssl.CERT_NONE)
        self.assertEqual(ssl._create_unverified_context(cert_reqs=ssl.CERT_REQUIRED).verify_mode, ssl.CERT_REQUIRED)
        context = ssl._create_unverified_context(check_hostname=True)
        self.assertEqual((context.verify_mode, context.check_hostname), (ssl.CERT_REQUIRED, True))

    def test_versions_are_excluded_by_limits_and_by_options(self):
        context = ssl.create_default_context()
        self.assertTrue(context._accepts_version('TLSv1.2') and context._accepts_version('TLSv1.3'))
        self.assertFalse(context._accepts_version('TLSv1.1'))
        context.options |= ssl.OP_NO_TLSv1_2
        self.assertFalse(context._accepts_version('TLSv1.2'))
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        self.assertFalse(context._accepts_version('TLSv1.3'))

    def test_a_name_is_demanded(self):
        with socket.socket() as sock, self.assertRaises(ValueError):
            ssl.create_default_context().wrap_socket(sock)

    def test_what_only_the_host_could_do_is_refused(self):
        context = ssl.create_default_context()
        with socket.socket() as sock:
            for call in (
                lambda: context.wrap_socket(sock, server_side=True),
                lambda: context.load_cert_chain('cert.pem'),
                lambda: context.set_ciphers('ALL'),
                lambda: context.wrap_bio(io.BytesIO(), io.BytesIO()),
            ):
                with self.assertRaises(OSError) as caught:
                    call()
                self.assertEqual(caught.exception.errno, errno.ENOTSUP)

    def test_wrong_authorities_are_refused(self):
        context = ssl.create_default_context()
        with self.assertRaises(ssl.SSLError):
            context.load_verify_locations(cadata='no certificate')
        with self.assertRaises(TypeError):
            context.load_verify_locations()

    def test_pem_and_der(self):
        der = bytes(range(200))
        self.assertEqual(ssl.PEM_cert_to_DER_cert(ssl.DER_cert_to_PEM_cert(der)), der)


if __name__ == '__main__':
    unittest.main(verbosity=2)
