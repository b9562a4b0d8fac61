"""Sensors that speak MQTT: one persistent session, acknowledged only when what it brought is on disk."""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from tocsin.contract.intake import Arrival, Routes, Taken, message_taken
from tocsin.contract.protocols import Delivered
from tocsin.contract.resources import Resources
from tocsin.model import ConfigError, Level, Origin

if TYPE_CHECKING:
    from paho.mqtt.client import Client

BATCH_MAX = 500
"""Most messages of one delivery."""

SESSION_S = 7 * 24 * 3600
"""How long an MQTT 5 broker keeps our session while we are away (3.1.1 brokers decide themselves)."""

RECONNECT_S = (1, 30)
"""Shortest and longest pause before the next attempt to connect; doubled in between."""

SAMPLES_MAX = 10_000
"""Most messages kept while listening for a proposal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mqtt:
    """Subscribes to topics of any MQTT 3.1.1 or 5 broker and reads their JSON by declared mappings.

    `url` is mqtt://host:port or mqtts://host:port, never with a password in it. `routes` say which
    mapping reads which topic filter; `mappings` are your own, others come from `content/mappings`.
    `secret` names the password among the installation's secrets, `password_file` a file that holds it.
    `client_id` must stay the same: the broker keeps our session, and what we did not acknowledge,
    under it. `waiting_max` messages wait in memory at most; then the broker has to wait. What an `urgent`
    connection brings (panic buttons, fire panels) overtakes all others on its way in.

    >>> Mqtt(url="mqtt://127.0.0.1:1883", routes={"city/gas/+": "readings"}).kind
    'mqtt'
    """

    kind: ClassVar[str] = "mqtt"
    needs: ClassVar[Level] = Level.ANONYMOUS

    url: str
    routes: dict[str, str]
    mappings: dict[str, dict[str, Any]] = field(default_factory=dict)
    name: str = "mqtt"
    client_id: str = "tocsin"
    user: str = ""
    secret: str = ""
    password_file: str = ""
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    version: str = "3.1.1"
    keepalive_s: int = 30
    waiting_max: int = 5_000
    urgent: bool = False
    origin: Origin = Origin.LIVE

    def start(self, resources: Resources, resume: bytes = b"") -> "RunningMqtt":
        """Begin to connect; an absent broker is a `problem()`, tried again, and not an error.

        Raises ConfigError for a URL, a mapping, a secret or a certificate that cannot work.
        """
        del resume  # the broker remembers what we have not acknowledged
        if not self.routes:
            raise ConfigError(f"{self.name} has no routes: name a topic filter and the mapping that reads it.")
        running = RunningMqtt(self, Routes(self.routes, self.mappings, resources), _client(self, resources))
        running.connect()
        return running


def _client(declared: Mqtt, resources: Resources, *, remembered: bool = True) -> "Client":
    """A client with identity and certificates, not yet connected."""
    from paho.mqtt.client import Client
    from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

    versions = {"3.1.1": MQTTProtocolVersion.MQTTv311, "5": MQTTProtocolVersion.MQTTv5}
    if declared.version not in versions:
        raise ConfigError(f"{declared.name}: MQTT version {declared.version!r}: write 3.1.1 or 5.")
    version = versions[declared.version]
    client = Client(
        CallbackAPIVersion.VERSION2,
        client_id=declared.client_id,
        clean_session=None if version == MQTTProtocolVersion.MQTTv5 else not remembered,
        protocol=version,
        manual_ack=True,
    )
    client.reconnect_delay_set(*RECONNECT_S)
    if declared.user:
        client.username_pw_set(declared.user, _password(declared, resources))
    if address_of(declared.url)[2]:
        _secure(client, declared)
    return client


def _password(declared: Mqtt, resources: Resources) -> str | None:
    if declared.secret:
        return resources.secret(declared.secret)
    if not declared.password_file:
        return None
    try:
        return Path(declared.password_file).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigError(f"{declared.name}: cannot read {declared.password_file}: {error.strerror}.") from error


def _secure(client: "Client", declared: Mqtt) -> None:
    try:
        client.tls_set(declared.ca_file or None, declared.cert_file or None, declared.key_file or None)
    except (OSError, ValueError) as error:
        raise ConfigError(f"{declared.name}: ca_file, cert_file or key_file cannot be used: {error}.") from error


def address_of(url: str) -> tuple[str, int, bool]:
    """Host, port and whether TLS, of an MQTT URL; raises ConfigError where it is none, or holds a password.

    >>> address_of("mqtts://broker.example")
    ('broker.example', 8883, True)
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ConfigError("The MQTT URL has no valid port: write mqtt://host:1883.") from None
    if parts.scheme not in {"mqtt", "mqtts"} or not parts.hostname:
        raise ConfigError("An MQTT URL begins with mqtt:// (or mqtts:// for TLS) and names a host.")
    if parts.username or parts.password:
        raise ConfigError("No user or password in a URL: set `user`, and `secret` or `password_file`.")
    secure = parts.scheme == "mqtts"
    return parts.hostname, port or (8883 if secure else 1883), secure


