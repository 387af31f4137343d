"""Registry, Names: who listens and answers at an end, and the ids of the names that it sends."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any, Awaitable, Callable, Dict, List, Set

from .errors import EventsError


class Registry:
    """The listeners and handlers of an end."""

    def __init__(self) -> None:
        self.listeners: Dict[str, List[Callable[..., Any]]] = {}
        self.handlers: Dict[str, Callable[..., Any]] = {}
        self.report: Callable[[BaseException], None] = lambda error: None

    def tell(self, name: str, *args: Any) -> None:
        """Calls the listeners of what happens to an end; what they raise is reported."""
        for listener in list(self.listeners.get(name, ())):
            try:
                result = listener(*args)
                if inspect.isawaitable(result):
                    in_background(result, self.report)
            except Exception as error:
                self.report(error)


_tasks: Set["asyncio.Future[Any]"] = set()


def in_background(result: Awaitable[Any], report: Callable[[BaseException], None]) -> None:
    task = asyncio.ensure_future(result)
    _tasks.add(task)

    def done(ended: "asyncio.Future[Any]") -> None:
        _tasks.discard(ended)
        if not ended.cancelled() and ended.exception() is not None:
            report(ended.exception())  # type: ignore[arg-type]

    task.add_done_callback(done)


class Names:
    """The ids of the names that an end sends; a server shares them among its clients."""

    def __init__(self) -> None:
        self._ids: Dict[str, int] = {}

    def id_of(self, name: str) -> int:
        id_ = self._ids.get(name)
        if id_ is None:
            if len(self._ids) >= 4096:
                raise EventsError("ERR_TOO_MANY_NAMES", "more than 4096 different names; use few and send data")
            id_ = self._ids[name] = len(self._ids) + 1
        return id_
