"""A simulated SAPIENT node on a real socket: it registers, reports, alarms, answers, and may misbehave."""

import socket
import ssl
import time
from collections.abc import Callable, Mapping
from itertools import count
from types import TracebackType
from typing import Any, Self
from uuid import NAMESPACE_URL, uuid5

from tocsin.formats import sapient
from tocsin.formats.sapient import Frames, Message, Role

CAMERA = Role(name="Simulated camera", type="CAMERA", classes=("Human", "Vehicle", "Drone"), maker="Simulated")


class SimulatedNode:
    """One node by its name; every call says one thing, `answer` waits for what the fusion node says next."""

    def __init__(
        self,
        port: int,
        name: str = "node-1",
        *,
        role: Role = CAMERA,
        place: tuple[float, float] = (24.94, 60.17),
        tls: ssl.SSLContext | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.id = str(uuid5(NAMESPACE_URL, name))
        self.name, self.role, self.place, self.now = name, role, place, now
        self._numbers = count()
        self._frames, self._heard = Frames(), list[bytes]()
        plain = socket.create_connection(("127.0.0.1", port), timeout=10.0)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = tls.wrap_socket(plain, server_hostname="localhost") if tls is not None else plain

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Drop the connection without a word."""
        self.socket.close()

    def fresh_id(self) -> str:
        """A ULID that this node has not used yet."""
        return sapient.ulid(self.now(), f"{self.id} {next(self._numbers)} {id(self)}".encode())

    def made(self, content: Mapping[str, Any], at: float | None = None) -> Message:
        """A message of this node."""
        return sapient.message(self.id, self.now() if at is None else at, content)

    def say(self, content: Mapping[str, Any], at: float | None = None) -> None:
        """Send one message, unchecked."""
        self.send(sapient.frame(self.made(content, at).SerializeToString()))

    def send(self, raw: bytes) -> None:
        """Send bytes as they are."""
        self.socket.sendall(raw)

    def register(self) -> Message:
        """Register; what is answered."""
        self.say(sapient.registration(self.role))
        return self.answer()

    def status(self, **how: Any) -> None:  # noqa: ANN401  # as `sapient.status` takes them
        """Say that all is well."""
        self.say(sapient.status(self.fresh_id(), **{"location": sapient.at_lon_lat(*self.place, 5.0), **how}))

    def report(self, *classes: tuple[str, float], **how: Any) -> dict[str, Any]:  # noqa: ANN401
        """The content of a detection report where it stands, or `at` (lon, lat); of the track `track`."""
        lon, lat = how.pop("at", self.place)
        track = how.pop("track", None) or self.fresh_id()
        values = how.pop("values", None)
        return sapient.detection(
            self.fresh_id(), track, sapient.at_lon_lat(lon, lat, 5.0), classes or (("Human", 0.9),), values
        )

    def detect(self, *classes: tuple[str, float], **how: Any) -> None:  # noqa: ANN401
        """Report a detection."""
        self.say(self.report(*classes, **how))

    def alert(self, text: str = "Something moves.") -> str:
        """Raise an alert; gives its id."""
        alert_id = self.fresh_id()
        told = {"alert_id": alert_id, "alert_type": "ALERT_TYPE_WARNING", "status": "ALERT_STATUS_ACTIVE"}
        self.say({"alert": {**told, "description": text}})
        return alert_id

    def answer(self, wait_s: float = 5.0) -> Message:
        """The next message of the fusion node, checked; raises TimeoutError, or ConnectionError at the end."""
        end = time.monotonic() + wait_s
        while not self._heard:
            self.socket.settimeout(max(0.01, end - time.monotonic()))
            data = self.socket.recv(65_536)
            if not data:
                raise ConnectionError("the fusion node hung up")
            self._heard.extend(self._frames.feed(data))
        return sapient.decode(self._heard.pop(0))