@dataclass(slots=True)
class Counts:
    """What became of messages; `held_back` were left with the broker because too many waited here."""

    received: int = 0
    acknowledged: int = 0
    passed_over: int = 0
    held_back: int = 0
    connections: int = 0


@dataclass(frozen=True, slots=True)
class _Message:
    """One message as it came; `connection` numbers the connection that its `mid` belongs to."""

    topic: str
    payload: bytes
    at: float
    mid: int
    qos: int
    connection: int


class RunningMqtt:
    """The session at work: paho's thread receives, the engine asks, and acknowledges from its own thread."""

    def __init__(self, declared: Mqtt, routes: Routes, client: "Client") -> None:
        self._declared = declared
        self._routes = routes
        self._client = client
        self._waiting: deque[_Message] = deque()
        self._changed = threading.Condition()
        self._problem = "not connected yet"
        self._since = time.time()
        self._subscribed = False
        self._closed = False
        self._behind = False
        self._connection = 0
        self.counts = Counts()

    def connect(self) -> None:
        """Start paho's thread; it connects, and connects again, until `close`."""
        host, port, _ = address_of(self._declared.url)
        self._client.on_connect = self._on_connect
        self._client.on_connect_fail = self._on_connect_fail
        self._client.on_disconnect = self._on_disconnect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        extra = _session_of_five(self._declared) if self._declared.version == "5" else {}
        self._client.connect_async(host, port, keepalive=self._declared.keepalive_s, **extra)
        self._client.loop_start()

    def wait_ready(self, wait_s: float) -> bool:
        """Whether the session stands within `wait_s`: from then on the broker keeps what we miss."""
        with self._changed:
            return self._changed.wait_for(lambda: self._subscribed or self._closed, wait_s) and self._subscribed

    def next_batch(self, wait_s: float) -> Delivered | None:
        """What came, in order; its `acknowledge` tells the broker that it may forget it."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._waiting) or self._closed, wait_s)
            messages = [self._waiting.popleft() for _ in range(min(BATCH_MAX, len(self._waiting)))]
            self._changed.notify_all()
            drained = self._behind and not self._waiting
        if drained:
            self._ask_again()
        return self._delivered(messages) if messages else None

    def _delivered(self, messages: Sequence[_Message]) -> Delivered | None:
        taken = Taken()
        for message in messages:
            arrival = Arrival(at=message.at, via=self._declared.name, origin=self._declared.origin)
            one = message_taken(self._routes, message.topic, message.payload, arrival)
            taken.readings.extend(one.readings)
            taken.rejected.extend(one.rejected)
            self.counts.passed_over += one.passed_over

        def acknowledge() -> None:
            self._acknowledge(messages)

        if not taken.readings and not taken.rejected:
            acknowledge()
            return None
        return Delivered(tuple(taken.readings), tuple(taken.rejected), acknowledge, urgent=self._declared.urgent)

    def _acknowledge(self, messages: Sequence[_Message]) -> None:
        """Messages of an older connection come again: their numbers mean something else by now."""
        with self._changed:
            for message in messages:
                if message.qos and message.connection == self._connection:
                    self._client.ack(message.mid, message.qos)
                    self.counts.acknowledged += 1

    def snapshot(self) -> bytes:
        """Nothing: the broker keeps what was not acknowledged."""
        return b""

    def problem(self) -> str:
        """Why nothing comes, and since when; empty while connected and subscribed."""
        if not self._problem:
            return ""
        host, port, _ = address_of(self._declared.url)
        since = time.strftime("%H:%M:%S", time.gmtime(self._since))
        return f"MQTT broker {host}:{port}, since {since} UTC: {self._problem}. Trying again by itself."

    def close(self) -> None:
        """Disconnect; the broker keeps our session and what is not acknowledged."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._client.disconnect()
        self._client.loop_stop()

    def _ask_again(self) -> None:
        """What was held back is sent anew by the broker when the session comes back."""
        self._behind = False
        self._client.disconnect()
        self._client.loop_stop()
        self.connect()

    def _trouble(self, words: str) -> None:
        with self._changed:
            if words and not self._problem:
                self._since = time.time()
            self._problem = words
            self._subscribed = self._subscribed and not words
            self._changed.notify_all()

    def _turn(self) -> None:
        """What is acknowledged from now on belongs to another connection than what came before."""
        with self._changed:
            self._connection += 1

    def _on_connect(self, client: "Client", _user: object, _flags: object, reason: Any, _properties: object) -> None:  # noqa: ANN401
        if reason.is_failure:
            self._trouble(f"it refuses us ({reason}): check user, password and `version`")
            return
        self._turn()
        self.counts.connections += 1
        client.subscribe([(topics, 1) for topics in self._declared.routes])

    def _on_connect_fail(self, _client: "Client", _user: object) -> None:
        self._trouble("it cannot be reached: check that it runs, and the URL")

    def _on_disconnect(
        self, _client: "Client", _user: object, _flags: object, reason: object, _properties: object
    ) -> None:
        self._turn()
        if not self._closed and not self._behind and not self._problem:  # the first reason says more
            self._trouble(f"connection lost ({reason})")

    def _on_subscribe(
        self, _client: "Client", _user: object, _mid: int, reasons: Sequence[Any], _properties: object
    ) -> None:
        refused = [topics for topics, reason in zip(self._declared.routes, reasons, strict=False) if reason.is_failure]
        if refused:
            self._trouble(f"it does not let us read {', '.join(refused)}: give this user the permission")
            return
        self._trouble("")
        with self._changed:
            self._subscribed = True
            self._changed.notify_all()

    def _on_message(self, client: "Client", _user: object, message: Any) -> None:  # noqa: ANN401  # paho's own
        kept = _Message(message.topic, bytes(message.payload), time.time(), message.mid, message.qos, self._connection)
        self.counts.received += 1
        if message.retain and self._is_undated(message.topic):
            self.counts.passed_over += 1  # what was true once, at a time that nobody knows, is no reading
            if message.qos:
                client.ack(message.mid, message.qos)
            return
        with self._changed:
            room = self._changed.wait_for(
                lambda: len(self._waiting) < self._declared.waiting_max or self._closed, self._declared.keepalive_s / 2
            )
            if room and not self._closed:
                self._waiting.append(kept)
                self._changed.notify_all()
            else:
                self.counts.held_back += 1
                self._behind = True

    def _is_undated(self, topic: str) -> bool:
        reader = self._routes.reader(topic)
        return reader is not None and not reader.mapping.time


