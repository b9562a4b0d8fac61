"""Receivers of Remote ID: drones' own broadcasts, forwarded as datagrams, become places of aircraft."""

import socket
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar
from zlib import crc32

from tocsin.contract.drones import Drone
from tocsin.contract.protocols import Delivered
from tocsin.contract.pseudonyms import token_under
from tocsin.contract.resources import Resources
from tocsin.formats.remote_id import MESSAGE_BYTES, BasicId, LocationVector, SystemInfo, decode
from tocsin.model import BadInput, ConfigError, Level, Origin, Place, Reading

DATAGRAM_BYTES_MAX = 512
AIRCRAFT_MAX = 500
"""Most transmitters whose messages are put together; the one heard longest ago goes first."""

TOGETHER_S = 60.0
"""So long an id belongs to the places that the same transmitter tells."""

BATCH_MAX = 500
REJECTED_MAX = 1_000
UNSAID_WITHIN_M = 50.0
"""95 % radius where an aircraft tells no accuracy: a working assumption."""

APPLICATION = 0x0D
"""The application code of Remote ID that Bluetooth puts before a counter and the message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteId:
    """Takes broadcasts of drones (ASTM F3411, EN 4709-002) as receivers forward them: one UDP datagram each.

    A datagram is the transmitter's address (6 bytes) and the message or pack as it was broadcast, with or without
    the two bytes that Bluetooth puts before it; a pack may come without an address. `receivers` maps the IP address
    of a receiver to the sensor that it is; others speak as the connection. At most `waiting_max` readings wait.

    >>> running = RemoteId(port=0).start(Resources())
    >>> running.problem(), running.listens.startswith("udp 127.0.0.1:")
    ('', True)
    >>> running.close()
    """

    kind: ClassVar[str] = "feed.remote-id"
    needs: ClassVar[Level] = Level.ANONYMOUS

    name: str = "remote-id"
    host: str = "127.0.0.1"
    port: int = 14_001
    receivers: dict[str, str] = field(default_factory=dict)
    waiting_max: int = 5_000
    origin: Origin = Origin.LIVE

    def start(self, resources: Resources, resume: bytes = b"") -> "RunningRemoteId":
        """Begin to listen; raises ConfigError where the port is taken."""
        del resume  # a broadcast that was missed is repeated by the drone
        if self.waiting_max < 1:
            raise ConfigError(f"{self.name}: waiting_max is 1 or more.")
        return RunningRemoteId(self, resources.token_key or b"tocsin")


@dataclass(slots=True)
class _Aircraft:
    """What one transmitter told of itself, and when."""

    at: float
    basic: BasicId | None = None
    system: SystemInfo | None = None


@dataclass(slots=True)
class Counts:
    """What became of datagrams; `held_back` came while too many waited."""

    received: int = 0
    refused: int = 0
    held_back: int = 0


class Gathering:
    """Puts the messages of each transmitter together; a place makes a reading."""

    def __init__(self, declared: RemoteId, key: bytes) -> None:
        self._declared, self._key = declared, key
        self._aircraft: OrderedDict[bytes, _Aircraft] = OrderedDict()

    def take(self, datagram: bytes, sender: str, now: float) -> list[Reading[Any]]:
        """The readings that a datagram completes; raises BadInput where it is none."""
        address, raw = _parted(datagram)
        messages = decode(raw)
        known = self._known(address or b"pack", now) if address else _Aircraft(at=now)
        for one in messages:
            if isinstance(one, BasicId):
                known.basic = one
            elif isinstance(one, SystemInfo):
                known.system = one
        places = [one for one in messages if isinstance(one, LocationVector) and one.lat is not None]
        return [self._reading(known, one, datagram, sender, now) for one in places]

    def _known(self, address: bytes, now: float) -> _Aircraft:
        known = self._aircraft.pop(address, None)
        if known is None or now - known.at > TOGETHER_S:
            known = _Aircraft(at=now)
        known.at = now
        self._aircraft[address] = known
        if len(self._aircraft) > AIRCRAFT_MAX:
            self._aircraft.popitem(last=False)
        return known

    def _reading(
        self, known: _Aircraft, where: LocationVector, datagram: bytes, sender: str, now: float
    ) -> Reading[Any]:
        basic = known.basic
        body = Drone(
            aircraft=token_under(self._key, f"drone {basic.id}") if basic is not None and basic.id else "",
            id_kind=basic.id_kind if basic is not None else "",
            type=basic.type if basic is not None else "undeclared",
            state=where.state,
            height_m=where.height_m,
            over_ground=where.over_ground,
            altitude_m=where.altitude_m,
            speed_m_s=where.speed_m_s,
            direction_deg=where.direction_deg,
            climb_m_s=where.climb_m_s,
            category=known.system.category if known.system is not None else "",
        )
        lon, lat = where.lon or 0.0, where.lat or 0.0
        return Reading(
            at=now,
            origin=self._declared.origin,
            source=self._declared.receivers.get(sender, self._declared.name),
            seq=int(now * 1000) << 20 | crc32(datagram) & 0xFFFFF,
            boot="arrival",
            body=body,
            via=self._declared.name,
            place=Place(lon=lon, lat=lat, radius_m=where.within_m or UNSAID_WITHIN_M),
        )


def _parted(datagram: bytes) -> tuple[bytes, bytes]:
    """The transmitter's address (empty for a bare pack) and the message; raises BadInput for other lengths."""
    for address in (b"", datagram[:6]):
        raw = datagram[len(address) :]
        bluetooth = raw[2:] if raw[:1] == bytes((APPLICATION,)) else raw
        for message in dict.fromkeys((raw, bluetooth)):
            single = len(message) == MESSAGE_BYTES and bool(address)
            whole = (
                len(message) > MESSAGE_BYTES and message[0] >> 4 == 15 and len(message) == 3 + message[1] * message[2]
            )
            if single or whole:
                return address, message
    raise BadInput(f"A datagram of {len(datagram)} bytes: send 6 bytes of address, then the message as broadcast.")


