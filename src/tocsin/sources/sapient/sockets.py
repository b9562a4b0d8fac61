"""The connections of nodes: one listener, a thread per node, TLS where configured; a wild node waits alone."""

import selectors
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

import structlog

from tocsin.formats.sapient import Frames, Oversized, encode, frame
from tocsin.formats.sapient.rules import Message
from tocsin.model import ConfigError
from tocsin.sources.sapient.reception import Reception

CHUNK_BYTES = 65_536
"""Most bytes that are read from a connection in one go."""

SEND_S_MAX = 5.0
"""A node that takes nothing for so long is hung up on."""

HANDSHAKE_S_MAX = 10.0
REGISTER_S_MAX = 30.0
"""So long a connection may stay without a registration."""

HALF_S_MAX = 30.0
"""So long the rest of a begun message may take."""

POLL_S = 1.0
ERRORS_PER_S_MAX = 20.0
"""Most errors a second that are told to one connection: complaining must cost less than offending."""

OUTGOING_MAX = 1_000
"""Most messages that wait to be sent to one node; one that takes none is hung up on."""

ACCEPT_PAUSE_S = 0.2

log = structlog.get_logger()


@dataclass(slots=True)
class _Bucket:
    """Lets so many through a second, and twice that at once."""

    per_s: float
    left: float
    at: float

    @classmethod
    def full(cls, per_s: float) -> "_Bucket":
        return cls(per_s, 2 * per_s, time.monotonic())

    def take(self) -> bool:
        if self.left < 1.0:
            now = time.monotonic()
            self.left = min(2 * self.per_s, self.left + (now - self.at) * self.per_s)
            self.at = now
        if self.left < 1.0:
            return False
        self.left -= 1.0
        return True


def _common_name(certificate: Mapping[str, object]) -> str:
    """The name in a client's certificate."""
    subject = certificate.get("subject", ())
    pairs = [pair for part in subject for pair in part] if isinstance(subject, tuple) else []
    return next((str(value) for key, value in pairs if key == "commonName"), "")


class Connection:
    """One connection, in a thread of its own from accept to the end, which also sends what others say."""

    def __init__(self, accepted: socket.socket, address: str, reception: Reception, tls: ssl.SSLContext | None) -> None:
        self.address = address
        self.subject = ""
        self._socket = accepted
        self._reception = reception
        self._tls = tls
        self._ended = threading.Event()
        self._outgoing: deque[bytes] = deque()
        self._bell, self._ear = socket.socketpair()
        self._rate = _Bucket.full(reception.manners.rate_per_s_max)
        self._errors = _Bucket.full(ERRORS_PER_S_MAX)
        self._flooding, self._flood_told_at = 0, 0.0

    def run(self) -> None:
        """Until either side hangs up."""
        try:
            self._secure()
            with selectors.DefaultSelector() as ready:
                ready.register(self._socket, selectors.EVENT_READ)
                ready.register(self._ear, selectors.EVENT_READ)
                self._converse(ready)
        except (OSError, ValueError) as error:  # ValueError: the socket was closed meanwhile
            log.debug("sapient connection ended", address=self.address, error=type(error).__name__)
        finally:
            self._tell_flood()
            self._ended.set()
            with suppress(OSError, ValueError):  # whoever hung up on us hears no more
                self._send_all()
            for one in (self._socket, self._bell, self._ear):
                one.close()
            self._reception.left(self)

    def _secure(self) -> None:
        self._bell.setblocking(False)
        self._ear.setblocking(False)
        self._socket.settimeout(HANDSHAKE_S_MAX)
        if self._tls is not None:
            secure = self._tls.wrap_socket(self._socket, server_side=True)
            self._socket = secure
            self.subject = _common_name(secure.getpeercert() or {})
        self._socket.settimeout(SEND_S_MAX)

    def _converse(self, ready: selectors.BaseSelector) -> None:
        frames, began = Frames(), time.monotonic()
        heard_at = began
        while not self._ended.is_set():
            events = ready.select(0.0 if self._pending() else POLL_S)
            self._send_all()
            now = time.monotonic()
            if now - self._flood_told_at >= 1.0:
                self._tell_flood()
            if self._pending() or any(key.fileobj is self._socket for key, _ in events):
                data = self._socket.recv(CHUNK_BYTES)
                if not data:
                    self._half(frames, "the connection ended within a message")
                    return
                heard_at = now
                self._messages(frames, data)
                self._send_all()
            elif frames.waiting and now - heard_at > HALF_S_MAX:
                self._half(frames, f"nothing of its rest came for {HALF_S_MAX:g} s")
                return
            elif now - began > REGISTER_S_MAX and not self._reception.registered_by(self):
                return

    def _pending(self) -> int:
        return self._socket.pending() if isinstance(self._socket, ssl.SSLSocket) else 0

    def _messages(self, frames: Frames, data: bytes) -> None:
        """Hand over what is whole; end where nothing that follows can be trusted."""
        try:
            for payload in frames.feed(data):
                if self._rate.take():
                    self._reception.heard(payload, self)
                else:
                    self._flooding += 1
        except Oversized as error:
            self._reception.refuse(data[:64], (f"length: {error}",), self, "invalid")
            self._ended.set()

    def _tell_flood(self) -> None:
        if self._flooding:
            count, self._flooding, self._flood_told_at = self._flooding, 0, time.monotonic()
            self._reception.flooded(count, self)

    def _half(self, frames: Frames, words: str) -> None:
        if frames.waiting:
            self._reception.refuse(b"", (f"message: {words}",), self, "invalid")
            self._send_all()

    def say(self, said: Message) -> None:
        """Have a message sent, from any thread; of errors a bounded number a second."""
        if said.HasField("error") and not self._errors.take():
            return
        if len(self._outgoing) >= OUTGOING_MAX:
            self._ended.set()
            return
        self._outgoing.append(frame(encode(said)))
        with suppress(BlockingIOError, OSError):  # full: it rings already; closed: nobody is left to hear
            self._bell.send(b"!")

    def _send_all(self) -> None:
        with suppress(BlockingIOError):  # it was rung, and emptied, before
            self._ear.recv(CHUNK_BYTES)
        while self._outgoing:
            self._socket.sendall(self._outgoing.popleft())

    def hang_up(self) -> None:
        """End it, from any thread; what waits to be sent is sent before."""
        self._ended.set()
        with suppress(BlockingIOError, OSError):
            self._bell.send(b"!")


