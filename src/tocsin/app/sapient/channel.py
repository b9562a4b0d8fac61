"""The connections of a check: opened or waited for, with or without TLS; every message is kept as it came."""

import socket
import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

from tocsin.formats import sapient
from tocsin.formats.sapient import Frames, Message, Oversized, Unfit
from tocsin.model import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Papers:
    """PEM files for TLS; without any, the connection is plain."""

    ca_file: Path | None = None
    certificate: Path | None = None
    private_key: Path | None = None

    def context(self, *, server: bool) -> ssl.SSLContext | None:
        """The TLS context, or None; raises ConfigError for files that cannot be used."""
        if not (self.ca_file or self.certificate):
            return None
        try:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
            if self.ca_file:
                context.load_verify_locations(self.ca_file)
                context.verify_mode = ssl.CERT_REQUIRED
            elif not server:
                context.load_default_certs()
            if self.certificate:
                context.load_cert_chain(self.certificate, self.private_key)
        except (OSError, ValueError) as error:
            raise ConfigError(f"ca_file, certificate or private_key cannot be used: {error}.") from error
        return context


@dataclass(slots=True)
class Came:
    """One message of the other side: when, its bytes, what it says, and what is wrong with it."""

    at: float
    raw: bytes
    said: Message
    problems: tuple[str, ...]

    @property
    def kind(self) -> str:
        """Which content it has; empty for what cannot be read."""
        return "" if self.said is None else (self.said.WhichOneof("content") or "")


@dataclass
class Channel:
    """One connection. `came` holds all that was heard, in order."""

    socket: socket.socket
    id: str = field(default_factory=lambda: str(uuid4()))
    came: list[Came] = field(default_factory=list)
    ended: str = ""
    _frames: Frames = field(default_factory=Frames)
    _read: int = 0
    _number: int = 0

    def fresh_id(self) -> str:
        """A ULID that was not used before."""
        self._number += 1
        return sapient.ulid(time.time(), f"{self.id} {self._number}".encode())

    def say(self, content: Mapping[str, Any], to: str = "") -> None:
        """Send a message of ours, unchecked: a check says wrong things on purpose."""
        self.send(sapient.message(self.id, time.time(), content, to))

    def send(self, message: Message) -> None:
        """Send a message as it is."""
        self.bytes(sapient.frame(message.SerializeToString()))

    def bytes(self, raw: bytes) -> None:
        """Send bytes as they are; an end of the connection is noted."""
        try:
            self.socket.sendall(raw)
        except OSError as error:
            self.ended = self.ended or f"the connection ended ({type(error).__name__})"

    def next(self, wait_s: float) -> Came | None:
        """The next message that nobody has looked at; None where none comes in time or the connection ended."""
        end = time.monotonic() + wait_s
        while self._read >= len(self.came) and not self.ended:
            left_s = end - time.monotonic()
            if left_s <= 0:
                return None
            self._hear(left_s)
        if self._read >= len(self.came):
            return None
        self._read += 1
        return self.came[self._read - 1]

    def until(self, holds: Callable[[Came], bool], wait_s: float) -> Came | None:
        """The next message for which something holds; what comes before it is kept and passed over."""
        end = time.monotonic() + wait_s
        while (left_s := end - time.monotonic()) > 0:
            one = self.next(left_s)
            if one is None or holds(one):
                return one
        return None

    def _hear(self, wait_s: float) -> None:
        self.socket.settimeout(max(0.01, wait_s))
        try:
            data = self.socket.recv(65_536)
            for raw in self._frames.feed(data):
                self.came.append(_came(raw))
            if not data:
                self.ended = "the other side hung up"
        except TimeoutError:
            return
        except Oversized as error:
            self.ended = f"no sound length before a message: {error}"
        except OSError as error:
            self.ended = f"the connection ended ({type(error).__name__})"

    def close(self) -> None:
        """Hang up."""
        with suppress(OSError):
            self.socket.close()


def _came(raw: bytes) -> Came:
    try:
        said = sapient.parse(raw)
    except Unfit as error:
        return Came(time.time(), raw, None, error.problems)
    return Came(time.time(), raw, said, tuple(sapient.problems(said)))


class Wire:
    """Opens the connections of a check, one after another or beside each other."""

    def __init__(self, host: str, port: int, papers: Papers, *, listen: bool, wait_s: float) -> None:
        self.host, self.port, self.listens, self.wait_s = host, port, listen, wait_s
        self._context = papers.context(server=listen)
        self._open: list[Channel] = []
        self._server: socket.socket | None = None
        if listen:
            try:
                self._server = socket.create_server((host, port))
            except OSError as error:
                raise ConfigError(f"Cannot listen at {host}:{port}: {error.strerror}.") from error
            self.port = self._server.getsockname()[1]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for one in self._open:
            one.close()
        if self._server is not None:
            self._server.close()

    def connect(self, wait_s: float | None = None) -> Channel:
        """The next connection; raises ConfigError where there is none in time."""
        wait_s = self.wait_s if wait_s is None else wait_s
        try:
            plain = self._plain(wait_s)
            plain.settimeout(wait_s)
            secure = self._context and self._context.wrap_socket(
                plain, server_side=self.listens, server_hostname=None if self.listens else self.host
            )
        except OSError as error:
            what = "Nobody connected" if self.listens else "No connection"
            why = error.strerror or type(error).__name__
            raise ConfigError(f"{what} at {self.host}:{self.port} within {wait_s:g} s ({why}).") from error
        channel = Channel(secure or plain)
        self._open.append(channel)
        return channel

    def _plain(self, wait_s: float) -> socket.socket:
        if self._server is None:
            return socket.create_connection((self.host, self.port), timeout=wait_s)
        self._server.settimeout(wait_s)
        return self._server.accept()[0]