def _session_of_five(declared: Mqtt) -> dict[str, Any]:
    from paho.mqtt.packettypes import PacketTypes
    from paho.mqtt.properties import Properties

    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = SESSION_S
    properties.ReceiveMaximum = min(declared.waiting_max, 65_535)
    return {"clean_start": False, "properties": properties}


def samples(
    declared: Mqtt, resources: Resources, wait_s: float, heard: Callable[[str], None] | None = None
) -> list[tuple[str, bytes]]:
    """Listen for `wait_s` and give what was published (topic, payload), for `formats.mapping.propose`.

    Subscribes to the filters in `routes` with a session of its own that nobody remembers, and
    acknowledges nothing on behalf of the real one. `heard` is told each topic as it comes.
    Raises ConfigError where the broker cannot be reached or refuses us.
    """
    found: list[tuple[str, bytes]] = []
    refused: list[str] = []
    once = replace(declared, client_id=f"{declared.client_id}-listening-{time.time_ns()}", version="3.1.1")
    client = _client(once, resources, remembered=False)

    def begin(client: "Client", _user: object, _flags: object, reason: Any, _properties: object) -> None:  # noqa: ANN401
        if reason.is_failure:
            refused.append(str(reason))
        else:
            client.subscribe([(topics, 0) for topics in declared.routes])

    def keep(_client: object, _user: object, message: Any) -> None:  # noqa: ANN401
        if len(found) < SAMPLES_MAX:
            found.append((message.topic, bytes(message.payload)))
            if heard is not None:
                heard(message.topic)

    client.on_connect, client.on_message = begin, keep
    host, port, _ = address_of(declared.url)
    try:
        client.connect(host, port)
    except OSError as error:
        raise ConfigError(f"Cannot reach the MQTT broker {host}:{port}: {error}.") from error
    client.loop_start()
    end = time.monotonic() + wait_s
    while time.monotonic() < end and not refused:
        time.sleep(min(0.1, max(0.0, end - time.monotonic())))
    client.disconnect()
    client.loop_stop()
    if refused:
        raise ConfigError(f"The MQTT broker {host}:{port} refuses us ({refused[0]}): check user and password.")
    return found
