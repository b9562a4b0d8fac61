"""The sockets of the receiver: TCP connections and UDP datagrams become frames, answers go back; one thread."""

import errno
import os
import selectors
import socket
import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import Protocol

from tocsin.formats.sia_dc09 import FRAME_BYTES_MAX, Garbled, Splitter
from tocsin.model import ConfigError

CHUNK_BYTES = 16_384
"""Most bytes that are read from a connection in one go."""

ANSWERS_MAX = 10_000
"""Most answers that wait to be sent; beyond, the oldest is dropped and its panel sends again."""

FREE_PORT_TRIES_MAX = 20
"""Most ports that are tried where any will do: one that is free for TCP may be taken for UDP."""

ACCEPT_PAUSE_S = 0.2
"""Pause after a connection that could not be taken: it would be offered again at once."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Where a frame came from, and how an answer gets back."""

    transport: str
    address: str
    answer: Callable[[bytes], None]


class Hears(Protocol):
    """Who is told what came."""

    def frame(self, raw: bytes, caller: Caller) -> None:
        """One whole frame, unchecked."""
        ...

    def noise(self, raw: bytes, reason: str) -> None:
        """What cannot be a frame; `raw` is its beginning."""
        ...


@dataclass(slots=True)
class _Line:
    """One TCP connection."""

    socket: socket.socket
    address: str
    splitter: Splitter = field(default_factory=Splitter)


