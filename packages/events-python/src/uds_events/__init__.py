"""Events, acknowledged messages, requests and streams between programs on one machine: the protocol of @uds/events."""

from .client import EventClient
from .errors import Defer, EventsError, RemoteError
from .payload import NOTHING
from .server import EventServer, Peer
from .input_stream import InputStream

__all__ = ["Defer", "EventClient", "EventServer", "EventsError", "InputStream", "NOTHING", "Peer", "RemoteError"]
