"""Every vector of packages/events/protocol/vectors.json, tried with both ends of this package."""

import asyncio
import json
import os
import tempfile
import unittest
from pathlib import Path

from uds_events import NOTHING, Defer, EventClient, EventServer, EventsError
from uds_events import frames as f
from uds_events.payload import decode, encode

VECTORS = json.loads(
    Path(os.environ.get("UDS_VECTORS", Path(__file__).parents[2] / "events/protocol/vectors.json")).read_text("utf-8")
)
LIMIT = 10


def joined(parts):
    return b"".join(bytes.fromhex(p) if isinstance(p, str) else bytes.fromhex(p[0]) * p[1] for p in parts)


class Wire:
    """The other end of a connection, frame by frame."""

    def __init__(self, reader, writer):
        self.reader, self.writer, self.first = reader, writer, True

    def write(self, hex_):
        self.writer.write(bytes.fromhex(hex_))

    async def next(self):
        head = await asyncio.wait_for(self.reader.readexactly(8), LIMIT) if self.first else b""
        self.first = False
        length = await asyncio.wait_for(self.reader.readexactly(4), LIMIT)
        return head + length + await self.reader.readexactly(int.from_bytes(length, "little"))

    async def goodbye(self):
        try:
            while True:
                frame = await self.next()
                if frame.startswith(f.PREAMBLE):
                    frame = frame[8:]
                if frame[4] == f.GOODBYE:
                    return json.loads(frame[8:])["code"]
        except asyncio.IncompleteReadError:
            return None

    def close(self):
        self.writer.transport.abort()


def same(test, frame, step):
    """A frame is the one of a step; of a handshake and an error only the keys that count."""
    if "keys" not in step:
        test.assertEqual(frame.hex(), step["hex"])
        return
    expected = bytes.fromhex(step["hex"])
    if expected.startswith(f.PREAMBLE):
        test.assertEqual(frame[:8], f.PREAMBLE)
        frame, expected = frame[8:], expected[8:]
    test.assertEqual((frame[4], frame[6:8]), (expected[4], expected[6:8]))
    at = 8 if frame[4] <= f.EMIT else 16
    test.assertEqual(frame[8:at], expected[8:at])
    got, wanted = json.loads(frame[at:]), json.loads(expected[at:])
    for key in step["keys"]:
        test.assertEqual(got.get(key, 0), wanted.get(key, 0), key)


class Frames(unittest.TestCase):
    def test_preambles(self):
        for vector in VECTORS["preambles"]:
            with self.subTest(vector["what"]):
                first = bytes.fromhex(vector["hex"])
                if "code" in vector:
                    with self.assertRaises(EventsError) as caught:
                        f.check_preamble(first)
                    self.assertEqual(caught.exception.code, vector["code"])
                else:
                    self.assertEqual(f.check_preamble(first), vector["version"])

    def test_each_frame_however_it_is_split(self):
        data = f.PREAMBLE + bytes.fromhex("".join(vector["hex"] for vector in VECTORS["frames"]))
        for size in (1, 7, 64, len(data)):
            got = []
            reader = f.FrameReader(lambda *frame: got.append(frame), 1 << 20)
            for at in range(0, len(data), size):
                reader.feed(data[at : at + size])
            self.assertEqual(len(got), len(VECTORS["frames"]))
            for (type_, flags, name, id_, body), vector in zip(got, VECTORS["frames"]):
                words = vector["frame"]
                with self.subTest(vector["what"], size=size):
                    self.assertEqual(type_, words["number"])
                    self.assertEqual(flags, words["flags"])
                    self.assertEqual(name, words.get("nameId", 0))
                    self.assertEqual(id_, words.get("id", 0) + (words.get("window", 0) << 32))
                    if "text" in words:
                        self.assertEqual(f.decode_text(body, flags), words["text"])
                    elif "u32" in words:
                        self.assertEqual(f.count_in(type_, body), words["u32"])
                    else:
                        self.assertEqual(body.hex(), words.get("bytes", ""))
                    if "value" in vector:
                        self.assertEqual(decode(flags, body), vector["value"])

    def test_each_frame_is_written_so(self):
        for vector in VECTORS["frames"]:
            words = vector["frame"]
            if not vector["written"]:
                continue
            with self.subTest(vector["what"]):
                flags, body = words["flags"], b""
                if "value" in vector:
                    text_flag, body = encode(vector["value"])
                    flags = flags & ~f.LATIN1 | text_flag
                elif "text" in words:
                    text_flag, body = f.encode_text(words["text"])
                    flags = flags & ~f.LATIN1 | text_flag
                elif "u32" in words:
                    body = f.u32(words["u32"])
                elif "bytes" in words:
                    body = bytes.fromhex(words["bytes"])
                id_ = words["id"] + (words.get("window", 0) << 32) if "id" in words else -1
                frame = f.encode_frame(words["number"], flags, words.get("nameId", 0), id_, body)
                self.assertEqual(frame.hex(), vector["hex"])


