"""A parent fusion node (SAPIENT): we register there, show that we live, and deliver what the gate lets out."""

import selectors
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import structlog

from tocsin.engine.outlets import Outlet, Undelivered, is_loopback
from tocsin.formats import sapient
from tocsin.formats.sapient import Frames, Message, Oversized, Role, Unfit
from tocsin.model import ConfigError, Delivery, Refused

SAPIENT = "sapient"
"""The kind of outlet."""

INTERVAL_S = 5.0
"""How often we say that we live, seconds; registered so."""

CONNECT_S_MAX = 10.0
ACK_S_MAX = 10.0
"""So long a parent may take to answer our registration."""

AGAIN_S = (1.0, 60.0)
"""Shortest and longest pause before the next attempt to connect; doubled in between."""

CHUNK_BYTES = 65_536

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ourselves:
    """How we register: our UUID, our name, and the hazards that we report."""

    node_id: str
    name: str
    classes: tuple[str, ...]
    interval_s: float = INTERVAL_S

    def role(self) -> Role:
        """The same for a registration."""
        return Role(name=self.name, type="FUSION_NODE", interval_s=self.interval_s, classes=self.classes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Papers:
    """PEM files: the authority of the parent's certificate, and our own certificate with its key; empty for none."""

    ca_file: str = ""
    certificate: str = ""
    private_key: str = ""


@dataclass(slots=True)
class _Letter:
    """One message on its way out; `done` is set once it was sent, or failed as `problem` says."""

    raw: bytes
    done: threading.Event = field(default_factory=threading.Event)
    problem: str = ""


class ParentOutlet:
    """Keeps one connection: registers, sends a status every interval, answers tasks, sends deliveries.

    SAPIENT acknowledges no detections: what was sent counts as delivered; what the parent then complains about is
    told by `problem`. Tasks are refused: what happens here is decided by the people of this city. A parent may
    ask for the registration and the status.
    """

    kind = SAPIENT

    def __init__(
        self,
        address: tuple[str, int],
        who: Ourselves,
        tls: ssl.SSLContext | None,
        *,
        exercise: bool = False,
        timeout_s: float = 10.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.exercise = exercise
        self._address, self._who, self._tls = address, who, tls
        self._timeout_s, self._clock = timeout_s, clock
        self._letters: deque[_Letter] = deque()
        self._registered = threading.Event()
        self._closed = threading.Event()
        self._bell, self._ear = socket.socketpair()
        self._bell.setblocking(False)
        self._ear.setblocking(False)
        self._number = 0
        self._told = False
        self.problem = "not connected yet"
        self._thread = threading.Thread(target=self._run, name="tocsin parent", daemon=True)
        self._thread.start()

    def send(self, delivery: Delivery, now: float) -> str:  # noqa: ARG002  # the message carries its own time
        """Send one message; raises Undelivered while the parent has not accepted us."""
        message = self._message(delivery)
        if not self._registered.wait(self._timeout_s):
            raise Undelivered(f"The parent fusion node has not accepted us: {self.problem}.")
        letter = _Letter(sapient.frame(message))
        self._letters.append(letter)
        self._ring()
        if not letter.done.wait(self._timeout_s):
            raise Undelivered("The parent fusion node takes nothing.")
        if letter.problem:
            raise Undelivered(letter.problem)
        return "Sent to the parent fusion node; SAPIENT acknowledges no detections."

    def _message(self, delivery: Delivery) -> bytes:
        try:
            message = sapient.of_json(delivery.payload)
            message.node_id = self._who.node_id
            return sapient.encode(message)
        except Unfit as error:
            raise Refused(f"This is no message of SAPIENT: {error.problems[0]}.") from error

    def close(self) -> None:
        """Say goodbye, hang up."""
        self._closed.set()
        self._ring()
        self._thread.join(timeout=5.0)
        self._bell.close()
        self._ear.close()

    def _ring(self) -> None:
        with suppress(BlockingIOError, OSError):  # full: it rings already
            self._bell.send(b"!")

    def _run(self) -> None:
        pause_s = AGAIN_S[0]
        while not self._closed.is_set():
            try:
                with socket.create_connection(self._address, timeout=CONNECT_S_MAX) as plain:
                    self._converse(self._secured(plain))
            except (OSError, Oversized, Unfit) as error:
                self.problem = str(error) if isinstance(error, Oversized | Unfit) else f"{type(error).__name__}"
                log.info("sapient parent lost", error=type(error).__name__)
            pause_s = AGAIN_S[0] if self._registered.is_set() else min(AGAIN_S[1], 2 * pause_s)
            self._registered.clear()
            self._fail_all("The connection to the parent fusion node was lost.")
            self._closed.wait(pause_s)

    def _secured(self, plain: socket.socket) -> socket.socket:
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._tls.wrap_socket(plain, server_hostname=self._address[0]) if self._tls is not None else plain

    def _converse(self, channel: socket.socket) -> None:
        frames = Frames()
        self._say(channel, sapient.registration(self._who.role()))
        self._told = False
        began = beat_at = time.monotonic()
        with selectors.DefaultSelector() as ready:
            ready.register(channel, selectors.EVENT_READ)
            ready.register(self._ear, selectors.EVENT_READ)
            while not self._closed.is_set():
                events = ready.select(0.0 if _pending(channel) else min(0.5, self._who.interval_s))
                with suppress(BlockingIOError):
                    self._ear.recv(CHUNK_BYTES)
                if _pending(channel) or any(key.fileobj is channel for key, _ in events):
                    self._hear(channel, frames)
                if not self._registered.is_set():
                    if time.monotonic() - began > ACK_S_MAX:
                        raise TimeoutError
                    continue
                self._send_letters(channel)
                if time.monotonic() >= beat_at:
                    beat_at = time.monotonic() + self._who.interval_s
                    self._status(channel)
            self._status(channel, "GOODBYE")

    def _hear(self, channel: socket.socket, frames: Frames) -> None:
        data = channel.recv(CHUNK_BYTES)
        if not data:
            raise ConnectionResetError
        for payload in frames.feed(data):
            try:
                self._answer(channel, sapient.decode(payload))
            except Unfit as error:
                self._say(channel, sapient.error(payload, error.problems))

    def _answer(self, channel: socket.socket, said: Message) -> None:
        match said.WhichOneof("content"):
            case "registration_ack" if said.registration_ack.acceptance:
                self.problem = ""
                self._registered.set()
            case "registration_ack":
                self.problem = f"it declines us ({'; '.join(said.registration_ack.ack_response_reason)[:200]})"
                raise ConnectionRefusedError
            case "task":
                self._task(channel, said.task)
            case "error":
                self.problem = f"it complains ({'; '.join(said.error.error_message)[:200]})"
            case _:
                return

    def _task(self, channel: socket.socket, task: Message) -> None:
        """The parent may ask how we are and who we are; all else is decided here."""
        wanted = task.command.request.strip().casefold()
        if wanted not in ("status", "registration"):
            reason = "Tocsin takes no tasks from outside: ask the people who run it."
            self._say(channel, sapient.task_answer(task.task_id, "rejected", [reason]))
            return
        self._say(channel, sapient.task_answer(task.task_id, "accepted"))
        if wanted == "status":
            self._status(channel)
        else:
            self._say(channel, sapient.registration(self._who.role()))

    def _status(self, channel: socket.socket, system: str = "OK") -> None:
        self._number += 1
        report_id = sapient.ulid(self._clock(), f"{self._who.node_id} {self._number}".encode())
        self._say(channel, sapient.status(report_id, system=system, new=not self._told))
        self._told = True

    def _say(self, channel: socket.socket, content: dict[str, object]) -> None:
        message = sapient.message(self._who.node_id, self._clock(), content)
        channel.sendall(sapient.frame(sapient.encode(message)))

    def _send_letters(self, channel: socket.socket) -> None:
        while self._letters:
            letter = self._letters[0]
            channel.sendall(letter.raw)
            self._letters.popleft()
            letter.done.set()

    def _fail_all(self, why: str) -> None:
        while self._letters:
            letter = self._letters.popleft()
            letter.problem = why
            letter.done.set()


def _pending(channel: socket.socket) -> int:
    return channel.pending() if isinstance(channel, ssl.SSLSocket) else 0


def parent_of(url: str, who: Ourselves, papers: Papers, *, exercise: bool = False) -> Outlet:
    """The outlet to a parent fusion node, connecting; raises ConfigError as `way_to` does."""
    address, tls = way_to(url, papers)
    return ParentOutlet(address, who, tls, exercise=exercise)


def way_to(url: str, papers: Papers) -> tuple[tuple[str, int], ssl.SSLContext | None]:
    """Address and TLS context of `sapient+tls://host:14000` (or `sapient+tcp://` on this machine).

    Raises ConfigError saying what to write.
    """
    parts = urlsplit(url)
    scheme, _, transport = parts.scheme.partition("+")
    try:
        port = parts.port or 0
    except ValueError:
        port = 0
    if scheme != SAPIENT or transport not in ("tls", "tcp") or not parts.hostname or not port:
        raise ConfigError("A parent fusion node is written `url: sapient+tls://host:14000` (or sapient+tcp).")
    if transport == "tcp" and not is_loopback(parts.hostname):
        raise ConfigError(f"{parts.hostname} would get deliveries in clear: use sapient+tls.")
    return (parts.hostname, port), _context(papers) if transport == "tls" else None


def _context(papers: Papers) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=papers.ca_file or None)
        if papers.certificate:
            context.load_cert_chain(papers.certificate, papers.private_key or None)
    except (OSError, ValueError) as error:
        raise ConfigError(f"ca_file, certificate or private_key of the parent cannot be used: {error}.") from error
    return context
