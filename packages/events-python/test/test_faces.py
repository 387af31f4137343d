"""The blocking face, unixevents and lines, each with both ends of this package."""

import asyncio
import os
import tempfile
import threading
import time
import unittest

from uds_events import EventsError, RemoteError, blocking
from uds_events.lines import LineClient, LineServer, UnixSocket
from uds_events.unixevents import Decoder, Linker, UnixEvents, encode

WAIT = 10


def until(condition):
    end = time.monotonic() + WAIT
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("it did not come to that")
        time.sleep(0.002)


class Folder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.path = os.path.join(folder.name, "s")


class Blocking(Folder):
    def test_every_call_from_many_threads(self):
        with blocking.EventServer.listen(self.path, joinable=lambda peer, room: room == "room") as server:
            heard = []
            server.on("say", lambda data, peer: heard.append(data))
            server.handle("echo", lambda data, peer: data)
            server.handle("count", lambda up_to, peer: range(up_to))
            self.assertEqual(os.stat(self.path).st_mode & 0o777, 0o600)
            with blocking.EventClient.connect(self.path, name="ann") as client:
                threads = [
                    threading.Thread(target=lambda: [client.send("say", at) for at in range(50)]) for _ in range(4)
                ]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
                self.assertEqual(sorted(heard), sorted(list(range(50)) * 4))
                self.assertEqual(client.request("echo", {"a": [None, "ü"]}), {"a": [None, "ü"]})
                self.assertEqual(client.request("echo", b"\x00\xff"), b"\x00\xff")
                self.assertEqual(list(client.stream("count", 200)), list(range(200)))
                got = threading.Event()
                client.on("told", lambda data: got.set())
                client.join("room")
                self.assertEqual(server.broadcast("told", 1, room="room"), 1)
                self.assertTrue(got.wait(WAIT))
                with self.assertRaises(RemoteError) as caught:
                    client.join("another")
                self.assertEqual(caught.exception.code, "ERR_UNAUTHORIZED")
                with self.assertRaises(EventsError) as caught:
                    client.emit("drain", 1)
                self.assertEqual(caught.exception.code, "ERR_INVALID_NAME")
        self.assertFalse(os.path.exists(self.path))

    def test_a_live_socket_is_not_taken_and_a_dead_one_is(self):
        with blocking.EventServer.listen(self.path):
            with self.assertRaises(OSError):
                blocking.EventServer.listen(self.path)
        import socket

        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(self.path)
        blocking.EventServer.listen(self.path).close()

    def test_a_wrong_token_and_a_wrong_address_are_refused(self):
        with blocking.EventServer.listen(self.path, token="secret") as server:
            server.on("error", lambda error: None)
            for token in (None, "", "wrong", "wröng"):
                with self.assertRaises(RemoteError) as caught:
                    blocking.EventClient.connect(self.path, token=token)
                self.assertEqual(caught.exception.code, "ERR_UNAUTHORIZED")
            blocking.EventClient.connect(self.path, token="secret").close()
        with self.assertRaises(OSError):
            blocking.EventClient.connect(self.path)
        with self.assertRaises(ValueError):
            blocking.EventClient.connect("ftp:x")


class Unixevents(Folder):
    def pair(self):
        server = UnixEvents("server", "c", directory=self.folder)
        self.addCleanup(server.close)
        client = Linker("client", "c", directory=self.folder)
        self.addCleanup(client.close)
        return server, client

    def test_values_keep_their_kind_both_ways(self):
        server, client = self.pair()
        values = ["text", 1, -0.5, True, None, {"a": [1]}, [1, "x"], "a;;b", "ü", ""]
        for sender, receiver in ((server, client), (client, server)):
            got, done = [], threading.Event()
            receiver.receive("v", lambda data: (got.append(data), len(got) == len(values) and done.set()))
            for value in values:
                self.assertTrue(sender.send("v", value))
            self.assertTrue(done.wait(WAIT))
            self.assertEqual(got, values)

    def test_once_remove_callbacks_and_a_server_that_comes_back(self):
        server, client = self.pair()
        once, heard, both = [], [], threading.Semaphore(0)
        server.receive_once("a", once.append)
        server.receive("a", lambda data: (heard.append(data), both.release()))
        answers = []
        for at in range(2):
            client.send("a", at, lambda error, success: answers.append((error, success)))
            self.assertTrue(both.acquire(timeout=WAIT))
        self.assertEqual((once, heard), ([0], [0, 1]))
        self.assertEqual(answers, [(None, True), (None, True)])
        self.assertTrue(asyncio.run(client.send_sync("a", 2)))
        self.assertTrue(both.acquire(timeout=WAIT))
        server.close()
        again = UnixEvents("server", "c", directory=self.folder)
        self.addCleanup(again.close)
        back = threading.Event()
        again.receive("b", lambda data: back.set())
        while not back.wait(0.05):
            client.send("b", 1)

    def test_a_client_without_a_server_and_wrong_arguments_are_false(self):
        linker = UnixEvents()
        self.assertFalse(asyncio.run(linker.init("neither", "c")))
        self.assertIsInstance(linker.last_error, ValueError)
        self.assertFalse(linker.send("", 1))

    def test_the_decoder_takes_any_split_and_text_with_semicolons(self):
        data = encode("c-", "a", {"x": ";;"}) + b'{"event":"c-b","payload":"1;;2"};;' + b'nonsense;;' + encode("c-", "c", 1)
        for size in (1, 3, len(data)):
            decoder, got = Decoder("c-"), []
            for at in range(0, len(data), size):
                got += decoder.feed(data[at : at + size])
            self.assertEqual(got[:2], [("a", {"x": ";;"}), ("b", "1;;2")])


class Lines(Folder):
    def test_lines_acknowledgements_and_broadcasts(self):
        heard = []
        with LineServer(self.path, with_ack=True, with_broadcast=True, handler=heard.append).start() as server:
            with LineClient(self.path) as one, LineClient(self.path) as two:
                until(lambda: server.clients == 2)
                self.assertEqual(one.send_and_wait("hello"), "__ACK__\n")
                self.assertEqual(two.receive(), "hello")
                self.assertEqual(heard, ["hello"])
                with self.assertRaises(ValueError):
                    one.send("two\nlines")
                one.exit()
                until(lambda: server.clients == 1)
                self.assertEqual(server.broadcast("all"), 1)
                self.assertEqual(two.receive(), "all")
                server.shutdown()
                self.assertIsNone(two.receive())
        self.assertFalse(os.path.exists(self.path))

    def test_the_names_of_py_unix_socket_and_a_handler_that_raises(self):
        def worker(line):
            if line == "bad":
                raise RuntimeError("bad")

        with UnixSocket(cust_add_namespace=self.path, with_ack=True, ack_message="ok\n", custom_handler=worker) as ipc:
            thread = threading.Thread(target=ipc.start().run)
            thread.start()
            with LineClient(self.path) as client:
                with self.assertLogs("uds_events.lines"):
                    client.send("bad")
                    self.assertEqual(client.send_and_wait("good", "ok\n"), "ok\n")
            ipc.shutdown()
            thread.join(WAIT)
            self.assertFalse(thread.is_alive())


if __name__ == "__main__":
    unittest.main()