class Sessions(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self._folder = tempfile.TemporaryDirectory()
        self.path = os.path.join(self._folder.name, "s")
        self.servers = []

    async def asyncTearDown(self):
        for server in self.servers:
            await server.close(0)
        self._folder.cleanup()

    async def serve(self, heard):
        """The program of the server that the vectors describe."""
        server = await EventServer.listen(self.path, keep_alive_ms=0)
        self.servers.append(server)
        put_off = []

        def bad(data, peer):
            heard.append(["bad", data])
            raise EventsError("E_BAD", "no good")

        def later(data, peer):
            heard.append(["later", data])
            if data not in put_off:
                put_off.append(data)
                raise Defer(20)

        async def never(_, peer):
            await asyncio.Event().wait()

        async def failing(_, peer):
            raise EventsError("E_FAIL", "failed")

        async def total(items, peer):
            return sum([item async for item in items])

        server.on("error", lambda error: None)
        server.on("say", lambda data, peer: heard.append(["say", data]))
        server.on("a", lambda data, peer: None)
        server.on("bad", bad)
        server.on("later", later)
        server.handle("echo", lambda data, peer: data)
        server.handle("fail", failing)
        server.handle("never", never)
        server.handle("count", lambda up_to, peer: range(1, up_to + 1))
        server.handle("sum", total)
        return server

    async def wire(self):
        return Wire(*await asyncio.open_unix_connection(self.path))

    async def test_what_a_server_refuses(self):
        await self.serve([])
        for vector in VECTORS["refusals"]:
            if vector["reader"] == "server":
                with self.subTest(vector["what"]):
                    wire = await self.wire()
                    wire.writer.write(joined(vector["bytes"]))
                    self.assertEqual(await wire.goodbye(), vector["code"])
                    wire.close()

    async def test_what_a_client_refuses(self):
        for vector in VECTORS["refusals"]:
            if vector["reader"] == "client":
                with self.subTest(vector["what"]):
                    accepted = asyncio.Queue()
                    os.path.exists(self.path) and os.unlink(self.path)
                    server = await asyncio.start_unix_server(lambda *pair: accepted.put_nowait(Wire(*pair)), self.path)
                    connecting = asyncio.ensure_future(EventClient.connect(self.path, reconnect=False))
                    wire = await accepted.get()
                    wire.writer.write(joined(vector["bytes"]))
                    self.assertEqual(await wire.goodbye(), vector["code"])
                    wire.close()
                    try:
                        client = await connecting
                        await client.close(0)
                    except EventsError as error:
                        self.assertEqual(error.code, vector["code"])
                    server.close()

    async def test_sessions_with_the_server(self):
        for vector in VECTORS["sessions"]:
            if "server" in vector["roles"]:
                with self.subTest(vector["what"]):
                    await self.play_server(vector)

    async def play_server(self, vector):
        heard = []
        server = await self.serve(heard)
        wire, sent = None, None
        for step in vector["steps"]:
            if "cut" in step:
                wire.close()
                while server.peers:
                    await asyncio.sleep(0.001)
                wire = None
            elif "second" in step:
                wire = None
            elif "server" in step:
                if "send" in step["server"]:
                    sent = asyncio.ensure_future(server.peers[0].send(*step["server"]["send"]))
                    sent.add_done_callback(lambda each: each.cancelled() or each.exception())
                elif "restart" in step["server"]:
                    await server.close(0)
                    server = await self.serve(heard)
                else:
                    await asyncio.wait_for(sent, LIMIT)
            elif step.get("from") == "client":
                wire = wire or await self.wire()
                if not step.get("lost"):
                    wire.write(step["hex"])
            elif step.get("from") == "server":
                same(self, await wire.next(), step)
        for _ in range(1000):
            if len(heard) >= len(vector["heard"]["server"]):
                break
            await asyncio.sleep(0.001)
        self.assertEqual(heard, vector["heard"]["server"])
        wire.close()
        await server.close(0)

    async def test_sessions_with_the_client(self):
        for vector in VECTORS["sessions"]:
            if "client" in vector["roles"]:
                with self.subTest(vector["what"]):
                    await self.play_client(vector)

    async def play_client(self, vector):
        accepted = asyncio.Queue()
        os.path.exists(self.path) and os.unlink(self.path)
        listener = await asyncio.start_unix_server(lambda *pair: accepted.put_nowait(Wire(*pair)), self.path)
        connecting = asyncio.ensure_future(
            EventClient.connect(self.path, keep_alive_ms=0, initial_delay=0.001, max_delay=0.001)
        )
        program, wire, client = Program(self), None, None
        for step in vector["steps"]:
            if "cut" in step:
                wire.close()
                wire = None
            elif "client" in step:
                await program.act(step["client"])
            elif step.get("from") == "client":
                wire = wire or await asyncio.wait_for(accepted.get(), LIMIT)
                same(self, await wire.next(), step)
            elif step.get("from") == "server":
                if not step.get("lost"):
                    wire.write(step["hex"])
                if client is None:
                    client = await asyncio.wait_for(connecting, LIMIT)
                    program.has(client)
        self.assertEqual(program.heard, vector["heard"]["client"])
        await client.close(0)
        wire.close()
        listener.close()


class Program:
    """What the program of a client does in a session."""

    def __init__(self, test):
        self.test, self.heard, self.items, self.taken, self.last = test, [], None, None, None

    def has(self, client):
        self.client = client
        client.on("note", lambda data: self.heard.append(["note", data]))
        client.on("error", lambda error: None)

    async def act(self, action):
        client = self.client
        if "emit" in action:
            client.emit(*action["emit"])
        elif "send" in action:
            self.last = client.send_soon(*action["send"])
        elif "request" in action:
            name, input_ = (action["request"] + [NOTHING])[:2]
            self.last = asyncio.ensure_future(client.request(name, input_))
        elif "requestWithItems" in action:
            name, items = action["requestWithItems"]
            self.last = asyncio.ensure_future(client.request(name, asynchronous(items)))
        elif "abort" in action:
            self.last.cancel()
        elif "stream" in action:
            self.items = client.stream(*action["stream"], window=action["window"])
            self.taken = []
            self.next = asyncio.ensure_future(self.items.__anext__())
        elif "next" in action or "leave" in action:
            self.taken.append(await asyncio.wait_for(self.next, LIMIT))
            if "leave" in action:
                await self.items.aclose()
            elif len(self.taken) < 3:
                self.next = asyncio.ensure_future(self.items.__anext__())
            else:
                with self.test.assertRaises(StopAsyncIteration):
                    await self.items.__anext__()
        elif "failed" in action:
            with self.test.assertRaises(EventsError) as caught:
                if self.taken is None:
                    await asyncio.wait_for(self.last, LIMIT)
                else:
                    await asyncio.wait_for(self.next, LIMIT)
                    async for _ in self.items:
                        pass
            self.test.assertEqual(caught.exception.code, action["failed"])
        elif "answer" in action:
            got = self.taken if self.taken is not None else await asyncio.wait_for(self.last, LIMIT)
            self.taken = None
            self.test.assertEqual(got, action["answer"])
        elif "answered" in action:
            self.test.assertIsNone(await asyncio.wait_for(self.last, LIMIT))
        else:
            await asyncio.wait_for(self.last, LIMIT)


async def asynchronous(items):
    for item in items:
        yield item


if __name__ == "__main__":
    unittest.main()
