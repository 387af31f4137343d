"""EventsError, RemoteError, Defer; errors on the wire (PROTOCOL.md E1)."""

from __future__ import annotations

import json
from typing import Any, Optional

_LONGEST = 4096


class EventsError(Exception):
    """A failure of this end. ``code`` is stable; the codes are those of ``EventsErrorCode`` of @uds/events."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class RemoteError(EventsError):
    """A handler at the other end failed, or that end closed the connection for this reason."""

    def __init__(self, code: str, message: str, remote_name: str = "Error") -> None:
        super().__init__(code, message)
        self.remote_name = remote_name

    def __str__(self) -> str:
        return self.message


class Defer(Exception):
    """Raised by a listener of a ``send``: not now. The sender sends it again after ``retry_after_ms``, 1 to 2147483647."""

    def __init__(self, retry_after_ms: int) -> None:
        if not 1 <= retry_after_ms <= 2**31 - 1:
            raise ValueError(f"retry_after_ms must be 1 to 2147483647, got {retry_after_ms}")
        super().__init__(f"not now: the message comes again after {retry_after_ms} ms")
        self.code = "ERR_DEFERRED"
        self.retry_after_ms = retry_after_ms


def to_wire(error: BaseException) -> str:
    """The JSON in which an error travels: never its traceback."""
    code = getattr(error, "code", None)
    message = error.message if isinstance(error, EventsError) else str(error)
    name = error.remote_name if isinstance(error, RemoteError) else type(error).__name__
    wire = {
        "code": code[:200] if isinstance(code, str) and code else "ERR_HANDLER_FAILED",
        "message": message[:_LONGEST],
        "name": name[:200],
    }
    return json.dumps(wire, ensure_ascii=False, separators=(",", ":"))


def from_wire(text: str) -> RemoteError:
    """Reads an error; what is missing or of another kind gets a neutral value."""
    try:
        told: Any = json.loads(text)
    except (ValueError, RecursionError) as cause:
        raise EventsError("ERR_PROTOCOL", "a frame whose JSON cannot be read") from cause

    def of(key: str) -> Optional[str]:
        value = told.get(key) if isinstance(told, dict) else None
        return value if isinstance(value, str) else None

    return RemoteError(of("code") or "ERR_PROTOCOL", of("message") or "without a reason", of("name") or "Error")
