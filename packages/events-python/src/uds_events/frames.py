"""The frames of the native protocol: encode_frame, FrameReader. PROTOCOL.md is what this file follows."""

from __future__ import annotations

import struct
from typing import Callable, Optional, Tuple

from .errors import EventsError

HELLO, WELCOME, GOODBYE, NAME, EMIT, SEND, ACK, NACK = range(1, 9)
REQUEST, REPLY, FAILURE, CANCEL, ITEM, END, CREDIT, PING = range(9, 17)
PONG, DEFER, INPUT, INPUTEND, INPUTFAIL, INPUTMORE, INPUTSTOP = range(17, 24)
HEARTBEAT = 128

LATIN1, BYTES, REDELIVERED, STREAM = 1, 2, 4, 8
#: Of REQUEST: the input is a stream.
STREAMED_INPUT = 4

#: The first bytes of an end of version 1 (B1).
PREAMBLE = b"\x89UDSE\x01\x01\n"
#: The options of the protocol that this package knows (H4).
KNOWN_OPTIONS = ("defer", "streamInput")

_HEAD = struct.Struct("<IBBH")
_HEAD_ID = struct.Struct("<IBBHQ")
_U64 = struct.Struct("<Q")
_U32 = struct.Struct("<I")
_HIGHEST = 2**53 - 1

#: Takes a frame: its type, flags, name id, id (0 where the type has none) and body.
Sink = Callable[[int, int, int, int, bytes], None]


def encode_frame(type_: int, flags: int = 0, name: int = 0, id_: int = -1, body: bytes = b"") -> bytes:
    """One frame; ``id_`` -1: the type has none."""
    if id_ < 0:
        return _HEAD.pack(len(body) + 4, type_, flags, name) + body
    return _HEAD_ID.pack(len(body) + 12, type_, flags, name, id_) + body


def encode_text(text: str) -> Tuple[int, bytes]:
    """The flag and the bytes of a text: latin1 where it fits, else UTF-8."""
    try:
        return LATIN1, text.encode("latin-1")
    except UnicodeEncodeError:
        return 0, text.encode("utf-8")


def decode_text(body: bytes, flags: int, code: str = "ERR_PROTOCOL") -> str:
    try:
        return body.decode("latin-1" if flags & LATIN1 else "utf-8")
    except UnicodeDecodeError as cause:
        raise EventsError(code, "not UTF-8") from cause


def u32(value: int) -> bytes:
    return _U32.pack(value)


def count_in(type_: int, body: bytes) -> int:
    if len(body) < 4:
        raise EventsError("ERR_PROTOCOL", f"a frame of type {type_} without a count")
    return int(_U32.unpack_from(body)[0])


def check_preamble(first: bytes) -> Optional[int]:
    """The version in use; None while bytes are missing (B2)."""
    wrong = not PREAMBLE.startswith(first[:5]) or (len(first) >= 8 and first[7:8] != b"\n")
    if wrong:
        raise EventsError("ERR_UNSUPPORTED_VERSION", "the other end does not speak the protocol of @uds/events")
    if len(first) < 8:
        return None
    highest, lowest = first[5], first[6]
    if highest >= 1 and lowest <= 1:
        return 1
    raise EventsError("ERR_UNSUPPORTED_VERSION", f"the other end speaks versions {lowest} to {highest}, this end 1")


class FrameReader:
    """Cuts bytes into frames, however they are split (F1); checks the first eight bytes and every length."""

    def __init__(self, sink: Sink, limit: int) -> None:
        self._sink = sink
        self.limit = limit
        #: Frames wait until :meth:`resume`.
        self.stopped = False
        self._begun = False
        self._carry = bytearray()

    def feed(self, data: bytes) -> None:
        """Takes the next bytes. Raises EventsError: the stream is of no use from here on."""
        carry = self._carry
        if carry or not self._begun or self.stopped:
            carry += data
            if not self._begun:
                if check_preamble(bytes(carry[:8])) is None:
                    return
                self._begun = True
                del carry[:8]
            if self.stopped or not self._whole():
                return
            data = bytes(carry)
            carry.clear()
        at = self._frames(data)
        if at < len(data):
            # What a sink stopped comes before what follows it.
            self._carry[:0] = data[at:]

    def _whole(self) -> bool:
        """Whether the carry has a frame, or a length that is wrong."""
        carry = self._carry
        if len(carry) < 4:
            return False
        length = _U32.unpack_from(carry)[0]
        return len(carry) - 4 >= length or length > self.limit or length < 4

    def resume(self) -> None:
        self.stopped = False
        self.feed(b"")

    def _frames(self, data: bytes) -> int:
        at, end, sink = 0, len(data), self._sink
        while end - at >= 8 and not self.stopped:
            length, type_, flags, name = _HEAD.unpack_from(data, at)
            if length > self.limit or length < 4:
                break
            next_ = at + 4 + length
            if next_ > end:
                return at
            if type_ <= EMIT or type_ >= HEARTBEAT:
                sink(type_, flags, name, 0, data[at + 8 : next_])
            else:
                if length < 12:
                    raise EventsError("ERR_PROTOCOL", f"a frame of type {type_} without an id")
                (id_,) = _U64.unpack_from(data, at + 8)
                if id_ > _HIGHEST:
                    raise EventsError("ERR_PROTOCOL", "an id above 2^53")
                sink(type_, flags, name, id_, data[at + 16 : next_])
            at = next_
        if end - at >= 4 and not self.stopped:
            (length,) = _U32.unpack_from(data, at)
            if length > self.limit:
                raise EventsError("ERR_FRAME_TOO_LARGE", f"a frame of {length} bytes; the limit is {self.limit}")
            if length < 4:
                raise EventsError("ERR_PROTOCOL", f"a frame of {length} bytes is too short")
        return at
