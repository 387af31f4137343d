"""encode, decode: values as JSON, bytes as they are; names."""

from __future__ import annotations

import json
import re
from typing import Any, Tuple

from .errors import EventsError
from .frames import BYTES, decode_text, encode_text


class _Nothing:
    """No value at all: what JavaScript calls undefined."""

    def __repr__(self) -> str:
        return "NOTHING"


#: The data of an event, or the input of a request, without one. It arrives as None.
NOTHING: Any = _Nothing()

MAX_DEPTH = 256
MAX_VALUES = 1_000_000
RESERVED = frozenset(("connect", "connectError", "connection", "disconnect", "drain", "close", "error"))

_STRING = re.compile(r'"(?:\\.|[^"\\])*"?', re.DOTALL)
_BRACKET = re.compile(r"[\[\]{}]")
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def encode(value: Any) -> Tuple[int, bytes]:
    """The flags and the payload of a value (P1)."""
    if value is NOTHING:
        return 0, b""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return BYTES, bytes(value)
    try:
        return encode_text(_encode(value))
    except (TypeError, ValueError, RecursionError) as cause:
        raise EventsError("ERR_BAD_PAYLOAD", f"json cannot write it: {cause}") from cause


def decode(flags: int, body: bytes) -> Any:
    """The value of a payload; None where there is none."""
    if flags & BYTES:
        return body
    if not body:
        return None
    text = decode_text(body, flags, "ERR_BAD_PAYLOAD")
    _check_limits(text)
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as cause:
        raise EventsError("ERR_BAD_PAYLOAD", f"json cannot read it: {cause}") from cause


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _check_limits(text: str) -> None:
    """Refuses what is nested too deep, or has too many values, before a parser makes anything of it (L5, L6)."""
    if len(text) <= 2 * MAX_DEPTH:
        return
    opened = text.count("[") + text.count("{")
    if opened <= MAX_DEPTH and opened + text.count(",") + 1 <= MAX_VALUES:
        return
    bare = _STRING.sub("", text)
    if bare.count("[") + bare.count("{") + bare.count(",") + 1 > MAX_VALUES:
        raise EventsError("ERR_TOO_MANY_VALUES", f"the payload has more than {MAX_VALUES} values")
    depth = 0
    for found in _BRACKET.finditer(bare):
        if found.group() in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise EventsError("ERR_TOO_DEEP", f"lists and objects are nested deeper than {MAX_DEPTH}")
        else:
            depth -= 1


def check_name(name: Any) -> str:
    """Refuses what cannot name an event or a request (N2)."""
    if not isinstance(name, str):
        raise TypeError(f"a name must be a string, got {name!r}")
    try:
        size = len(name.encode("utf-8"))
    except UnicodeEncodeError as cause:
        raise EventsError("ERR_INVALID_NAME", "a name must be well-formed Unicode") from cause
    if 1 <= size <= 255 and "\0" not in name:
        return name
    raise EventsError("ERR_INVALID_NAME", "a name is 1 to 255 bytes of UTF-8 without NUL")


def check_event(name: Any) -> str:
    if check_name(name) in RESERVED or "*" in name:
        raise EventsError("ERR_INVALID_NAME", f"the event name {name!r} is reserved")
    return str(name)