class Listener:
    """Listens until `close`; raises ConfigError where it cannot."""

    def __init__(
        self, host: str, port: int, reception: Reception, tls: ssl.SSLContext | None, connections_max: int
    ) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            self._socket = socket.create_server((host, port), family=family, backlog=128)
        except OSError as error:
            raise ConfigError(f"Cannot listen to SAPIENT nodes at {host}:{port}: {error.strerror or error}.") from error
        self._socket.settimeout(POLL_S)
        self.port = self._socket.getsockname()[1]
        self._reception = reception
        self._tls = tls
        self._most = connections_max
        self._closed = threading.Event()
        self._open: dict[Connection, threading.Thread] = {}
        self._problem = ""
        self._thread = threading.Thread(target=self._accept, name=f"sapient-{self.port}", daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        while not self._closed.is_set():
            try:
                accepted, address = self._socket.accept()
            except TimeoutError:
                continue
            except OSError as error:
                if not self._closed.is_set():
                    self._problem = f"A node could not be connected: {error.strerror}."
                    self._closed.wait(ACCEPT_PAUSE_S)
                continue
            self._problem = ""
            self._begin(accepted, str(address[0]))

    def _begin(self, accepted: socket.socket, address: str) -> None:
        for one in [one for one, thread in self._open.items() if not thread.is_alive()]:
            del self._open[one]
        if len(self._open) >= self._most and not self._made_room():
            self._problem = f"{self._most} nodes are connected, the most that are let in: raise connections_max."
            accepted.close()
            return
        accepted.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = Connection(accepted, address, self._reception, self._tls)
        self._reception.counts.connections += 1
        thread = threading.Thread(target=connection.run, name=f"sapient-{self.port}-node", daemon=True)
        self._open[connection] = thread
        thread.start()

    def _made_room(self) -> bool:
        """Hang up on one that has not registered, if there is one: strangers never keep nodes out."""
        stranger = next((one for one in self._open if not self._reception.registered_by(one)), None)
        if stranger is None:
            return False
        stranger.hang_up()
        del self._open[stranger]
        return True

    def problem(self) -> str:
        """Why nodes cannot connect now; empty while they can."""
        return self._problem

    def close(self) -> None:
        """Stop listening and hang up."""
        self._closed.set()
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self._socket.close()
        for connection in list(self._open):
            connection.hang_up()
        self._thread.join(timeout=3.0)
        for thread in list(self._open.values()):
            thread.join(timeout=3.0)
