"""Devices of the embedded broker: their names, passwords and topics, and listening to them."""

import json
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tocsin.app.config import FILE, BrokerPlan, Settings, load_settings
from tocsin.app.edit import put_entry
from tocsin.app.layout import data_of
from tocsin.app.listen import Access
from tocsin.engine.broker import INGEST, Broker, Device, Tls, subjects_of
from tocsin.model import ConfigError

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """What to type into a device."""

    host: str
    port: int
    tls: bool
    user: str
    password: str
    topics: tuple[str, ...]


def add_device(folder: Path, name: str, topic: str = "") -> Credential:
    """Let a device in, with a password made for it, to publish `topic` (or one by its name).

    Raises ConfigError for a name or topic that the broker cannot take, or a broker that is off.
    A device that is known keeps its password and its other topics.
    """
    settings = load_settings(folder)
    _check_enabled(settings.broker)
    if not NAME.fullmatch(name) or name == INGEST:
        message = f"A device cannot be called {name!r}: use letters, digits, - and _, at most 64."
        raise ConfigError(message)
    topic = topic or default_topic(name)
    subjects_of(topic)
    known = settings.devices[name].publish if name in settings.devices else ()
    topics = tuple(dict.fromkeys((*known, topic)))
    if topics != known:
        put_entry(folder / FILE, "devices", name, {"publish": topics})
    plan = settings.broker
    password = _broker(folder, load_settings(folder)).credentials[name]
    return Credential(
        host=plan.host, port=plan.port, tls=bool(plan.certificate), user=name, password=password, topics=topics
    )


def default_topic(name: str) -> str:
    """`city/<family>/<name>`: devices whose names begin alike share a mapping.

    >>> default_topic("gas-01"), default_topic("7f3a")
    ('city/gas/gas-01', 'city/device/7f3a')
    """
    family = re.match(r"[A-Za-z]+(?=[-_0-9])", name)
    return f"city/{family[0].lower() if family else 'device'}/{name}"


@contextmanager
def listening(folder: Path) -> Iterator[Access]:
    """The embedded broker to listen to: the one that runs, else one that runs meanwhile."""
    settings = load_settings(folder)
    _check_enabled(settings.broker)
    if not settings.devices:
        message = "The embedded broker lets nobody in yet: `tocsin add mqtt embedded --device NAME` makes a device."
        raise ConfigError(message)
    port = _running_port(data_of(folder) / "broker" / "broker.conf")
    if port:
        yield _ours(folder, settings, port)
        return
    started = _broker(folder, settings).start()
    try:
        yield _ours(folder, settings, started.port)
    finally:
        started.stop()


def _check_enabled(plan: BrokerPlan) -> None:
    if not plan.enabled:
        message = f"The embedded broker is off: set `enabled: true` under `broker` in {FILE}, or give a broker's URL."
        raise ConfigError(message)


def _broker(folder: Path, settings: Settings) -> Broker:
    """The broker of an installation, not started; its credentials are on disk."""
    plan = settings.broker
    tls = Tls(cert_file=plan.certificate, key_file=plan.private_key) if plan.certificate else None
    devices = [Device(name=name, publish=one.publish) for name, one in settings.devices.items()]
    home = data_of(folder) / "broker"
    home.parent.mkdir(parents=True, exist_ok=True)
    return Broker(home, devices, host=plan.host, port=plan.port, tls=tls)


def _ours(folder: Path, settings: Settings, port: int) -> Access:
    """Our own session: the only one that may read."""
    plan = settings.broker
    password = _broker(folder, settings).credentials[INGEST]
    scheme = "mqtts" if plan.certificate else "mqtt"
    return Access(url=f"{scheme}://{plan.host}:{port}", user=INGEST, password=password, ca_file=plan.certificate)


def _running_port(configuration: Path) -> int:
    """The port of the broker that `tocsin serve` runs now; 0 where none does."""
    if not configuration.exists():
        return 0
    mqtt = json.loads(configuration.read_text(encoding="utf-8"))["mqtt"]
    try:
        with socket.create_connection((mqtt["host"], mqtt["port"]), timeout=1.0):
            return int(mqtt["port"])
    except OSError:
        return 0