class RunningRemoteId:
    """The listener at work: one thread for the socket, the engine asks from its own."""

    def __init__(self, declared: RemoteId, key: bytes, clock: Callable[[], float] = time.time) -> None:
        self._declared, self._clock = declared, clock
        self._gathering = Gathering(declared, key)
        self._waiting: deque[Reading[Any]] = deque()
        self._rejected: deque[tuple[bytes, str]] = deque(maxlen=REJECTED_MAX)
        self._changed = threading.Condition()
        self._closed = threading.Event()
        self._problem = ""
        self.counts = Counts()
        family = socket.AF_INET6 if ":" in declared.host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        try:
            self._socket.bind((declared.host, declared.port))
        except OSError as error:
            self._socket.close()
            raise ConfigError(f"Cannot listen at {declared.host}:{declared.port}: {error.strerror}.") from error
        self._socket.settimeout(0.5)
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._listen, name=f"remote-id-{self.port}", daemon=True)
        self._thread.start()

    @property
    def listens(self) -> str:
        """Where receivers send to."""
        return f"udp {self._declared.host}:{self.port}"

    def _listen(self) -> None:
        while not self._closed.is_set():
            try:
                datagram, sender = self._socket.recvfrom(DATAGRAM_BYTES_MAX)
            except TimeoutError:
                continue
            except OSError as error:
                self._problem = "" if self._closed.is_set() else f"No datagrams come: {error.strerror}."
                return
            self._heard(datagram, str(sender[0]))

    def _heard(self, datagram: bytes, sender: str) -> None:
        with self._changed:
            self.counts.received += 1
            try:
                readings = self._gathering.take(datagram, sender, self._clock())
            except BadInput as error:
                self.counts.refused += 1
                self._rejected.append((datagram, str(error)))
            else:
                room = self._declared.waiting_max - len(self._waiting)
                self.counts.held_back += max(0, len(readings) - room)
                self._waiting.extend(readings[: max(0, room)])
            self._changed.notify_all()

    def next_batch(self, wait_s: float) -> Delivered | None:
        """What came, in order."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._waiting or self._rejected or self._closed.is_set()), wait_s)
            readings = tuple(self._waiting.popleft() for _ in range(min(BATCH_MAX, len(self._waiting))))
            rejected = tuple(self._rejected)
            self._rejected.clear()
        return Delivered(readings, rejected) if readings or rejected else None

    def snapshot(self) -> bytes:
        """Nothing: drones repeat what they say."""
        return b""

    def problem(self) -> str:
        """Why nothing comes, or that too much does; else empty."""
        if self.counts.held_back:
            return f"{self.counts.held_back} reports were dropped because {self._declared.waiting_max} waited."
        return self._problem

    def close(self) -> None:
        """Stop listening."""
        with self._changed:
            self._closed.set()
            self._changed.notify_all()
        self._socket.close()
        self._thread.join(timeout=2.0)
