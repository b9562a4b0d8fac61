"""Wires: how emissions leave the simulated city by MQTT, by HTTP, and as lines of a file."""

import queue
import threading
import time
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Any, BinaryIO, Protocol

import httpx
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from tocsin.sim.emission import Emission

UNSENT_MAX = 2000
"""Messages that one device keeps while its broker is away."""

KEEPALIVE_S = 30
BATCHES_MAX = 200
"""NDJSON batches kept while the server is away or busy."""

POST_WAIT_S = 5.0
RETRY_S_MAX = 10.0
REPEATED = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Answers after which the same batch is sent again."""


class Wire(Protocol):
    """Takes emissions without blocking."""

    def send(self, emission: Emission) -> bool:
        """Hand it on; False where it is lost."""
        ...

    def close(self, wait_s: float) -> None:
        """Let what is under way arrive for at most `wait_s`, then stop."""
        ...


class EveFiles:
    """Appends lines to `<log>.eve.json`, one file per network sensor."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, BinaryIO] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def send(self, emission: Emission) -> bool:
        """Append one line; a line is written whole."""
        file = self._files.get(emission.address)
        if file is None:
            file = self._files[emission.address] = (self._folder / f"{emission.address}.eve.json").open("ab", 0)
        file.write(emission.payload + b"\n")
        return True

    def close(self, wait_s: float) -> None:
        """Close all files."""
        del wait_s  # a line is on its way once it is written
        for file in self._files.values():
            file.close()


class MqttWires:
    """One connection per device, each with its own login, as real devices have.

    Messages are published at QoS 1; while the broker is away a device keeps `UNSENT_MAX`.
    A device without a login is not connected and its messages are lost.
    """

    def __init__(self, host: str, port: int, logins: dict[str, tuple[str, str]], *, ca: str = "") -> None:
        self._clients = {name: _client(name, login, ca) for name, login in logins.items()}
        self._published = 0
        self._acknowledged: SimpleQueue[int] = SimpleQueue()
        for client in self._clients.values():
            client.on_publish = self._arrived
            client.connect_async(host, port, keepalive=KEEPALIVE_S)
            client.loop_start()

    def _arrived(self, _client: Any, _data: Any, number: int, _reason: Any, _properties: Any) -> None:  # noqa: ANN401
        self._acknowledged.put(number)

    @property
    def acknowledged(self) -> int:
        """How many messages the broker has acknowledged."""
        return self._acknowledged.qsize()

    def send(self, emission: Emission) -> bool:
        """Publish; kept by the device's client until the broker acknowledges it."""
        client = self._clients.get(emission.device)
        if client is None:
            return False
        told = client.publish(emission.address, emission.payload, qos=1)
        kept = told.rc in (paho.MQTT_ERR_SUCCESS, paho.MQTT_ERR_NO_CONN)
        self._published += kept
        return kept

    def close(self, wait_s: float) -> None:
        """Wait for acknowledgements, then disconnect all."""
        until = time.monotonic() + wait_s
        while self.acknowledged < self._published and time.monotonic() < until:
            time.sleep(0.02)
        for client in self._clients.values():
            client.disconnect()
        for client in self._clients.values():
            client.loop_stop()


def _client(name: str, login: tuple[str, str], ca: str) -> paho.Client:
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id=f"sim-{name}", clean_session=True)
    client.username_pw_set(*login)
    client.max_queued_messages_set(UNSENT_MAX)
    client.reconnect_delay_set(1, int(RETRY_S_MAX))
    if ca:
        client.tls_set(ca)
    return client


class HttpWire:
    """Posts NDJSON batches in order from a thread of its own; repeats what the server asks to repeat."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url.rstrip("/")
        self._headers = {"Content-Type": "application/x-ndjson"} | (
            {"Authorization": f"Bearer {token}"} if token else {}
        )
        self._waiting: queue.Queue[Emission | None] = queue.Queue(BATCHES_MAX)
        self._stop = threading.Event()
        self.refused = 0
        self._thread = threading.Thread(target=self._work, daemon=True, name="http-wire")
        self._thread.start()

    def send(self, emission: Emission) -> bool:
        """Put the batch into the queue; lost where that is full."""
        try:
            self._waiting.put_nowait(emission)
        except queue.Full:
            return False
        return True

    def close(self, wait_s: float) -> None:
        """Post what waits for at most `wait_s`, then stop."""
        with suppress(queue.Full):  # then the thread sees `stop` instead
            self._waiting.put_nowait(None)
        self._thread.join(wait_s)
        self._stop.set()

    def _work(self) -> None:
        with httpx.Client(headers=self._headers, timeout=POST_WAIT_S, trust_env=False) as client:
            while not self._stop.is_set():
                emission = self._waiting.get()
                if emission is None:
                    return
                self._deliver(client, emission)

    def _deliver(self, client: httpx.Client, emission: Emission) -> None:
        wait_s = 0.5
        while not self._stop.is_set():
            answer = _post(client, self._url + emission.address, emission.payload)
            if answer is not None and answer.status_code not in REPEATED:
                self.refused += answer.status_code >= 400
                return
            self._stop.wait(_retry_s(answer, wait_s))
            wait_s = min(RETRY_S_MAX, wait_s * 2)


def _post(client: httpx.Client, url: str, payload: bytes) -> Any:  # noqa: ANN401  # a response, or None
    try:
        return client.post(url, content=payload)
    except httpx.TransportError:
        return None  # nobody there: the caller waits and repeats


def _retry_s(answer: httpx.Response | None, wait_s: float) -> float:
    asked = "" if answer is None else answer.headers.get("Retry-After", "")
    return min(RETRY_S_MAX, float(asked)) if asked.isdecimal() else wait_s