class Switchboard:
    """Listens until `close`. Raises ConfigError where it cannot. Answers may be given from any thread."""

    def __init__(self, host: str, port: int, hears: Hears, *, tcp: bool, udp: bool, most: int) -> None:
        self._hears = hears
        self._most = most
        self._selector = selectors.DefaultSelector()
        self._lines: OrderedDict[int, _Line] = OrderedDict()
        self._answers: deque[Callable[[], None]] = deque(maxlen=ANSWERS_MAX)
        self._closed = threading.Event()
        self._problem = ""
        self._bell, self._ear = socket.socketpair()
        self._bell.setblocking(False)
        self._ear.setblocking(False)
        self._selector.register(self._ear, selectors.EVENT_READ, self._rung)
        self.port = port
        try:
            self._listen(host, tcp=tcp, udp=udp)
        except OSError as error:
            self._shut()
            raise ConfigError(f"Cannot listen to alarm panels at {host}:{port}: {error.strerror or error}.") from error
        self._thread = threading.Thread(target=self._run, name=f"alarm-panels-{self.port}", daemon=True)
        self._thread.start()

    def _listen(self, host: str, *, tcp: bool, udp: bool) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        kinds = [kind for kind, wanted in ((socket.SOCK_STREAM, tcp), (socket.SOCK_DGRAM, udp)) if wanted]
        ready = {socket.SOCK_STREAM: self._accept, socket.SOCK_DGRAM: self._datagram}
        for kind, opened in zip(kinds, _bound(family, kinds, host, self.port), strict=True):
            self._selector.register(opened, selectors.EVENT_READ, ready[kind])
            opened.setblocking(False)
            self.port = opened.getsockname()[1]

    def _run(self) -> None:
        while not self._closed.is_set():
            for key, _ in self._selector.select(timeout=1.0):
                key.data(key.fileobj)
            while self._answers:
                self._answers.popleft()()
        self._shut()

    def _rung(self, ear: socket.socket) -> None:
        with suppress(BlockingIOError):  # it was rung again meanwhile, and emptied then
            ear.recv(CHUNK_BYTES)

    def _accept(self, listener: socket.socket) -> None:
        try:
            accepted, address = listener.accept()
        except OSError as error:  # the caller hung up, or no descriptor is left
            self._problem = f"A panel could not be connected: {error.strerror}."
            self._closed.wait(ACCEPT_PAUSE_S)
            return
        self._problem = ""
        accepted.setblocking(False)
        accepted.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if len(self._lines) >= self._most:
            self._hang_up(next(iter(self._lines.values())))  # the one that was silent for longest
        line = _Line(accepted, str(address[0]))
        self._lines[accepted.fileno()] = line
        self._selector.register(accepted, selectors.EVENT_READ, lambda _: self._read(line))

    def _read(self, line: _Line) -> None:
        if line.socket.fileno() < 0:
            return  # hung up a moment ago, for another caller
        try:
            data = line.socket.recv(CHUNK_BYTES)
            frames = line.splitter.feed(data)
        except BlockingIOError:
            return
        except OSError:  # reset by the panel: it calls again
            data, frames = b"", []
        except Garbled as error:
            self._hears.noise(data[:FRAME_BYTES_MAX], str(error))
            data, frames = b"", []
        if not data:
            self._hang_up(line)
            return
        self._lines.move_to_end(line.socket.fileno())
        for raw in frames:
            self._hears.frame(raw, Caller("tcp", line.address, lambda raw: self._later(lambda: self._send(line, raw))))

    def _datagram(self, listener: socket.socket) -> None:
        try:
            raw, address = listener.recvfrom(CHUNK_BYTES)
        except OSError:  # an earlier answer found nobody: told here, and of no meaning for what comes
            return
        self._hears.frame(
            raw, Caller("udp", str(address[0]), lambda raw: self._later(lambda: _send_to(listener, raw, address)))
        )

    def _later(self, deed: Callable[[], None]) -> None:
        """Do it on our own thread."""
        self._answers.append(deed)
        with suppress(BlockingIOError, OSError):  # full: it rings already; closed: nobody is left to answer
            self._bell.send(b"!")

    def _send(self, line: _Line, raw: bytes) -> None:
        if line.socket.fileno() < 0:
            return  # it hung up before we answered, and will send again
        try:
            sent = line.socket.send(raw)
        except OSError:
            sent = 0
        if sent < len(raw):  # a panel that takes no hundred bytes is not listening
            self._hang_up(line)

    def _hang_up(self, line: _Line) -> None:
        self._lines.pop(line.socket.fileno(), None)
        self._selector.unregister(line.socket)
        line.socket.close()

    def problem(self) -> str:
        """Why panels cannot connect now; empty while they can."""
        return self._problem

    def close(self) -> None:
        """Stop listening and hang up, within a second."""
        self._closed.set()
        self._later(lambda: None)
        self._thread.join(timeout=5.0)

    def _shut(self) -> None:
        for key in list(self._selector.get_map().values()):
            self._selector.unregister(key.fileobj)
            if isinstance(key.fileobj, socket.socket):
                key.fileobj.close()
        self._selector.close()
        self._bell.close()


def _send_to(listener: socket.socket, raw: bytes, address: tuple[str, int]) -> None:
    with suppress(OSError):  # not sent is not acknowledged: the panel sends again
        listener.sendto(raw, address)


def _bound(family: socket.AddressFamily, kinds: list[socket.SocketKind], host: str, port: int) -> list[socket.socket]:
    """One socket of each kind, all on one port; with port 0 on any that is free for all. Raises OSError."""
    tries = FREE_PORT_TRIES_MAX if port == 0 else 1
    while True:
        tries -= 1
        try:
            return _bound_at(family, kinds, host, port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or tries == 0:
                raise


def _bound_at(
    family: socket.AddressFamily, kinds: list[socket.SocketKind], host: str, port: int
) -> list[socket.socket]:
    with ExitStack() as unless_all:
        opened: list[socket.socket] = []
        for kind in kinds:
            opened.append(unless_all.enter_context(socket.socket(family, kind)))
            if kind == socket.SOCK_STREAM and os.name == "posix":
                opened[-1].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            opened[-1].bind((host, port))
            if kind == socket.SOCK_STREAM:
                opened[-1].listen(64)  # only now is it certain that nobody else listens there
            port = opened[-1].getsockname()[1]
        unless_all.pop_all()
        return opened
